/** Runs schedules for `npm run simulate` and `npm run mutants`, one after the other. */
import { runSchedule } from './fleet.js';
import type { Answer, Order } from './seed-process.js';

process.on('message', ({ schedule }: Order) => {
  const began = process.cpuUsage();
  runSchedule(schedule).then(
    (result) => {
      const { user, system } = process.cpuUsage(began);
      const answer: Answer = { result, cpuMs: (user + system) / 1000 };
      process.send?.(answer);
    },
    (error: unknown) => {
      console.error(`seed ${schedule.seed}:`, error);
      process.exit(1);
    },
  );
});
