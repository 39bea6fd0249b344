/** Runs commands and scripts on the command connection, each under a deadline, every failure as one of our errors. */
import type { Redis } from 'ioredis';
import type { Clock } from '../core/clock.js';
import { withDeadline } from './deadline.js';
import type { Link } from './link.js';
import { pipelined } from './pipelined.js';
import {
  isMisplaced,
  mayHaveExecuted,
  redirectionOf,
  redisError,
  replyOf,
  unanswered,
} from './reply-errors.js';
import { SCRIPTS, type ScriptName } from './scripts.js';

type EvalSha = (sha: string, keyCount: number, ...rest: (string | number)[][]) => Promise<unknown>;
type Eval = (source: string, keyCount: number, ...rest: (string | number)[][]) => Promise<unknown>;

export interface Commands {
  /** True while there is a connection to send on. */
  readonly isUp: boolean;
  /** Runs a script; where the server does not know it, under one deadline more. Resolves with its reply; rejects with a StreamwardenError. */
  script(name: ScriptName, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown>;
  /** Runs a command, or several of one purpose. Under the same deadline. */
  run<T>(command: string, send: (client: Redis) => Promise<T>): Promise<T>;
}

/**
 * @param timeoutMs deadline of each call, in milliseconds. A call that misses it has an unknown outcome, and the connection it was
 *   sent on is replaced: the new one begins with a new generation, which voids the late command
 * @param commandsAt in a cluster, commands on a connection to the node with this address: while a slot moves from one node to another,
 *   what the one has not got any more the other serves to whoever was sent there
 */
export function createCommands(
  link: Link,
  clock: Clock,
  timeoutMs: number,
  commandsAt?: (address: string) => Commands,
): Commands {
  async function run<T>(command: string, send: (client: Redis) => Promise<T>): Promise<T> {
    const client = link.client(command);
    try {
      return await withDeadline(clock, timeoutMs, send(client), () =>
        unanswered(command, new Error(`deadline of ${timeoutMs} ms passed`)),
      );
    } catch (thrown) {
      const error = redisError(thrown, command, true);
      // Without an answer the connection is of no use any more, broken or stuck. One to a node stays what it is, whoever serves a key.
      const isElsewhere = link.role !== 'node' && isMisplaced(error);
      if (error.code === 'RedisUnavailable' || isElsewhere) link.giveUp(client, error);
      throw error;
    }
  }

  /**
   * What the server of this address has already been given of a slot. What has no answer there may still be executed: as everywhere, a new
   * generation voids it, so the connection that sent us there ends too.
   */
  async function askThere(
    name: ScriptName,
    there: Commands,
    here: Redis,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<unknown> {
    try {
      return await there.run(`script ${name}`, async (present) => {
        const [, reply] = await pipelined<unknown>(present, (pipeline) => {
          pipeline.asking().eval(SCRIPTS[name].source, keys.length, ...keys, ...args);
        });
        return reply;
      });
    } catch (error) {
      if (mayHaveExecuted(error)) link.giveUp(here, error as Error);
      throw error;
    }
  }

  return {
    get isUp() {
      return link.isUp;
    },
    run,
    async script(name, keys, args) {
      const { sha, source } = SCRIPTS[name];
      const command = `script ${name}`;
      const client = link.client(command);
      try {
        try {
          return await run(command, (present) => {
            const evalSha = present.evalsha.bind(present) as unknown as EvalSha;
            return evalSha(sha, keys.length, keys as string[], args as (string | number)[]);
          });
        } catch (error) {
          if (replyOf(error) !== 'NOSCRIPT') throw error;
        }
        // Redis has answered, and so is there: what it does not know yet has a deadline of its own.
        return await run(command, (present) => {
          const evaluate = present.eval.bind(present) as unknown as Eval;
          return evaluate(source, keys.length, keys as string[], args as (string | number)[]);
        });
      } catch (error) {
        const redirection = redirectionOf(error);
        if (redirection?.kind !== 'ask' || commandsAt === undefined) throw error;
        return await askThere(name, commandsAt(redirection.address), client, keys, args);
      }
    },
  };
}
