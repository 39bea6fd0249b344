/** `entries-feeder.ts URL PREFIX STREAMS RATE SECONDS`: adds entries to so many streams in turn, so many a second; each says when it was added. */
import { setTimeout } from 'node:timers/promises';
import { Redis } from 'ioredis';

const [url = '', prefix = '', streams = '1', rate = '1', seconds = '1'] = process.argv.slice(2);
const [many, perSecond, endAt] = [Number(streams), Number(rate), performance.now() + Number(seconds) * 1000];
const TICK_MS = 5;
const PAYLOAD = 'x'.repeat(80);

const redis = new Redis(url);
let added = 0;
const began = performance.now();
while (performance.now() < endAt) {
  const due = Math.floor(((performance.now() - began) / 1000) * perSecond);
  if (due > added) {
    const pipeline = redis.pipeline();
    const at = performance.timeOrigin + performance.now();
    for (; added < due; added += 1) pipeline.xadd(`${prefix}${added % many}`, '*', 'at', at, 'data', PAYLOAD);
    await pipeline.exec();
  }
  await setTimeout(TICK_MS);
}
console.log(JSON.stringify({ at: Date.now(), type: 'Fed', added }));
redis.disconnect();
