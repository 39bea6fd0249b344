/** The heartbeat thread, as the event loop sees it: started with an incarnation, told where its commands go, ended with it. */
import { performance } from 'node:perf_hooks';
import { SHARE_ENV, Worker } from 'node:worker_threads';
import type { Redis } from 'ioredis';
import { soon } from '../core/microtask.js';
import { commandTimeoutFor } from '../redis/connections.js';
import type { Names } from '../redis/names.js';
import { SCRIPTS } from '../redis/scripts.js';
import { HeartbeatBoard } from './board.js';
import type { ThreadData } from './heartbeat-worker.js';
import { type Place, placeOf } from './place.js';
import { heartbeatProgram } from './program.js';
import { prolongCall } from './prolong-call.js';

export interface HeartbeatThread {
  readonly board: HeartbeatBoard;
  /** The commands go to where this client is connected: so does the thread from now on. Where it cannot, it fails. */
  follow(client: Redis): void;
  /** @param failed it has ended by itself */
  start(failed: (error: unknown) => void): { stop(): void };
}

export interface HeartbeatThreadSettings {
  readonly names: Names;
  /** Name of the incarnation in the group. */
  readonly consumer: string;
  readonly heartbeatMs: number;
  readonly maxBlockedMs: number;
}

/** What a thread that asks one question needs: the heap that Node.js begins with, and little more. Beyond it the thread ends, and is started anew. */
const RESOURCES = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 24, stackSizeMb: 1 };

export function createHeartbeatThread(settings: HeartbeatThreadSettings): HeartbeatThread {
  const { names, consumer, heartbeatMs, maxBlockedMs } = settings;
  // Each thread counts from its own beginning; the high-resolution time is of the process.
  const board = new HeartbeatBoard(undefined, Number(process.hrtime.bigint()) / 1e6 - performance.now());
  const data: ThreadData = {
    memory: board.memory,
    heartbeatMs,
    maxBlockedMs,
    timeoutMs: commandTimeoutFor(heartbeatMs),
    script: SCRIPTS.prolong,
    call: prolongCall(names, consumer, heartbeatMs),
  };
  let place: Place | undefined;
  /** Why there is no place to connect to. */
  let problem: unknown;
  let worker: { readonly thread: Worker; end(error: unknown): void } | undefined;
  return {
    board,
    follow(client) {
      try {
        place = placeOf(client, `streamwarden:${consumer}:heartbeat`);
        problem = undefined;
        worker?.thread.postMessage(place);
      } catch (error) {
        place = undefined;
        problem = error;
        worker?.end(error);
      }
    },
    start(failed) {
      const thread = new Worker(heartbeatProgram(), {
        eval: true,
        workerData: data,
        name: 'streamwarden heartbeat',
        env: SHARE_ENV,
        execArgv: [],
        trackUnmanagedFds: false,
        resourceLimits: RESOURCES,
      });
      // It holds no process that has nothing else to do.
      thread.unref();
      const stop = () => {
        if (worker?.thread === thread) worker = undefined;
        thread.removeAllListeners();
        // Node.js tells of what happens while it ends.
        thread.on('error', () => {});
        void thread.terminate();
      };
      const end = (error: unknown) => {
        stop();
        failed(error);
      };
      thread.on('error', end);
      thread.on('exit', (code) => end(new Error(`the heartbeat thread has ended with code ${code}`)));
      worker = { thread, end };
      if (place !== undefined) thread.postMessage(place);
      // Whoever starts it does not know of it yet.
      if (problem !== undefined) soon(() => worker?.thread === thread && end(problem));
      return { stop };
    },
  };
}
