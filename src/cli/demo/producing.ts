/** What the demo's producer does: a data stream begins every now and then, gets an entry several times a second, and its end mark after some seconds. */
import { setTimeout as delay } from 'node:timers/promises';
import { createProducer } from '../../runtime/producer.js';
import type { ShortClient } from '../redis-client.js';
import { Adder, type NumberedEntry } from './adding.js';
import type { Board } from './board.js';

/** Over how long the streams begin. */
const BEGIN_MS = 10_000;
/** How long each goes on. */
const LAST_MS = 5_000;
const TICK_MS = 100;
/** Of one stream. */
const MOST_ENTRIES = 20;
/** Of all streams. */
const MOST_IN_ALL = 20_000;

export interface Producing {
  readonly url: string;
  readonly client: ShortClient;
  readonly service: string;
  readonly streams: number;
  /** Aborts when the user has had enough. */
  readonly signal: AbortSignal;
}

/** Resolves, when all have ended, with the entries that announced them. */
export async function produceAll(
  { url, client, service, streams, signal }: Producing,
  board: Board,
): Promise<string[]> {
  await using producer = createProducer({ redis: url, service });
  const count = Math.max(2, Math.min(MOST_ENTRIES, Math.floor(MOST_IN_ALL / streams)));
  const beginsAt = (stream: number) => (BEGIN_MS * stream) / streams;
  const sent: number[] = [];
  const announced = new Map<string, string>();
  const adder = new Adder(producer, client, (name, { id, created }) => {
    if (created) announced.set(name, id);
  });
  const startedAt = performance.now();
  let ended = 0;
  while (ended < streams) {
    const now = performance.now() - startedAt;
    const due: NumberedEntry[] = [];
    const over: string[] = [];
    for (let stream = 0; stream < streams && beginsAt(stream) <= now; stream += 1) {
      const name = `stream-${stream + 1}`;
      const before = sent[stream] ?? 0;
      if (before > count) continue;
      // The last one has been sent when the next look finds that it is time to end.
      if (before === count) over.push(name);
      const shall = Math.min(count, 1 + Math.floor(((now - beginsAt(stream)) * (count - 1)) / LAST_MS));
      for (let n = before; n < shall; n += 1) due.push({ name, fields: { n } });
      sent[stream] = before === count ? count + 1 : Math.max(before, shall);
    }
    await adder.append(due);
    board.announced = announced.size;
    for (const name of over) await adder.end(name);
    ended += over.length;
    await delay(TICK_MS, undefined, { signal });
  }
  return [...announced.values()];
}
