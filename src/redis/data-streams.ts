/**
 * Data streams as their owners read them: many with one command, on a connection that carries nothing else. XREAD without waiting, as a blocking one costs
 * Redis three times as much for each key, each time that it is sent.
 *
 * One server is asked for many keys at once. In a cluster each node is sent a pipeline, with one XREAD for each slot, and redirections are followed. A refusal of
 * one key (WRONGTYPE, NOPERM) refuses the whole command: its keys are then asked for one by one, so that only the one it is about has the error.
 */
import type { Redis } from 'ioredis';
import type { Clock } from '../core/clock.js';
import { StreamwardenError } from '../core/errors.js';
import { type Commands, createCommands } from './commands.js';
import type { Connections } from './connections.js';
import { type DataFacts, type DataLook, factsOf, type LookAnswer, type LookAsk } from './data-facts.js';
import { toEpochMs } from './epoch.js';
import { type KeptRead, keepRead, sendKept } from './kept-read.js';
import { isPassing, neverSent, redirectionOf, redisError, replyOf } from './reply-errors.js';
import { SCRIPTS } from './scripts.js';
import { slotOf } from './slot-map.js';
import { whenNeeded } from './when-needed.js';

/** Texts, or bytes where the application wants them as they are: names and values in turn. */
export type DataFields = readonly string[] | readonly Buffer[];

/** As the answer has it: there are many, and an object each would be as much again. */
export type DataRow = readonly [id: string, fields: DataFields];

/** What is wanted of one data stream: whatever comes after that id. */
export interface DataAsk {
  readonly key: string;
  readonly after: string;
}

/** Undefined: there is nothing. */
export type DataAnswer = readonly DataRow[] | undefined | StreamwardenError;

export interface DataStreams {
  /** Key of a data stream, unless the application names another one. */
  keyOf(dataStream: string): string;
  /** The server that this key is asked of, as far as is known: what is read together. */
  placeOf(key: string): string;
  /**
   * At most `count` entries of each. No key twice.
   * @param place where they are, as `placeOf` said
   */
  read(place: string, asks: readonly DataAsk[], count: number, raw: boolean): Promise<DataAnswer[]>;
  /** The first entry of each, for a list that is asked for again and again as it is: what is sent for it is made once. */
  readFirst(place: string, asks: readonly DataAsk[]): Promise<DataAnswer[]>;
  /** Undefined: there is no such stream. @throws StreamwardenError: rejects with */
  facts(key: string): Promise<DataFacts | undefined>;
  /**
   * The same of several, in one pipeline; what is refused of one key, or has moved, is that one's answer.
   * @param place where they are, as `placeOf` said
   * @throws StreamwardenError that server does not answer: rejects with
   */
  look(place: string, asks: readonly LookAsk[]): Promise<DataLook>;
  /** Removes what is older than this entry. @throws StreamwardenError: rejects with */
  trim(key: string, id: string): Promise<void>;
  /** Removes the stream, unless something has come after this entry. @throws StreamwardenError: rejects with */
  remove(key: string, last: string): Promise<boolean>;
}

/** A slot that has just moved is found by the second try, one that is on its way by the third; keys that have to be asked one by one take one more. */
const TRIES = 5;

/** Keys that one command asks for. */
interface Unit {
  /** Places in the list of what is asked for. */
  readonly indexes: readonly number[];
  readonly address: string;
  readonly isAsking: boolean;
}

/** How entries are asked for. */
interface Form {
  readonly count: number;
  readonly raw: boolean;
  /** The list will come again as it is. */
  readonly isKept: boolean;
}

type Text = string | Buffer;
type Rows = readonly (readonly [id: Text, fields: DataFields])[];
type Reply = readonly (readonly [key: Text, rows: Rows])[] | null;

/**
 * @param timeoutMs deadline of each call, in milliseconds
 * @param keyOf key of a data stream
 */
