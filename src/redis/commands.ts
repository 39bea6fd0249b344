/** Runs commands and scripts on the command connection, each under a deadline, every failure as one of our errors. */
import type { Redis } from 'ioredis';
import type { Clock } from '../core/clock.js';
import { withDeadline } from './deadline.js';
import type { Link } from './link.js';
import { redisError, replyOf, unanswered } from './reply-errors.js';
import { SCRIPTS, type ScriptName } from './scripts.js';

type EvalSha = (sha: string, keyCount: number, ...rest: (string | number)[][]) => Promise<unknown>;
type Eval = (source: string, keyCount: number, ...rest: (string | number)[][]) => Promise<unknown>;

export interface Commands {
  /** True while there is a connection to send on. */
  readonly isUp: boolean;
  /** Runs a script. Resolves with its reply; rejects with a StreamwardenError. */
  script(name: ScriptName, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown>;
  /** Runs a command, or several of one purpose. Under the same deadline. */
  run<T>(command: string, send: (client: Redis) => Promise<T>): Promise<T>;
}

/**
 * @param timeoutMs deadline of each call, in milliseconds. A call that misses it has an unknown outcome, and the connection it was
 *   sent on is replaced: the new one begins with a new generation, which voids the late command
 */
export function createCommands(link: Link, clock: Clock, timeoutMs: number): Commands {
  async function run<T>(command: string, send: (client: Redis) => Promise<T>): Promise<T> {
    const client = link.client(command);
    const { epoch } = link;
    try {
      return await withDeadline(clock, timeoutMs, send(client), () =>
        unanswered(command, new Error(`deadline of ${timeoutMs} ms passed`)),
      );
    } catch (thrown) {
      const error = redisError(thrown, command, true);
      // Without an answer the connection is of no use any more, broken or stuck. And a master that became a replica keeps its
      // clients; only a new connection finds the new master.
      const isUseless = error.code === 'RedisUnavailable' || replyOf(error) === 'READONLY';
      if (isUseless && link.epoch === epoch) link.replace(error);
      throw error;
    }
  }

  return {
    get isUp() {
      return link.isUp;
    },
    run,
    script(name, keys, args) {
      const { sha, source } = SCRIPTS[name];
      return run(`script ${name}`, async (client) => {
        const evalSha = client.evalsha.bind(client) as unknown as EvalSha;
        try {
          return await evalSha(sha, keys.length, keys as string[], args as (string | number)[]);
        } catch (error) {
          if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
          const evaluate = client.eval.bind(client) as unknown as Eval;
          return await evaluate(source, keys.length, keys as string[], args as (string | number)[]);
        }
      });
    },
  };
}
