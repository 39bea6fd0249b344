/** What producers choose (size, nesting, number) against what there is between two heartbeats, on a network that carries so many bytes and no more. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { Runtime } from '../../src/index.js';
import { createRuntime } from '../../src/index.js';
import { World } from '../../src/simulation/world.js';

const HEARTBEAT_MS = 2_000;
const MAX_ENTRY_BYTES = 1_048_576;
const MOST_NESTED = 64;

interface Planned {
  readonly bytes: number;
  readonly depth: number;
  readonly atMs: number;
}

interface Plan {
  readonly seed: number;
  readonly bytesPerMs: number;
  readonly entries: readonly Planned[];
  readonly cuts: readonly number[];
  /** When one of the two consumers stands still for good; undefined: it does not. */
  readonly freezeAtMs: number | undefined;
}

const plan: fc.Arbitrary<Plan> = fc.record({
  seed: fc.nat(1_000_000),
  bytesPerMs: fc.integer({ min: 500, max: 20_000 }),
  entries: fc.array(
    fc.record({
      bytes: fc.oneof(
        { weight: 4, arbitrary: fc.integer({ min: 0, max: 500 }) },
        { weight: 3, arbitrary: fc.integer({ min: 500, max: 150_000 }) },
        { weight: 1, arbitrary: fc.integer({ min: 150_000, max: 3_000_000 }) },
      ),
      depth: fc.oneof(fc.integer({ min: 0, max: 80 }), fc.constant(10_000)),
      atMs: fc.integer({ min: 0, max: 20_000 }),
    }),
    { minLength: 1, maxLength: 40 },
  ),
  cuts: fc.array(fc.integer({ min: 500, max: 30_000 }), { maxLength: 5 }),
  freezeAtMs: fc.option(fc.integer({ min: 500, max: 25_000 }), { nil: undefined }),
});

function payloadOf({ bytes, depth }: Planned, name: string): string {
  const inner = `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
  return `{"DataStreamName":"${name}","Info":{"nested":${inner},"filling":"${'x'.repeat(bytes)}"}}`;
}

/** What has to become of it; undefined: it takes the network as long as is waited for one, so either may. */
function fateOf(entry: Planned, payload: string, bytesPerMs: number): string | undefined {
  const bytes = 9 + payload.length;
  if (bytes > MAX_ENTRY_BYTES) return 'tooLarge';
  if (bytes / bytesPerMs > HEARTBEAT_MS / 2) return undefined;
  return entry.depth + 2 > MOST_NESTED ? 'unparseable' : 'finished';
}

async function live(planned: Plan): Promise<void> {
  const { seed, bytesPerMs, entries, cuts, freezeAtMs } = planned;
  const thrown: unknown[] = [];
  const world = new World({
    seed,
    latencyMs: 2,
    bytesPerMs,
    onThrown: (error) => thrown.push(error),
    hooks: { executed() {} },
  });
  const { timeline } = world;
  const finished = new Set<string>();

  function consumer(name: string): Runtime {
    const process = world.process(name);
    const runtime = createRuntime({
      redis: world.redisFor(process),
      clock: process.clock,
      service: 'orders',
      consumerId: name,
      heartbeatMs: HEARTBEAT_MS,
      keyspaceEvents: 'off',
      telemetry: false,
    });
    runtime.process(async (stream) => {
      await new Promise<void>((resolve) => process.clock.setTimeout(resolve, 50));
      finished.add(stream.name);
    });
    for (const at of cuts) {
      timeline.at(at, 0, undefined, () => {
        for (const connection of world.network.of(process)) connection.cut();
      });
    }
    if (name === 'b' && freezeAtMs !== undefined) {
      timeline.at(freezeAtMs, 0, undefined, () => process.freeze(10_000_000));
    }
    return runtime;
  }

  const [a, b] = [consumer('a'), consumer('b')];
  const starting = Promise.all([a.start(), b.start()]);
  await timeline.run(400);
  await starting;
  const outside = world.process('outside');
  world.network.bytesPerMs = undefined;
  const client = world.templateFor(outside).duplicate({ connectionName: 'test:commands' });
  const up = client.connect();
  await timeline.run(490);
  await up;
  world.network.bytesPerMs = bytesPerMs;
  const payloads = entries.map((entry, index) => payloadOf(entry, `s${index}`));
  entries.forEach(({ atMs }, index) => {
    timeline.at(500 + atMs, 0, undefined, () => {
      // The producer's own network is another one.
      world.network.bytesPerMs = undefined;
      client
        .xadd('orders-input', '*', 'lbs-input', payloads[index] as string)
        .catch((error) => thrown.push(error));
      world.network.bytesPerMs = bytesPerMs;
    });
  });
  await timeline.run(240_000);

  const ask = async <T>(sent: Promise<T>): Promise<T> => {
    await timeline.run(timeline.now + 60_000);
    return await sent;
  };
  const reasons = new Map<string, string>();
  for (const [, fields] of await ask(client.xrange('orders-input-dlq', '-', '+'))) {
    const name = /"DataStreamName":"(s\d+)"/.exec(fields[1] as string)?.[1] as string;
    reasons.set(name, fields.at(-1) as string);
  }
  const left = await ask(client.xlen('orders-input'));
  entries.forEach((entry, index) => {
    const name = `s${index}`;
    const fate = reasons.get(name) ?? (finished.has(name) ? 'finished' : 'neither');
    const expected = fateOf(entry, payloads[index] as string, bytesPerMs);
    if (expected !== undefined)
      expect(fate, `${name} of ${payloads[index]?.length} bytes`).to.equal(expected);
    else expect(fate).to.be.oneOf(['finished', 'unparseable', 'tooLarge']);
  });
  expect(left, 'entries that are left').to.equal(0);
  for (const runtime of freezeAtMs === undefined ? [a, b] : [a]) {
    const { misses, lapses } = runtime.snapshot().lease;
    expect({ misses, lapses }, runtime.consumer).to.deep.equal({ misses: 0, lapses: 0 });
    expect(runtime.health().live).to.equal(true);
  }
  expect(thrown).to.deep.equal([]);
  const stopping = Promise.all([
    a.stop({ mode: 'abandon' }),
    ...(freezeAtMs ? [] : [b.stop({ mode: 'abandon' })]),
  ]);
  await timeline.run(timeline.now + 10_000);
  await stopping;
  client.disconnect();
}

describe('entries of any size, nesting and number', () => {
  it('stop no heartbeat, and each comes to its end [C-SIZE-1, C-SIZE-2, C-POI-5, C-POI-7]', async () => {
    await fc.assert(fc.asyncProperty(plan, live), { numRuns: 12, seed: 7, endOnFailure: true });
  });
});
