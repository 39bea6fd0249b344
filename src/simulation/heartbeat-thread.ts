/** The heartbeat thread of a simulated process: the real one's logic, with clocks and a connection of the world. */
import type { Redis, RedisOptions } from 'ioredis';
import { HeartbeatBoard } from '../heartbeat/board.js';
import type { HeartbeatThread, HeartbeatThreadSettings } from '../heartbeat/heartbeat-thread.js';
import { PresenceKeeper } from '../heartbeat/presence-keeper.js';
import { prolongCall } from '../heartbeat/prolong-call.js';
import { commandTimeoutFor } from '../redis/connections.js';
import { withDeadline } from '../redis/deadline.js';
import { SCRIPTS } from '../redis/scripts.js';
import type { SimulatedProcess } from './process.js';

/** @param template of clients whose answers the thread hears, and not the event loop */
export function simulatedHeartbeatThread(
  process: SimulatedProcess,
  template: Redis,
): (settings: HeartbeatThreadSettings) => HeartbeatThread {
  return ({ names, consumer, heartbeatMs, maxBlockedMs }) => {
    const board = new HeartbeatBoard();
    let place: RedisOptions | undefined;
    let client: Redis | undefined;

    function giveUp(): void {
      client?.disconnect();
      client = undefined;
    }

    async function ask(generation: number): Promise<unknown> {
      if (client === undefined) {
        if (place === undefined) throw new Error('nowhere to connect to yet');
        const made = template.duplicate({ ...place, connectionName: `streamwarden:${consumer}:heartbeat` });
        client = made;
        made.once('end', () => {
          if (client === made) client = undefined;
        });
        await made.connect();
      }
      const { keys, args } = prolongCall(names, consumer, heartbeatMs);
      return await client?.eval(SCRIPTS.prolong.source, keys.length, ...keys, generation, ...args);
    }

    return {
      board,
      follow({ options: { host, port } }) {
        giveUp();
        place = { ...(host !== undefined && { host }), ...(port !== undefined && { port }) };
      },
      start() {
        const keeper = new PresenceKeeper({
          clock: process.threadClock,
          board,
          heartbeatMs,
          maxBlockedMs,
          async prolong(generation) {
            const late = () => new Error('no answer in time');
            try {
              const answer = ask(generation);
              answer.catch(() => {});
              const deadlineMs = commandTimeoutFor(heartbeatMs);
              return (await withDeadline(process.threadClock, deadlineMs, answer, late)) === 1
                ? 'alive'
                : 'over';
            } catch (error) {
              giveUp();
              throw error;
            }
          },
        });
        keeper.start();
        return {
          stop() {
            keeper.stop();
            giveUp();
          },
        };
      },
    };
  };
}
