/** `node --expose-gc memory-child.ts KIND URL SERVICE STREAMS`: prints what holding so many streams costs, in bytes a stream. */
import { announceBare, createBareHolder } from './bare-holder.js';
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

const holder = await (kind === 'bare' ? createBare() : createOurs());
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
