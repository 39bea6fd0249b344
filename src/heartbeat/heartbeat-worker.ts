/** The program of the heartbeat thread. Ends with its process, always: nothing here outlives the event loop's thread. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Clock } from '../core/clock.js';
import { HeartbeatBoard } from './board.js';
import type { Place } from './place.js';
import { PresenceKeeper } from './presence-keeper.js';
import type { ProlongCall } from './prolong-call.js';
import { Wire } from './wire.js';

/** What the thread is started with. */
export interface ThreadData {
  readonly memory: SharedArrayBuffer;
  readonly heartbeatMs: number;
  readonly maxBlockedMs: number;
  readonly timeoutMs: number;
  readonly script: { readonly sha: string; readonly source: string };
  readonly call: ProlongCall;
}

/** What it is told later: where to connect to from now on. */
export type ThreadMessage = Place;

/** The monotonic clock that all threads of a process share, in milliseconds. */
const sharedNow = () => Number(process.hrtime.bigint()) / 1e6;

const clock: Clock = {
  now: () => Date.now(),
  monotonic: sharedNow,
  random: () => Math.random(),
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
};

const { memory, heartbeatMs, maxBlockedMs, timeoutMs, script, call } = workerData as ThreadData;
let wire: Wire | undefined;

parentPort?.on('message', (place: ThreadMessage) => {
  wire?.close('another place');
  wire = new Wire(place, timeoutMs);
});

new PresenceKeeper({
  clock,
  board: new HeartbeatBoard(memory),
  heartbeatMs,
  maxBlockedMs,
  async prolong(generation) {
    if (wire === undefined) throw new Error('nowhere to connect to yet');
    const args = [generation, ...call.args];
    return (await wire.eval(script.sha, script.source, call.keys, args)) === 1 ? 'alive' : 'over';
  },
}).start();
