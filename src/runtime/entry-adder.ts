/**
 * Adds entries to data streams, each of which may live on a server of its own: a pipeline a server. Those of one stream keep their order: one that was refused is
 * sent again only where none behind it is there. What has no answer is sent again only where the server adds it once all the same.
 */
import type { Redis } from 'ioredis';
import type { Clock } from '../core/clock.js';
import { StreamwardenError } from '../core/errors.js';
import type { DataAddress, DataServers } from '../redis/data-servers.js';
import { isElsewhere, isPassing, mayHaveExecuted, redirectionOf, redisError } from '../redis/reply-errors.js';
import { type Marks, REMEMBERED_MS, type SentOnce } from '../redis/sent-once.js';
import { REFUSED_PAUSE_MS } from './repeated-call.js';

/** So often what Redis says is elsewhere is looked for there at once; after that there is a pause. */
const QUICK_TRIES = 4;

export interface EntryRow {
  readonly key: string;
  /** About how many entries the stream is to keep. */
  readonly maxLen?: number | undefined;
  /** Fields and values in turn. */
  readonly fields: readonly (string | Buffer)[];
}

type Pipeline = ReturnType<Redis['pipeline']>;
type Reply = [error: Error | null, value: unknown];

/** What is sent behind all entries, when they go to one server. */
export interface Along {
  send(pipeline: Pipeline): void;
  /** It was answered, and so was every entry. */
  answered(reply: unknown): void;
}

interface Errand extends DataAddress {
  readonly index: number;
  /** It has been sent, marked, and has no answer. */
  readonly unanswered?: { readonly error: StreamwardenError; readonly until: number } | undefined;
}

export interface EntryAdderSettings {
  readonly servers: DataServers;
  /** Resolves when there is a connection. */
  up(): Promise<void>;
  readonly clock: Clock;
  /** How long what is refused for now is repeated, in milliseconds. */
  readonly timeoutMs: number;
  readonly once: SentOnce;
  readonly isIdempotent: boolean;
  isClosed(): boolean;
}

/** What is known of rows that are on their way. */
export interface Fates {
  /** The id of each that is there; null: it is not, or nobody knows. */
  readonly ids: (string | null)[];
  /** Places of those that may be there: they were sent, and have no answer. */
  readonly unknown: Set<number>;
}

export type EntryAdder = (
  rows: readonly EntryRow[],
  fates: Fates,
  along?: Along | undefined,
) => Promise<void>;

/** A batch of rows on their way. */
class Batch {
  readonly #settings: EntryAdderSettings;
  readonly #rows: readonly EntryRow[];
  readonly #fates: Fates;
  #marks: Marks | undefined;
  #failure: Error | undefined;

  constructor(settings: EntryAdderSettings, rows: readonly EntryRow[], fates: Fates) {
    this.#settings = settings;
    this.#rows = rows;
    this.#fates = fates;
  }

  async run(along: Along | undefined): Promise<void> {
    const { servers, clock, timeoutMs, isClosed, up } = this.#settings;
    const deadline = clock.monotonic() + timeoutMs;
    let errands: Errand[] | undefined;
    for (let tries = 1; ; tries += 1) {
      if (isClosed()) throw new StreamwardenError('RuntimeStopped', 'the producer is closed');
      await up().catch((error: unknown) => {
        throw errands?.find(({ unanswered }) => unanswered)?.unanswered?.error ?? error;
      });
      errands ??= this.#rows.map(({ key }, index) => ({ index, ...servers.of(key) }));
      const isFirst = tries === 1;
      const again = await this.#round(errands, deadline, isFirst ? along : undefined);
      if (this.#failure !== undefined) throw this.#failure;
      if (again.length === 0) {
        this.#marks?.free();
        return;
      }
      this.#keepOrder(again);
      errands = again.map(({ errand }) => errand);
      const isQuick = tries < QUICK_TRIES && again.every(({ isRedirected }) => isRedirected);
      if (!isQuick) await new Promise<void>((resolve) => clock.setTimeout(resolve, REFUSED_PAUSE_MS));
    }
  }

  async #round(errands: readonly Errand[], deadline: number, along: Along | undefined): Promise<Again[]> {
    const again: Again[] = [];
    await Promise.all(
      [...byServer(errands)].map(async ([server, batch]) => {
        const [replies, isMarked] = await this.#send(server, batch, along);
        batch.forEach((errand, at) => {
          const [error, id] = replies[at] as Reply;
          if (error === null) {
            this.#fates.ids[errand.index] = String(id);
            this.#fates.unknown.delete(errand.index);
          } else {
            const next = this.#next(errand, redisError(error, 'XADD', true), isMarked, deadline);
            if (next !== undefined) again.push(next);
          }
        });
        const answer = replies[batch.length];
        if (answer !== undefined && answer[0] === null && again.length === 0) along?.answered(answer[1]);
      }),
    );
    return again.sort((a, b) => a.errand.index - b.errand.index);
  }

