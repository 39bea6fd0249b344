import { expect } from 'chai';
import { DataReader } from '../../../src/actors/data/data-reader.js';
import type { Reading } from '../../../src/actors/data/reading.js';
import type { Kernel } from '../../../src/actors/kernel.js';
import { Ownership } from '../../../src/actors/ownership.js';
import { StreamwardenError } from '../../../src/core/errors.js';
import { Seam } from '../../../src/core/seam.js';
import type { DataAnswer, DataAsk } from '../../../src/redis/data-streams.js';
import { manualClock } from '../../support/manual-clock.js';
import { rejection } from '../../support/rejection.js';

interface Command {
  readonly place: string;
  readonly keys: readonly string[];
  readonly count: number;
  readonly raw: boolean;
}

const unavailable = () =>
  new StreamwardenError('RedisUnavailable', 'no answer', { retriable: true, details: { sent: true } });

describe('the reader of data streams', () => {
  /** Bytes of the entries that are there, by key: each is taken once. */
  const there = new Map<string, string[]>();
  let commands: Command[] = [];
  let failing: ((key: string) => StreamwardenError | undefined) | undefined;
  let clock = manualClock();
  let reader: DataReader;
  const failures: unknown[] = [];

  async function read(
    place: string,
    asks: readonly DataAsk[],
    count: number,
    raw: boolean,
  ): Promise<DataAnswer[]> {
    commands.push({ place, keys: asks.map(({ key }) => key), count, raw });
    return asks.map(({ key }) => {
      const error = failing?.(key);
      if (error !== undefined) return error;
      const rows = (there.get(key) ?? []).splice(0, count);
      return rows.length === 0 ? undefined : rows.map((data, n) => [`1-${n}`, ['d', data]] as const);
    });
  }

  beforeEach(() => {
    there.clear();
    commands = [];
    failing = undefined;
    failures.length = 0;
    clock = manualClock();
    const link = { isUp: true, rest: () => {}, whenUp: () => new Promise(() => {}) };
    const kernel = {
      clock,
      seam: new Seam(() => {}),
      settings: { heartbeatMs: 1000 },
      names: { wakes: () => 'wakes' },
      consumer: 'me',
      connections: { waker: link },
      ended: new AbortController().signal,
      dataStreams: {
        keyOf: (name: string) => name,
        placeOf: (key: string) => (key.startsWith('far') ? 'far' : ''),
        read: (place: string, asks: readonly DataAsk[], count: number, raw: boolean) =>
          read(place, asks, count, raw),
        readFirst: (place: string, asks: readonly DataAsk[]) => read(place, asks, 1, false),
      },
    };
    reader = new DataReader(kernel as unknown as Kernel, 100, []);
    reader.start((error) => failures.push(error));
  });

  afterEach(() => reader.stop());

  const open = (key: string, more: { count?: number; raw?: boolean } = {}): Reading =>
    reader.open({
      ownership: new Ownership(
        { id: '1-1', name: key, info: null, retryCount: 0, failures: 0, deaths: 0 },
        '',
      ),
      key,
      after: '0-0',
      count: more.count ?? 100,
      raw: more.raw ?? false,
    });

  /** Time goes on, and whatever is due by then has been done. */
  async function elapse(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 1) {
      clock.advance(1);
      await settled();
    }
  }
  async function settled(): Promise<void> {
    for (let n = 0; n < 6; n += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  it('asks for many with one command, for no more than are waited for [C-DATA-13]', async () => {
    const readings = Array.from({ length: 30 }, (_, n) => open(`k${n}`));
    for (const reading of readings.slice(0, 20)) void reader.page(reading, 0);
    await settled();
    expect(commands).to.have.length(1);
    expect(commands[0]?.keys).to.have.length(20);
    await elapse(2000);
    const keys = new Set(commands.flatMap((command) => command.keys));
    expect(keys.size).to.equal(20);
    // Quiet ones come together, every 285 ms.
    const late = commands.slice(-4);
    expect(late.every((command) => command.keys.length === 20)).to.equal(true);
    expect(commands.length).to.be.below(20);
  });

  it('asks for a crowd of quiet ones as it is, until one of them has found something, was woken or is closed [C-DATA-13]', async () => {
    const readings = Array.from({ length: 10 }, (_, n) => open(`k${n}`));
    const twin = open('k0');
    const pages = readings.map((reading) => reader.page(reading, 0));
    void reader.page(twin, 0);
    await elapse(3000);
    const crowds = new Set(readings.map(({ crowd }) => crowd));
    expect([...crowds].map((crowd) => crowd?.size)).to.deep.equal([10]);
    expect(twin.crowd).to.not.be.oneOf([undefined, ...crowds]);
    const [crowd] = crowds;
    const { list } = crowd as NonNullable<typeof crowd>;
    await elapse(600);
    expect((crowd as NonNullable<typeof crowd>).list).to.equal(list);
    there.set('k3', ['a']);
    await elapse(300);
    expect(await pages[3]).to.deep.equal([['1-0', ['d', 'a']]]);
    reader.wake('k4');
    reader.close(readings[5] as Reading);
    expect([3, 4, 5].map((n) => readings[n]?.crowd)).to.deep.equal([undefined, undefined, undefined]);
    expect(crowd?.size).to.equal(7);
    commands = [];
    await elapse(300);
    expect(commands.filter(({ keys }) => keys.length === 7)).to.have.length(1);
    expect(commands.flatMap(({ keys }) => keys)).to.not.include('k5');
    await elapse(2000);
    expect(crowd?.size).to.equal(8);
  });

  it('asks again for a crowd that had no answer [C-DATA-13]', async () => {
    const reading = open('k');
    const page = reader.page(reading, 0);
    await elapse(3000);
    failing = () => unavailable();
    await elapse(1000);
    expect(reading.crowd?.size).to.equal(1);
    failing = undefined;
    there.set('k', ['a']);
    await elapse(2000);
    expect(await page).to.deep.equal([['1-0', ['d', 'a']]]);
    expect(failures).to.deep.equal([]);
  });

  it('looks at once where it is woken, also while it looks already [C-DATA-13]', async () => {
    const reading = open('k');
    const page = reader.page(reading, 0);
    await settled();
    await elapse(1000);
    const before = commands.length;
    there.set('k', ['a']);
    reader.wake('k');
    reader.wake('others');
    expect(await page).to.deep.equal([['1-0', ['d', 'a']]]);
    expect(commands.length).to.equal(before + 1);
    // Nobody waits for it now.
    reader.wake('k');
    await elapse(300);
    expect(commands.length).to.equal(before + 1);
    void reader.page(reading, 0);
    await settled();
    expect(commands.length).to.equal(before + 2);
  });

  it('asks for as much as the sizes that were seen allow [C-DATA-13]', async () => {
    const large = 'x'.repeat(60_000);
    const readings = Array.from({ length: 40 }, (_, n) => open(`k${n}`));
    for (const { key } of readings) there.set(key, [large, large]);
    await Promise.all(readings.map((reading) => reader.page(reading, 0)));
    commands = [];
    const pages = readings.map((reading) => reader.page(reading, 0));
    for (const { key } of readings) there.set(key, [large]);
    await elapse(20);
    await Promise.all(pages);
    expect(Math.max(...commands.map((command) => command.keys.length))).to.be.below(20);
    expect(commands.every((command) => command.count === 1)).to.equal(true);
    expect(commands.flatMap((command) => command.keys)).to.have.members(readings.map(({ key }) => key));
  });

  it('waits out what passes, and tells nobody [C-DATA-7]', async () => {
    failing = unavailable;
    const page = reader.page(open('k'), 0);
    await settled();
    await elapse(500);
    expect(commands.length).to.be.within(3, 10);
    failing = undefined;
    there.set('k', ['a']);
    reader.connectionUp();
    expect(await page).to.have.length(1);
    expect(failures).to.deep.equal([]);
  });

  it('fails the one that Redis refuses for good, and no other [C-DATA-7]', async () => {
    failing = (key) => (key === 'bad' ? new StreamwardenError('PermissionDenied', 'no') : undefined);
    there.set('good', ['a']);
    const bad = rejection(reader.page(open('bad'), 0));
    const good = reader.page(open('good'), 0);
    expect(await bad).to.include({ code: 'PermissionDenied' });
    expect(await good).to.have.length(1);
  });

  it('is held up by no server but the one that fails [C-DATA-7]', async () => {
    failing = (key) => (key.startsWith('far') ? unavailable() : undefined);
    void reader.page(open('far-away'), 0);
    const near = reader.page(open('near'), 0);
    await settled();
    await elapse(100);
    there.set('near', ['a']);
    await elapse(300);
    expect(await near).to.have.length(1);
  });

  it('asks for bytes and for texts apart, and for no key twice at a time', async () => {
    void reader.page(open('a'), 0);
    void reader.page(open('a'), 0);
    void reader.page(open('b', { raw: true }), 0);
    await settled();
    expect(commands.map(({ keys, raw }) => `${keys.join()} ${raw}`)).to.have.members([
      'a false',
      'a false',
      'b true',
    ]);
  });

  it('says so when nothing has come for as long as was to be waited', async () => {
    const reading = open('k');
    expect(await reader.page(reading, 0, 0)).to.equal(undefined);
    const later = reader.page(reading, clock.monotonic(), 100);
    await elapse(90);
    expect(reading.isAsking).to.equal(true);
    await elapse(20);
    expect(await later).to.equal(undefined);
    void reader.page(reading, 0);
    reader.close(reading);
    expect(reader.size).to.equal(0);
  });

  it('goes on with whoever waits when it is started again', async () => {
    const page = reader.page(open('k'), 0);
    await settled();
    reader.stop();
    there.set('k', ['a']);
    reader.start(() => {});
    await elapse(20);
    expect(await page).to.have.length(1);
  });
});
