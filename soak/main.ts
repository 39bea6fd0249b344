/**
 * `npm run soak`: a fleet of three to twenty consumer processes on a Redis of its own, behind a
 * fault proxy, under a schedule of kills, stops, pauses, clocks that are set, broken and narrow networks, lost replies, a Redis that restarts, refuses
 * to write, changes its password and loses payloads to a tool, large entries, poison and duplicate names. At the end every stream must have been finished once, or dead-lettered; the history says whether that is so. And what every consumer has recorded is
 * replayed: nothing may diverge. Recordings are kept with --record, and when something was wrong.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { createProducer, type NewStream } from '../src/index.js';
import { createNames } from '../src/redis/names.js';
import { startFaultProxy } from '../src/testing/fault-proxy.js';
import { readStanding, startRedis } from '../src/testing/index.js';
import { argumentsOf } from './arguments.js';
import { Consumers } from './consumers.js';
import { ACL_USERS, asOperator, Credentials } from './credentials.js';
import { replayAll } from './recordings.js';
import { refuseWrites } from './refusals.js';
import { type Act, FEWEST, holdMsFor, MOST, plan, REFUSALS, seeded } from './schedule.js';
import { judge } from './verdict.js';

const HEARTBEAT_MS = 1000;
/** For so long both passwords count: longer than any connection takes that is being made. */
const ROTATED_AFTER_MS = 10_000;
const TICK_MS = 100;
/** Without a fault something ends at least so often, as long as anything is left: names that were announced a hundred times take their time. */
const HANGING_MS = 90_000;

const { minutes, seed, rate, record, json } = argumentsOf(process.argv.slice(2));

function tell(line: Record<string, unknown> & { type: string }, words: string): void {
  if (json) console.log(JSON.stringify({ at: Date.now(), ...line }));
  else console.log(words);
}

// Every acknowledged write survives a kill: what is lost after that was lost by us.
const redis = await startRedis({
  appendOnly: true,
  config: { appendfsync: 'always' },
  aclUsers: ACL_USERS,
});
const url = asOperator(redis.url);
const proxy = await startFaultProxy({ host: redis.host, port: redis.port });
const client = new Redis(url, { retryStrategy: () => 50, maxRetriesPerRequest: null });
// Redis is restarted under it.
client.on('error', () => {});
const service = 'soak';
const names = createNames({ service });
const historyKey = `{${names.lbs}}:history`;
const recordings = record ?? (await mkdtemp(join(tmpdir(), 'streamwarden-soak-')));
await mkdir(recordings, { recursive: true });
// As the first consumer would: what is pending is looked at from the beginning.
await client.xgroup('CREATE', names.lbs, names.group, '0', 'MKSTREAM');
const secrets = await mkdtemp(join(tmpdir(), 'streamwarden-soak-secrets-'));
const credentials = new Credentials(client, secrets);
const consumers = new Consumers({
  url: proxy.url,
  passwordFile: credentials.file,
  service,
  historyKey,
  heartbeatMs: HEARTBEAT_MS,
  recordings,
});
const producer = createProducer({ redis: url, service });
const announced: string[] = [];
const poisoned: string[] = [];
const vanished: string[] = [];
const random = seeded(seed + 1);
const later: { readonly at: number; readonly act: () => unknown }[] = [];
/** Redis is restarting, or refuses to write: an announcement may fail. */
let troubles = 0;

const began = performance.now();
const elapsed = () => performance.now() - began;
const after = (ms: number, act: () => unknown) => later.push({ at: elapsed() + ms, act });

async function perform(act: Act): Promise<void> {
  switch (act.act) {
    case 'start':
      if (consumers.running.length < MOST) consumers.start(act.holdMs);
      return;
    case 'kill':
    case 'stop': {
      const victim = consumers.pick(act.who);
      if (victim === undefined) return;
      if (act.act === 'kill') consumers.kill(victim);
      else consumers.stop(victim);
      if (consumers.running.length < FEWEST) consumers.start(holdMsFor(random));
      return;
    }
    case 'pause': {
      const victim = consumers.pick(act.who);
      if (victim === undefined || victim.isPaused) return;
      consumers.pause(victim);
      after(act.forMs, () => consumers.resume(victim));
      return;
    }
    case 'cut':
      proxy.cut();
      return;
    case 'freeze':
      proxy.freeze();
      after(act.forMs, () => proxy.thaw());
      return;
    case 'slow':
      proxy.delay(act.byMs);
      after(act.forMs, () => proxy.delay(0));
      return;
    case 'loseReplies':
      proxy.arm({
        fault: 'cutReply',
        times: act.count,
        matches: ([command = '']) => /^(evalsha|xreadgroup)$/i.test(command),
      });
      return;
    case 'restartRedis':
      troubles += 1;
      await redis.kill('SIGKILL');
      await redis.restart();
      troubles -= 1;
      return;
    case 'poison':
      await poison(`not JSON ${poisoned.length}`);
      return;
    case 'large':
      await announce(act.bytes.map((bytes) => ({ ...unique('large'), info: { pad: 'x'.repeat(bytes) } })));
      for (let left = act.tooLarge; left > 0; left -= 1) await poison(tooLarge());
      return;
    case 'limit':
      proxy.limit(act.bytesPerMs);
      after(act.forMs, () => proxy.limit(undefined));
      return;
    case 'refuse': {
      const end = await refuseWrites(client, act.how);
      troubles += 1;
      after(act.forMs, async () => {
        await end();
        troubles -= 1;
      });
      return;
    }
    case 'rotate':
      after(ROTATED_AFTER_MS, await credentials.rotate());
      return;
    case 'setClock': {
      const victim = consumers.pick(act.who);
      if (victim !== undefined) consumers.setClock(victim);
      return;
    }
    case 'vanish': {
      const rows = (await client.xpending(names.lbs, names.group, '-', '+', 1000)) as [string][];
      const id = rows[Math.floor(act.who * rows.length)]?.[0];
      if (id !== undefined && (await written(client.xdel(names.lbs, id))) === 1) vanished.push(id);
    }
  }
}