  /** The replies, in order, and whether what was sent bore marks; when the server does not answer at all, that error for each. */
  async #send(
    server: string,
    batch: readonly Errand[],
    along: Along | undefined,
  ): Promise<[replies: Reply[], isMarked: boolean]> {
    const { servers, once, isIdempotent } = this.#settings;
    let isMarked = false;
    try {
      const replies = await servers.commandsAt(server).run('XADD', async (client) => {
        isMarked = isIdempotent && (await once.isKept(client));
        // Another server than before, which does not know what the other one has.
        const silent = isMarked ? undefined : batch.find(({ unanswered }) => unanswered)?.unanswered;
        if (silent !== undefined) throw silent.error;
        if (isMarked) this.#marks ??= once.take(this.#rows.length);
        const pipeline = client.pipeline();
        for (const errand of batch) this.#fill(pipeline, errand, isMarked);
        along?.send(pipeline);
        return ((await pipeline.exec()) ?? []) as Reply[];
      });
      const answered: Reply[] = [];
      let at = 0;
      for (const { isAsking } of batch) {
        if (isAsking) at += 1;
        answered.push(replies[at++] as Reply);
      }
      return [[...answered, ...replies.slice(at)], isMarked];
    } catch (error) {
      return [batch.map(() => [error as Error, undefined]), isMarked];
    }
  }

  #fill(pipeline: Pipeline, { index, isAsking }: Errand, isMarked: boolean): void {
    const { key, maxLen, fields } = this.#rows[index] as EntryRow;
    const mark = isMarked ? (this.#marks?.marks[index] ?? []) : [];
    const limit = maxLen === undefined ? [] : ['MAXLEN', '~', maxLen];
    if (isAsking) pipeline.asking();
    pipeline.xadd(key, ...mark, ...limit, '*', ...fields);
  }

  /** How one that was refused, or has no answer, is sent again; undefined: it is not, and the batch fails. */
  #next(errand: Errand, error: StreamwardenError, isMarked: boolean, deadline: number): Again | undefined {
    const { servers, clock } = this.#settings;
    const { index, server } = errand;
    const now = clock.monotonic();
    const isSilent = mayHaveExecuted(error);
    if (isSilent) this.#fates.unknown.add(index);
    const unanswered =
      errand.unanswered ?? (isSilent && isMarked ? { error, until: now + REMEMBERED_MS } : undefined);
    const fail = (reason: Error): undefined => {
      // What may be there says more than what is not.
      if (this.#failure === undefined || isSilent) this.#failure = unanswered?.error ?? reason;
      return undefined;
    };
    try {
      const isNeverSent = error.code === 'RedisUnavailable' && !isSilent;
      const isRepeatable = unanswered ? isPassing(error) : isElsewhere(error) || isNeverSent;
      const elsewhere = servers.redirected(error, server);
      if (!isRepeatable || now >= Math.min(deadline, unanswered?.until ?? deadline)) return fail(error);
      const { key } = this.#rows[index] as EntryRow;
      const isRedirected = elsewhere !== undefined && redirectionOf(error) !== undefined;
      return { errand: { index, ...(elsewhere ?? servers.of(key)), unanswered }, isRedirected };
    } catch (reason) {
      return fail(reason as Error);
    }
  }

  /** @throws StreamwardenError `OutcomeUnknown` for one that would come behind what was to follow it */
  #keepOrder(again: readonly Again[]): void {
    const last = new Map<string, number>();
    this.#rows.forEach(({ key }, index) => {
      if (this.#fates.ids[index] !== null) last.set(key, index);
    });
    for (const { errand } of again) {
      const { key } = this.#rows[errand.index] as EntryRow;
      if (errand.unanswered !== undefined || (last.get(key) ?? -1) < errand.index) continue;
      throw new StreamwardenError(
        'OutcomeUnknown',
        `an entry of ${key} was refused, and one that was to follow it is there`,
        { details: { key, sent: true } },
      );
    }
  }
}

interface Again {
  readonly errand: Errand;
  /** The server said where to go. */
  readonly isRedirected: boolean;
}

function byServer(errands: readonly Errand[]): Map<string, Errand[]> {
  const groups = new Map<string, Errand[]>();
  for (const errand of errands) {
    const group = groups.get(errand.server);
    if (group === undefined) groups.set(errand.server, [errand]);
    else group.push(errand);
  }
  return groups;
}

/** What becomes of each is written into `fates` as it becomes known, so that it is known when the rest fails. */
export function createEntryAdder(settings: EntryAdderSettings): EntryAdder {
  return (rows, fates, along) => new Batch(settings, rows, fates).run(along);
}
