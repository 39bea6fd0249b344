/**
 * Which entries a stream has been sent already, as Redis 8.6 remembers them: of each producer the last 100 ids, for 100 s each
 * (https://redis.io/docs/latest/develop/data-types/streams/idempotency/).
 */
import type { StreamId } from './stream-id.js';

const MOST_IDS = 100;
const KEPT_MS = 100_000;

interface Sent {
  readonly id: StreamId;
  readonly at: number;
}

/** Producer → its own id → what it became, oldest first. */
export class SentEntries {
  readonly #producers = new Map<string, Map<string, Sent>>();

  copy(): SentEntries {
    const copy = new SentEntries();
    for (const [producer, sent] of this.#producers) copy.#producers.set(producer, new Map(sent));
    return copy;
  }

  /** @param now epoch milliseconds */
  find(producer: string, id: string, now: number): StreamId | undefined {
    const sent = this.#producers.get(producer)?.get(id);
    return sent !== undefined && now - sent.at < KEPT_MS ? sent.id : undefined;
  }

  add(producer: string, id: string, became: StreamId, now: number): void {
    const sent = this.#producers.get(producer) ?? new Map<string, Sent>();
    this.#producers.set(producer, sent);
    sent.delete(id);
    sent.set(id, { id: became, at: now });
    const [oldest] = sent.keys();
    if (sent.size > MOST_IDS && oldest !== undefined) sent.delete(oldest);
  }

  describe(): unknown {
    return [...this.#producers].map(([producer, sent]) => [
      producer,
      [...sent].map(([id, { id: became, at }]) => [id, `${became}`, at]),
    ]);
  }
}
