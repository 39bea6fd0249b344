/** The runtime under measurement: default options but for those given, producer in the same process. */
import { setTimeout } from 'node:timers/promises';
import type { Runtime, RuntimeOptions, StreamHandle } from '../src/index.js';
import { createProducer, createRuntime } from './built.js';

const BATCH = 10_000;

export interface Subject {
  readonly runtime: Runtime;
  /** Announces so many, numbered from `from` on, each behind one more of another name if one is given, and waits until they have been added. */
  assign(count: number, from?: number, before?: string): Promise<void>;
  announce(names: readonly string[]): Promise<void>;
  /** Announces so many that nobody is to be given before so many milliseconds have passed. */
  delay(count: number, delayMs: number): Promise<void>;
  /** Waits until so many more have been added, whoever announced them; calls back for each. */
  added(count: number, onAdded?: (stream: string) => void): Promise<void>;
  /** Announces one name so many times, a batch at a time, and waits until so many more have been put aside. */
  repeat(name: string, count: number): Promise<void>;
  /** All at once, or by so many callers of which each waits for its own. */
  done(callers: number | 'all'): Promise<void>;
  close(): Promise<void>;
}

export async function createSubject(
  url: string,
  service: string,
  options: Partial<RuntimeOptions> = {},
): Promise<Subject> {
  const runtime = createRuntime({ redis: url, service, consumerId: 'bench', ...options });
  const { telemetry = true } = options;
  const producer = createProducer({ redis: url, service, telemetry });
  const notifications = runtime.notifications();
  await runtime.start();

  async function added(count: number, onAdded: (stream: string) => void = () => {}): Promise<void> {
    let left = count;
    while (left > 0) {
      const { value, done } = await notifications.next();
      if (done) throw new Error(`the runtime stopped with ${left} streams still to come`);
      if (value.type !== 'StreamAdded') continue;
      left -= 1;
      onAdded(value.stream);
    }
  }

  return {
    runtime,
    added,
    async assign(count, from = 0, before) {
      const first = before === undefined ? [] : [{ name: before }];
      const streams = Array.from({ length: count }, (_, n) => [
        ...first,
        { name: `stream-${from + n}`, info: { n } },
      ]);
      await Promise.all([producer.addMany(streams.flat()), added(count)]);
    },
    async announce(all) {
      await producer.addMany(all.map((name) => ({ name })));
    },
    async delay(count, delayMs) {
      for (let from = 0; from < count; from += BATCH) {
        const names = Array.from({ length: Math.min(BATCH, count - from) }, (_, n) => `later-${from + n}`);
        await producer.addMany(names.map((name) => ({ name, delayMs })));
      }
    },
    async repeat(name, count) {
      const { counters, parked } = runtime.snapshot();
      const [until, inAll] = [counters.parked + count, parked.count + count];
      for (let left = count; left > 0; left -= BATCH) {
        await producer.addMany(Array.from({ length: Math.min(BATCH, left) }, () => ({ name })));
      }
      // Of an answer that was lost only the next heartbeat tells.
      const isDone = () => {
        const now = runtime.snapshot();
        return now.counters.parked >= until || now.parked.count >= inAll;
      };
      while (!isDone()) await setTimeout(1);
    },
    async done(callers) {
      const all = [...runtime.ownedStreams()];
      if (callers === 'all') {
        await Promise.all(all.map((stream) => stream.done()));
        return;
      }
      const caller = async () => {
        for (let next: StreamHandle | undefined = all.pop(); next; next = all.pop()) await next.done();
      };
      await Promise.all(Array.from({ length: callers }, caller));
    },
    async close() {
      await producer.close();
      await runtime.stop({ mode: 'abandon' });
    },
  };
}
