/**
 * `node blocked-child.ts HEARTBEAT URL SERVICE STREAMS MS`: holds so many streams with `heartbeat: HEARTBEAT`, says what that costs while the event loop is
 * free, blocks the loop for so long, and says what came of it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { createRuntime } from './built.js';
import { createSubject } from './streamwarden.js';

const [heartbeat, url = '', service = '', streams, ms] = process.argv.slice(2);
const count = Number(streams);
const QUIET_MS = 10_000;
/** What there is to lose is lost, and told. */
const AFTER_MS = 5000;

const say = (line: object) => console.log(JSON.stringify(line));

async function residentMb(): Promise<number> {
  await delay(500);
  globalThis.gc?.();
  return process.memoryUsage().rss / 1e6;
}

// Whatever a runtime loads is there before it is measured.
const first = createRuntime({ redis: url, service: `${service}-first`, telemetry: false });
await first.start();
await first.stop();

const before = await residentMb();
const options = { heartbeat: heartbeat as 'loop' | 'thread', capacity: count, telemetry: false };
const { runtime, assign } = await createSubject(url, service, options);
const residentMbOfRuntime = (await residentMb()) - before;
await assign(count);
await delay(1000);
const used = process.cpuUsage();
await delay(QUIET_MS);
const { user, system } = process.cpuUsage(used);
const cpuMsPerSecond = (user + system) / 1000 / (QUIET_MS / 1000);

const [stream] = runtime.ownedStreams();
say({ type: 'Blocked', consumer: runtime.consumer });
const until = performance.now() + Number(ms);
let leastMs = Number.POSITIVE_INFINITY;
while (performance.now() < until) leastMs = Math.min(leastMs, (stream?.validUntil ?? 0) - Date.now());
say({ type: 'Free' });
await delay(AFTER_MS);
const { owned, lease } = runtime.snapshot();
say({
  type: 'Done',
  residentMb: residentMbOfRuntime,
  cpuMsPerSecond,
  leastMs,
  lost: count - owned,
  lapses: lease.lapses,
});
await runtime.stop({ mode: 'abandon' });
process.exit();
