/**
 * The dead-letter stream as people use it: looking through it, announcing letters anew, deleting them. No consumer has to run for that. Primitive, like
 * the lease store.
 */
import { byteScript } from './byte-script.js';
import type { Commands } from './commands.js';
import { parseEntry, type RawEntry, retryCountOf } from './entry.js';
import type { Layout } from './layout.js';
import type { Names } from './names.js';
import { pipelined } from './pipelined.js';
import { redirectionOf } from './reply-errors.js';

export interface DeadLetter {
  /** On the dead-letter stream; its first half is when it came there, epoch milliseconds. */
  readonly id: string;
  /** `max_retries_exceeded`, `unparseable`, or what another client wrote; null: nothing. */
  readonly reason: string | null;
  /** How often the entry had been retried; of `max_retries_exceeded` the count that was one too many. */
  readonly retryCount: number;
  /** The data stream's name; null when the letter cannot be parsed. */
  readonly name: string | null;
  /** Why it cannot be parsed; null when it can. */
  readonly problem: string | null;
  /** What the producer attached; null when nothing, or when the letter cannot be parsed. */
  readonly info: Readonly<Record<string, unknown>> | null;
  /** Fields and values in turn, as text: bytes that are no UTF-8 are lost here, and kept when the letter is redriven. */
  readonly fields: readonly string[];
}

export interface DeadLetterPage {
  /** Newest first. */
  readonly letters: readonly DeadLetter[];
  /** What to pass as `after` for the next page; null: there is none. */
  readonly after: string | null;
}

export interface DeadLetterQueue {
  /** How many letters there are. */
  length(): Promise<number>;
  /** @param after id of a letter: only older ones. Null: from the newest on */
  list(count: number, after: string | null): Promise<DeadLetterPage>;
  /**
   * Announces letters anew, byte for byte, with a retry count of 0, and deletes them. Atomic for each letter where both streams share a slot;
   * elsewhere a letter whose redrive was interrupted stands until it is redriven again, which announces it no second time.
   *
   * @returns in their order: the id on the load balancer stream; null: there is no such letter any more
   */
  redrive(ids: readonly string[]): Promise<(string | null)[]>;
  /** @returns in their order: whether there was such a letter */
  delete(ids: readonly string[]): Promise<boolean[]>;
}

export interface DeadLetterQueueSettings {
  readonly names: Names;
  /** On the server of the load balancer stream. */
  readonly home: Commands;
  /** On the server of the dead-letter stream. */
  readonly letters: Commands;
  readonly layout: Pick<Layout, 'dlqIsLocal'>;
}

const REASON_FIELD = '_dlq_reason';

/** Letters in one script: with ordinary payloads below 5 ms. */
const BATCH = 100;

/** How long it is remembered that a letter was announced, in milliseconds: longer than anybody waits between reading and deleting it. */
const REMEMBERED_MS = 86_400_000;

function toLetter(entry: RawEntry): DeadLetter {
  const { id, fields } = entry;
  const parsed = parseEntry(entry);
  const reasonAt = fields.findIndex((field, at) => at % 2 === 0 && field === REASON_FIELD);
  return {
    id,
    reason: reasonAt === -1 ? null : (fields[reasonAt + 1] ?? null),
    retryCount: retryCountOf(fields),
    name: parsed.ok ? parsed.announcement.name : null,
    problem: parsed.ok ? null : parsed.problem,
    info: parsed.ok ? parsed.announcement.info : null,
    fields,
  };
}

export function createDeadLetterQueue(settings: DeadLetterQueueSettings): DeadLetterQueue {
  const { names, home, letters, layout } = settings;

  /** What Redis refuses because the slot has moved has not been executed; the commands know the way by then. */
  async function onItsServer<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (redirectionOf(error)?.kind !== 'moved') throw error;
      return await call();
    }
  }

  async function redriveTogether(ids: readonly string[]): Promise<(string | null)[]> {
    const results: (string | null)[] = [];
    for (let at = 0; at < ids.length; at += BATCH) {
      const batch = ids.slice(at, at + BATCH);
      const reply = await onItsServer(() => home.script('redrive', [names.lbs, names.dlq], batch));
      results.push(...(reply as string[]).map((id) => id || null));
    }
    return results;
  }

  async function redriveApart(id: string): Promise<string | null> {
    const [letter] = await onItsServer(() =>
      letters.run('XRANGE', (client) => client.xrangeBuffer(names.dlq, id, id)),
    );
    if (letter === undefined) return null;
    const keys = [names.lbs, names.redriven(id)];
    const args = [REMEMBERED_MS, ...letter[1]];
    const reply = await onItsServer(() => byteScript(home, 'redrive-apart', keys, args));
    await remove([id]);
    return String(reply);
  }

  async function remove(ids: readonly string[]): Promise<boolean[]> {
    if (ids.length === 0) return [];
    const replies = await onItsServer(() =>
      letters.run('XDEL', (client) =>
        pipelined<number>(client, (pipeline) => {
          for (const id of ids) pipeline.xdel(names.dlq, id);
        }),
      ),
    );
    return replies.map((removed) => removed === 1);
  }

  return {
    length: () => onItsServer(() => letters.run('XLEN', (client) => client.xlen(names.dlq))),
    async list(count, after) {
      const end = after === null ? '+' : `(${after}`;
      const rows = await onItsServer(() =>
        letters.run('XREVRANGE', (client) => client.xrevrange(names.dlq, end, '-', 'COUNT', count)),
      );
      const page = rows.map(([id, fields]) => toLetter({ id, fields }));
      return { letters: page, after: page.length < count ? null : (page.at(-1)?.id ?? null) };
    },
    async redrive(ids) {
      if (layout.dlqIsLocal) return await redriveTogether(ids);
      const results: (string | null)[] = [];
      for (const id of ids) results.push(await redriveApart(id));
      return results;
    },
    delete: remove,
  };
}
