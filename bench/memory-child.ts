/** `node --expose-gc memory-child.ts URL SERVICE STREAMS`: prints what holding so many streams costs, in bytes a stream. */
import { createSubject } from './streamwarden.js';

const [url = '', service = '', count = '1'] = process.argv.slice(2);
const streams = Number(count);
const collect = () => {
  for (let n = 0; n < 3; n++) globalThis.gc?.();
};
const subject = await createSubject(url, service, { capacity: streams + 100 });
// Code is compiled and buffers are grown by the first hundred.
await subject.assign(100);
await subject.done('all');
collect();
const before = process.memoryUsage();
await subject.assign(streams);
collect();
const after = process.memoryUsage();
const line = {
  at: Date.now(),
  type: 'Memory',
  resident: (after.rss - before.rss) / streams,
  heap: (after.heapUsed - before.heapUsed) / streams,
};
console.log(JSON.stringify(line));
await subject.close();
