/**
 * Single-key work on keys that live all over a cluster: one pipeline a node, redirections followed. What could not be asked is an
 * error in its place and takes nothing else with it. Right only for what may be executed twice.
 */
import type { Redis } from 'ioredis';
import type { StreamwardenError } from '../core/errors.js';
import { redirectionOf, redisError } from './reply-errors.js';
import { SCRIPTS, type ScriptName } from './scripts.js';
import type { Shards } from './shards.js';

/** A slot that has just moved is found by the second try, one that is on its way by the third. */
const TRIES = 4;

type Pipeline = ReturnType<Redis['pipeline']>;
type Reply = [error: Error | null, value: unknown];

/** How one key's command is to be sent. */
interface Errand {
  readonly index: number;
  readonly address: string;
  /** The slot is on its way to that node, which serves it only when told so. */
  readonly isAsking: boolean;
  /** That node does not have the script yet. */
  readonly withSource: boolean;
}

function byAddress(errands: readonly Errand[]): Map<string, Errand[]> {
  const groups = new Map<string, Errand[]>();
  for (const errand of errands) {
    const group = groups.get(errand.address);
    if (group === undefined) groups.set(errand.address, [errand]);
    else group.push(errand);
  }
  return groups;
}

export type Spread = ReturnType<typeof createSpread>;

export function createSpread(shards: Shards) {
  async function each(
    command: string,
    keys: readonly string[],
    send: (pipeline: Pipeline, key: string, withSource: boolean) => void,
  ): Promise<unknown[]> {
    const results: unknown[] = new Array(keys.length);
    let errands: Errand[] = keys.map((key, index) => ({
      index,
      address: shards.addressOf(key),
      isAsking: false,
      withSource: false,
    }));
    for (let left = TRIES; left > 0 && errands.length > 0; left -= 1) {
      const again: Errand[] = [];
      await Promise.all(
        [...byAddress(errands)].map(async ([address, batch]) => {
          const replies = await ask(command, address, batch, (pipeline, { index, withSource }) =>
            send(pipeline, keys[index] as string, withSource),
          );
          batch.forEach((errand, at) => {
            const [error, value] = replies[at] as Reply;
            const next = error === null ? undefined : redirected(errand, error);
            if (next !== undefined && left > 1) again.push(next);
            else results[errand.index] = error === null ? value : redisError(error, command, true);
          });
        }),
      );
      errands = again;
    }
    return results;
  }

  /** The replies, in order; when the node does not answer at all, that error for each. */
  async function ask(
    command: string,
    address: string,
    batch: readonly Errand[],
    send: (pipeline: Pipeline, errand: Errand) => void,
  ): Promise<Reply[]> {
    try {
      const replies = await shards.commandsAt(address).run(command, async (client) => {
        const pipeline = client.pipeline();
        for (const errand of batch) {
          if (errand.isAsking) pipeline.asking();
          send(pipeline, errand);
        }
        return (await pipeline.exec()) ?? [];
      });
      const answered: Reply[] = [];
      let at = 0;
      for (const { isAsking } of batch) {
        if (isAsking) at += 1;
        answered.push(replies[at++] as Reply);
      }
      return answered;
    } catch (error) {
      return batch.map(() => [error as Error, undefined]);
    }
  }

  function redirected(errand: Errand, error: Error): Errand | undefined {
    if (error.message.startsWith('NOSCRIPT')) return { ...errand, withSource: true };
    const redirection = redirectionOf(error);
    if (redirection === undefined) return undefined;
    const address = shards.resolve(redirection.address, errand.address);
    if (redirection.kind === 'moved') shards.noticed(error, errand.address);
    return { ...errand, address, isAsking: redirection.kind === 'ask', withSource: false };
  }

  return {
    /** A script of one key, on each: its replies, or errors, in the order of the keys. */
    script(
      name: ScriptName,
      keys: readonly string[],
      args: readonly (string | number)[],
    ): Promise<(unknown | StreamwardenError)[]> {
      const { sha, source } = SCRIPTS[name];
      return each(`script ${name}`, keys, (pipeline, key, withSource) => {
        if (withSource) pipeline.eval(source, 1, key, ...args);
        else pipeline.evalsha(sha, 1, key, ...args);
      });
    },
    /** Remaining times to live in milliseconds, or errors. */
    timesToLive(keys: readonly string[]): Promise<(number | StreamwardenError)[]> {
      return each('PTTL', keys, (pipeline, key) => pipeline.pttl(key)) as Promise<
        (number | StreamwardenError)[]
      >;
    },
  };
}