/** Undefined where Redis refuses to write. */
async function written<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (REFUSALS.some((code) => String(error).includes(code))) return undefined;
    throw error;
  }
}

async function poison(payload: string): Promise<void> {
  const id = await written(client.xadd(names.lbs, '*', 'lbs-input', payload));
  if (id) poisoned.push(id);
}

/** More than consumers read by default. */
function tooLarge(): string {
  return JSON.stringify({
    DataStreamName: `too-large-${poisoned.length}`,
    Info: { pad: 'x'.repeat(1_100_000) },
  });
}

function unique(kind: string): NewStream {
  return { name: `${kind}-${announced.length}-${Math.floor(random() * 1e9)}` };
}

/** One in twenty meets a name that is in use. */
function small(count: number): NewStream[] {
  return Array.from({ length: count }, () =>
    random() < 0.05 ? { name: `shared-${Math.floor(random() * 5)}` } : unique('stream'),
  );
}

/** Each announcement is one command whose answer is awaited: what was not acknowledged was not announced. */
async function announce(streams: readonly NewStream[]): Promise<void> {
  try {
    announced.push(...(await producer.addMany(streams)));
  } catch (error) {
    if (troubles === 0)
      tell({ type: 'AnnounceFailed', message: String(error) }, `announcing failed: ${String(error)}`);
  }
}

/** How many entries are left to be worked on, parked ones too, or pending though their payload has vanished. */
async function unfinished(): Promise<number> {
  const [pending] = (await client.xpending(names.lbs, names.group)) as [number];
  const standing = await readStanding(client, names.lbs);
  return Math.max(standing.length, pending);
}

const durationMs = minutes * 60_000;
const planned = plan(seed, durationMs, HEARTBEAT_MS);
tell(
  { type: 'Soak', seed, minutes, rate, acts: planned.length },
  `seed ${seed}: ${minutes} min, ${planned.length} acts, ${rate} streams/s`,
);
for (let n = 0; n < FEWEST; n++) consumers.start(holdMsFor(random));

let nextProgress = 5000;
let owed = 0;
while (elapsed() < durationMs) {
  while (planned[0] && planned[0].atMs <= elapsed()) {
    const next = planned.shift() as (typeof planned)[number];
    tell(
      { type: 'Act', ...next },
      `${(next.atMs / 1000).toFixed(1).padStart(6)} s  ${Object.values(next).slice(1).join(' ')}`,
    );
    await perform(next);
  }
  for (const due of later.filter(({ at }) => at <= elapsed())) {
    later.splice(later.indexOf(due), 1);
    await due.act();
  }
  owed += (rate * TICK_MS) / 1000;
  await announce(small(Math.floor(owed)));
  owed -= Math.floor(owed);
  if (elapsed() >= nextProgress) {
    nextProgress += 5000;
    const left = await client.xlen(names.lbs);
    const running = consumers.running.length;
    tell(
      { type: 'Progress', seconds: Math.round(elapsed() / 1000), running, announced: announced.length, left },
      `${(elapsed() / 1000).toFixed(0).padStart(4)} s     ${running} consumers, ${announced.length} announced, ${left} not finished`,
    );
  }
  await delay(TICK_MS);
}

for (const { act } of later) await act();
proxy.delay(0);
proxy.limit(undefined);
proxy.thaw();
while (consumers.running.length < FEWEST) consumers.start(holdMsFor(random));
let fewest = Number.POSITIVE_INFINITY;
let hangsFrom = 0;
for (;;) {
  const left = await unfinished();
  if (left === 0) break;
  if (left < fewest) [fewest, hangsFrom] = [left, performance.now() + HANGING_MS];
  if (performance.now() > hangsFrom) break;
  await delay(100);
}
await consumers.stopAll(30_000);

const { violations: unproven, ...history } = await judge({
  client,
  names,
  historyKey,
  announced,
  poisoned,
  vanished,
  done: consumers.done,
  surprises: consumers.surprises,
});
await producer.close();
client.disconnect();
await proxy.close();
await redis.stop();
await rm(secrets, { recursive: true });

const { violations: diverging, ...replayed } = await replayAll(recordings);
const violations = [...unproven, ...diverging];
const figures = { ...history, ...replayed };
if (!json) {
  for (const violation of violations) console.log(`VIOLATION ${violation}`);
  console.log(
    Object.entries(figures)
      .map(([name, value]) => `${name} ${value}`)
      .join(' · '),
  );
}
const passed = violations.length === 0;
if (passed && record === undefined) await rm(recordings, { recursive: true });
else tell({ type: 'Recordings', folder: recordings }, `recordings are in ${recordings}`);
tell(
  { type: 'Verdict', seed, ...figures, violations, passed },
  passed ? 'passed' : `FAILED: npm run soak -- --minutes ${minutes} --seed ${seed}`,
);
process.exitCode = passed ? 0 : 1;
