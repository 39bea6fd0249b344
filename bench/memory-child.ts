/** `node --expose-gc memory-child.ts KIND URL SERVICE STREAMS`: prints what holding so many streams costs, in bytes a stream. */

import { setTimeout } from 'node:timers/promises';
import { announceBare, createBareHolder } from './bare-holder.js';
import { createProducer, createRuntime } from './built.js';
import { createSubject } from './streamwarden.js';

interface Holder {
  /** Code is compiled and buffers are grown by a first hundred, which are finished where they would be in the way. */
  warmUp(): Promise<void>;
  /** Announces so many streams more, and holds them. */
  hold(count: number): Promise<void>;
  close(): Promise<void> | void;
}

const [kind = '', url = '', service = '', count = '1'] = process.argv.slice(2);
const streams = Number(count);
const WARM_UP = 100;
const never = new Promise<void>(() => {});

async function createOurs(): Promise<Holder> {
  const subject = await createSubject(url, service, { capacity: streams + WARM_UP });
  return {
    warmUp: async () => {
      await subject.assign(WARM_UP);
      await subject.done('all');
    },
    hold: (more) => subject.assign(more),
    close: () => subject.close(),
  };
}

/** Handlers that wait: for the signal's abort, or for entries. */
async function createHandling(iterates: boolean): Promise<Holder> {
  const runtime = createRuntime({ redis: url, service, consumerId: 'bench', capacity: streams + WARM_UP });
  const producer = createProducer({ redis: url, service });
  let begun = 0;
  runtime.process(async (stream) => {
    begun += 1;
    if (iterates) for await (const _ of stream.entries());
    else await never;
  });
  await runtime.start();
  const hold = async (more: number) => {
    const wanted = begun + more;
    await producer.addMany(Array.from({ length: more }, (_, n) => ({ name: `stream-${wanted}-${n}` })));
    while (begun < wanted) await setTimeout(5);
    // Quiet streams have come to their pace.
    await setTimeout(1000);
  };
  return {
    warmUp: () => hold(WARM_UP),
    hold,
    async close() {
      await producer.close();
      await runtime.stop({ mode: 'abandon' });
    },
  };
}

async function createBare(): Promise<Holder> {
  const bare = await createBareHolder(url, service, 'holder', 2000);
  const hold = async (more: number) => {
    const wanted = bare.streams.size + more;
    await Promise.all([announceBare(url, service, more), bare.hold(wanted)]);
  };
  return {
    warmUp: () => hold(WARM_UP),
    hold,
    close: () => bare.close(),
  };
}

function collect(): NodeJS.MemoryUsage {
  for (let n = 0; n < 3; n++) globalThis.gc?.();
  return process.memoryUsage();
}

const HOLDERS: Readonly<Record<string, () => Promise<Holder>>> = {
  bare: createBare,
  handling: () => createHandling(false),
  iterating: () => createHandling(true),
  ours: createOurs,
};
const holder = await (HOLDERS[kind] ?? createOurs)();
await holder.warmUp();
const before = collect();
await holder.hold(streams);
const after = collect();
const line = {
  at: Date.now(),
  type: 'Memory',
  resident: (after.rss - before.rss) / streams,
  heap: (after.heapUsed - before.heapUsed) / streams,
};
console.log(JSON.stringify(line));
await holder.close();