export function createDataStreams(
  { data, shards }: Connections,
  clock: Clock,
  timeoutMs: number,
  keyOf: (dataStream: string) => string,
): DataStreams {
  const single = data && whenNeeded(data, createCommands(data, clock, timeoutMs), clock, timeoutMs);
  const commandsAt = (address: string): Commands =>
    single ?? (shards as NonNullable<typeof shards>).dataAt(address);

  function placeOf(key: string): string {
    if (shards === undefined) return '';
    try {
      return shards.addressOf(key);
    } catch {
      // No node has been heard of yet.
      return '';
    }
  }

  const kept = new WeakMap<readonly DataAsk[], KeptRead>();

  function keptOf(asks: readonly DataAsk[], unit: Unit): KeptRead {
    let read = kept.get(asks);
    if (read === undefined) {
      read = keepRead(argumentsOf(unit, asks, 1));
      kept.set(asks, read);
    }
    return read;
  }

  async function send(
    address: string,
    units: readonly Unit[],
    asks: readonly DataAsk[],
    { count, raw, isKept }: Form,
  ): Promise<(Reply | Error)[]> {
    const only = units.length === 1 ? units[0] : undefined;
    if (address === '' && shards !== undefined) {
      const unknown = neverSent('XREAD', new Error('no node of the cluster is known yet'));
      return units.map(() => unknown);
    }
    try {
      return await commandsAt(address).run('XREAD', async (client) => {
        // All of them, on the one server: what is kept is for that.
        if (only && isKept && only.indexes.length === asks.length && shards === undefined)
          return [(await sendKept(client, keptOf(asks, only))) as Reply];
        if (only && !only.isAsking) {
          const args = argumentsOf(only, asks, count);
          return [(await (raw ? client.callBuffer('xread', args) : client.call('xread', args))) as Reply];
        }
        const pipeline = client.pipeline();
        for (const unit of units) {
          if (unit.isAsking) pipeline.asking();
          const args = argumentsOf(unit, asks, count);
          if (raw) pipeline.callBuffer('xread', args);
          else pipeline.call('xread', args);
        }
        const slots = (await pipeline.exec()) ?? [];
        let at = -1;
        return units.map(({ isAsking }) => {
          at += isAsking ? 2 : 1;
          const [error, value] = slots[at] ?? [];
          return error ?? (value as Reply);
        });
      });
    } catch (error) {
      return units.map(() => error as Error);
    }
  }

  /** What is to be tried again of a command that was refused; undefined: this is the answer. */
  function again(unit: Unit, error: Error): Unit[] | undefined {
    const redirection = redirectionOf(error);
    const isAlone = unit.indexes.length === 1;
    if (redirection !== undefined && shards !== undefined) {
      const address = shards.resolve(redirection.address, unit.address);
      if (redirection.kind === 'moved') {
        shards.noticed(error, unit.address);
        return [{ ...unit, address, isAsking: false }];
      }
      // Of several keys some are here and some are there.
      return oneByOne(unit, address, true);
    }
    const said = redisError(error, 'XREAD', true);
    const isAboutOne = said.code !== 'RedisUnavailable' && (!isPassing(said) || replyOf(said) === 'TRYAGAIN');
    return isAlone || !isAboutOne ? undefined : oneByOne(unit, unit.address, false);
  }

  async function readAll(place: string, asks: readonly DataAsk[], form: Form): Promise<DataAnswer[]> {
    const answers: DataAnswer[] = new Array(asks.length);
    let units = shards === undefined ? [unitOf(asks, place)] : unitsBySlot(asks, place);
    for (let left = TRIES; left > 0 && units.length > 0; left -= 1) {
      const next: Unit[] = [];
      await Promise.all(
        [...byAddress(units)].map(async ([address, group]) => {
          const replies = await send(address, group, asks, form);
          group.forEach((unit, at) => {
            const reply = replies[at] as Reply | Error;
            if (!(reply instanceof Error)) {
              deal(unit, asks, reply, form.raw, answers);
              return;
            }
            const retry = left > 1 ? again(unit, reply) : undefined;
            if (retry !== undefined) next.push(...retry);
            else for (const index of unit.indexes) answers[index] = redisError(reply, 'XREAD', true);
          });
        }),
      );
      units = next;
    }
    return answers;
  }

  return {
    keyOf,
    placeOf,
    read: (place, asks, count, raw) => readAll(place, asks, { count, raw, isKept: false }),
    readFirst: (place, asks) => readAll(place, asks, { count: 1, raw: false, isKept: true }),
    async facts(key) {
      try {
        return factsOf(await onOneKey(key, 'XINFO STREAM', (client) => client.xinfo('STREAM', key)));
      } catch (error) {
        if (error instanceof StreamwardenError && /no such key/.test(error.message)) return undefined;
        throw error;
      }
    },
    async look(place, asks) {
      if (place === '' && shards !== undefined) {
        throw neverSent('XINFO STREAM', new Error('no node of the cluster is known yet'));
      }
      return await commandsAt(place).run('XINFO STREAM', async (client) => {
        const pipeline = client.pipeline().time();
        for (const { key, after } of asks) {
          pipeline.xinfo('STREAM', key);
          if (after !== null) pipeline.xread('COUNT', 1, 'STREAMS', key, after);
        }
        const slots = ((await pipeline.exec()) ?? []) as (readonly [Error | null, unknown])[];
        const [error, time] = slots[0] ?? [];
        if (error) throw error;
        let at = 1;
        const answers = asks.map(({ after }) => {
          const [facts, next] = slots.slice(at, at + (after === null ? 1 : 2));
          at += after === null ? 1 : 2;
          return answerOf(facts, next, place);
        });
        return { redisMs: toEpochMs(time as [string, string]), answers };
      });
    },
    async trim(key, id) {
      await onOneKey(key, 'XTRIM', (client) => client.xtrim(key, 'MINID', id));
    },
    async remove(key, last) {
      const { sha, source } = SCRIPTS['remove-data'];
      try {
        return (
          (await onOneKey(key, 'script remove-data', (client) => client.evalsha(sha, 1, key, last))) === 1
        );
      } catch (error) {
        if (replyOf(error) !== 'NOSCRIPT') throw error;
      }
      return (await onOneKey(key, 'script remove-data', (client) => client.eval(source, 1, key, last))) === 1;
    },
  };

  function answerOf(
    [failure, facts]: readonly [Error | null, unknown] = [null, undefined],
    [nextFailure, next]: readonly [Error | null, unknown] = [null, null],
    place: string,
  ): LookAnswer | StreamwardenError {
    const error = failure ?? nextFailure;
    if (error !== null) {
      if (/no such key/.test(error.message)) return { facts: undefined, nextId: null };
      if (redirectionOf(error)?.kind === 'moved') shards?.noticed(error, place);
      return redisError(error, 'XINFO STREAM', true);
    }
    return { facts: factsOf(facts), nextId: (next as Reply)?.[0]?.[1][0]?.[0].toString() ?? null };
  }

  /** A command of one key, followed to where it is served. */
  async function onOneKey<T>(key: string, name: string, call: (client: Redis) => Promise<T>): Promise<T> {
    let address = placeOf(key);
    let isAsking = false;
    if (address === '' && shards !== undefined) {
      throw neverSent(name, new Error('no node of the cluster is known yet'));
    }
    for (let left = TRIES; ; left -= 1) {
      try {
        return await commandsAt(address).run(name, async (client) => {
          // Both leave in one go: nothing comes between them on that connection.
          if (isAsking) void client.asking().catch(() => {});
          return await call(client);
        });
      } catch (error) {
        const redirection = redirectionOf(error);
        if (left <= 1 || redirection === undefined || shards === undefined) throw error;
        if (redirection.kind === 'moved') shards.noticed(error, address);
        address = shards.resolve(redirection.address, address);
        isAsking = redirection.kind === 'ask';
      }
    }
  }
}

