/** The runtime under measurement: default options but for capacity, producer in the same process. */
import { createProducer, createRuntime, type StreamHandle } from '../src/index.js';

export interface Subject {
  assign(count: number): Promise<void>;
  /** All at once, or by so many callers of which each waits for its own. */
  done(callers: number | 'all'): Promise<void>;
  close(): Promise<void>;
}

export async function createSubject(url: string, service: string, capacity: number): Promise<Subject> {
  const runtime = createRuntime({ redis: url, service, consumerId: 'bench', capacity });
  const producer = createProducer({ redis: url, service });
  const notifications = runtime.notifications();
  await runtime.start();

  async function added(count: number): Promise<void> {
    let left = count;
    while (left > 0) {
      const { value } = await notifications.next();
      if (value?.type === 'StreamAdded') left -= 1;
    }
  }

  return {
    async assign(count) {
      const streams = Array.from({ length: count }, (_, n) => ({ name: `stream-${n}`, info: { n } }));
      await Promise.all([producer.addMany(streams), added(count)]);
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
