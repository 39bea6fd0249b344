/** Runs seeds for `npm run simulate`, one after the other. */
import { runSchedule } from './fleet.js';
import type { Order } from './pool.js';
import { drawSchedule } from './schedule.js';

process.on('message', ({ seed, wishes }: Order) => {
  runSchedule(drawSchedule(seed, wishes)).then(
    (result) => process.send?.(result),
    (error: unknown) => {
      console.error(`seed ${seed}:`, error);
      process.exit(1);
    },
  );
});