function argumentsOf({ indexes }: Unit, asks: readonly DataAsk[], count: number): (string | number)[] {
  const size = indexes.length;
  const args = new Array<string | number>(3 + 2 * size);
  args[0] = 'COUNT';
  args[1] = count;
  args[2] = 'STREAMS';
  for (let at = 0; at < size; at += 1) {
    const { key, after } = asks[indexes[at] as number] as DataAsk;
    args[3 + at] = key;
    args[3 + size + at] = after;
  }
  return args;
}

function unitOf(asks: readonly DataAsk[], address: string): Unit {
  return { indexes: asks.map((_ask, index) => index), address, isAsking: false };
}

function unitsBySlot(asks: readonly DataAsk[], address: string): Unit[] {
  const slots = new Map<number, number[]>();
  asks.forEach(({ key }, index) => {
    const slot = slotOf(key);
    const indexes = slots.get(slot);
    if (indexes === undefined) slots.set(slot, [index]);
    else indexes.push(index);
  });
  return [...slots.values()].map((indexes) => ({ indexes, address, isAsking: false }));
}

function oneByOne({ indexes }: Unit, address: string, isAsking: boolean): Unit[] {
  return indexes.map((index) => ({ indexes: [index], address, isAsking }));
}

function byAddress(units: readonly Unit[]): Map<string, Unit[]> {
  const groups = new Map<string, Unit[]>();
  for (const unit of units) {
    const group = groups.get(unit.address);
    if (group === undefined) groups.set(unit.address, [unit]);
    else group.push(unit);
  }
  return groups;
}

/** Redis leaves out what has nothing, and keeps the order. */
function deal(
  { indexes }: Unit,
  asks: readonly DataAsk[],
  reply: Reply,
  raw: boolean,
  answers: DataAnswer[],
): void {
  let at = 0;
  for (const [key, rows] of reply ?? []) {
    const name = String(key);
    while (at < indexes.length && asks[indexes[at] as number]?.key !== name) at += 1;
    if (at < indexes.length)
      answers[indexes[at] as number] = raw ? withTextIds(rows) : (rows as readonly DataRow[]);
    at += 1;
  }
}

function withTextIds(rows: Rows): readonly DataRow[] {
  return rows.map(([id, fields]) => [String(id), fields]);
}
