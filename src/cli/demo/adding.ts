/**
 * Adds each entry to its data stream once, through whatever befalls Redis. What is known not to be there is added again; of what had no answer the data stream itself is
 * asked, as its entries are numbered. An application whose entries have no order of their own has to choose: to add them twice, or perhaps not at all.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { isStreamwardenError, type StreamwardenError } from '../../core/errors.js';
import { END_FIELD } from '../../redis/end-mark.js';
import type { Producer } from '../../runtime/open-producer.js';
import type { ShortClient } from '../redis-client.js';

/** Between two tries, in milliseconds. */
const AGAIN_MS = 100;
/** Questions to a Redis that does not answer. */
const MOST_QUESTIONS = 300;

export interface NumberedEntry {
  readonly name: string;
  readonly fields: { readonly n: number };
}

/** What `ensure()` says of a data stream. */
export type OnAnnounced = (name: string, stream: { readonly id: string; readonly created: boolean }) => void;

type Adding = Pick<Producer, 'appendMany' | 'end' | 'ensureMany'>;
type Asked = Pick<ShortClient, 'xrevrange'>;

export class Adder {
  readonly #producer: Adding;
  readonly #client: Asked;
  readonly #onAnnounced: OnAnnounced;

  constructor(producer: Adding, client: Asked, onAnnounced: OnAnnounced) {
    this.#producer = producer;
    this.#client = client;
    this.#onAnnounced = onAnnounced;
  }

  /** Those of one data stream have growing numbers. */
  async append(entries: readonly NumberedEntry[]): Promise<void> {
    let left = entries;
    for (;;) {
      const tried = left;
      try {
        const appended = await this.#producer.appendMany(tried);
        for (const [at, { stream }] of appended.entries()) this.#onAnnounced(tried[at]?.name ?? '', stream);
        return;
      } catch (error) {
        const there = await this.#thereOf(tried, passing(error));
        await this.#announce(tried.filter((_, at) => there[at]).map(({ name }) => name));
        left = tried.filter((_, at) => !there[at]);
        if (left.length === 0) return;
      }
      await delay(AGAIN_MS);
    }
  }

  async end(name: string): Promise<void> {
    for (;;) {
      try {
        await this.#producer.end(name);
        return;
      } catch (error) {
        const { sent } = passing(error).details;
        const newest = sent === false ? undefined : await this.#newest(name);
        if (newest?.[0] === END_FIELD) {
          await this.#announce([name]);
          return;
        }
      }
      await delay(AGAIN_MS);
    }
  }

  async #thereOf(tried: readonly NumberedEntry[], { details }: StreamwardenError): Promise<boolean[]> {
    const { appended, unknown } = details as { appended: (string | null)[]; unknown: number[] };
    const newest = new Map<string, number>();
    for (const at of unknown) {
      const { name } = tried[at] as NumberedEntry;
      if (!newest.has(name)) newest.set(name, Number((await this.#newest(name))?.[1] ?? -1));
    }
    const isUnknown = new Set(unknown);
    return tried.map(
      ({ name, fields }, at) =>
        appended[at] !== null || (isUnknown.has(at) && fields.n <= (newest.get(name) ?? -1)),
    );
  }

  /** Fields of the newest entry. */
  async #newest(name: string): Promise<readonly string[] | undefined> {
    for (let left = MOST_QUESTIONS; ; left -= 1) {
      try {
        return (await this.#client.xrevrange(name, '+', '-', 'COUNT', 1))[0]?.[1];
      } catch (error) {
        if (left <= 0) throw error;
      }
      await delay(AGAIN_MS);
    }
  }

  /** They are there, and nobody may have been told. */
  async #announce(names: readonly string[]): Promise<void> {
    const streams = [...new Set(names)].map((name) => ({ name, info: null }));
    while (streams.length > 0) {
      try {
        const ensured = await this.#producer.ensureMany(streams);
        for (const [at, stream] of ensured.entries()) this.#onAnnounced(streams[at]?.name ?? '', stream);
        return;
      } catch (error) {
        passing(error);
      }
      await delay(AGAIN_MS);
    }
  }
}

/** A master fails over, say. @throws whatever else it is */
function passing(error: unknown): StreamwardenError {
  if (isStreamwardenError(error, 'RedisUnavailable') || isStreamwardenError(error, 'OutcomeUnknown'))
    return error;
  throw error;
}
