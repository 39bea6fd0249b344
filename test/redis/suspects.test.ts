import { expect } from 'chai';
import { markOf, NOT_BEGUN, PROVEN, toTrial, trialFor } from '../../src/redis/marks.js';
import { deadLetters } from '../support/dead-letters.js';
import { useRedis } from '../support/redis.js';
import { useWire, type WireConsumer } from '../support/wire.js';

const HEIR = 'heir~0000000f';
const TAKE = { minIdleMs: 0, spendAlways: false, lockKeys: [] };

describe('a stream whose owner dies once too often', () => {
  const suite = useRedis();
  const wire = useWire(suite);
  const { names } = wire;
  let deaths = 0;

  beforeEach(() => {
    deaths = 0;
  });

  interface Life {
    /** Whether it was owned at all. @defaultValue true */
    readonly isOwned?: boolean;
    readonly mark?: number;
    /** Once it was owned. */
    readonly lastMark?: number;
    readonly maxRetries?: number;
    readonly spendAlways?: boolean;
    readonly dlqIsLocal?: boolean;
  }

  /** A consumer is given what there is, and dies. What became of it: the outcome, or the fields that count. */
  async function die(life: Life) {
    const { isOwned = true, mark, lastMark, maxRetries = 3, spendAlways = false, dlqIsLocal = true } = life;
    deaths += 1;
    const settings = { maxRetries, dlqIsLocal };
    const consumer: WireConsumer = await wire.join(`c~0000000${deaths}`, settings);
    const batch = await consumer.read();
    const ids = batch.map(({ id }) => id);
    if (mark !== undefined) await consumer.lease.mark(ids, mark);
    if (isOwned) await consumer.lease.acquire(batch);
    if (lastMark !== undefined) await consumer.lease.mark(ids, lastMark);
    await consumer.vanish();
    const result = await wire
      .stranger(HEIR, settings)
      .group.requeue(consumer.name, batch, { ...TAKE, spendAlways });
    if (result === 'alive') throw new Error('expected it to be dead');
    const [moved] = result.moved;
    if (moved?.outcome !== 'requeued') return moved?.outcome;
    const [[, fields] = ['', []]] = await wire.entries(names.lbs);
    const own = fields.flatMap((name, at) => (name.startsWith('_') ? [[name, fields[at + 1]]] : []));
    return Object.fromEntries(own) as Record<string, string>;
  }

  const announce = (...fields: string[]) =>
    wire.announce('s', '_retry_count', '3', '_deaths', '3', ...fields);
  const suspect = (window: number, among: number) => String(markOf({ window, among }));

  for (const [title, mark, trial] of [
    ['one of 1,000', markOf({ window: 1, among: 1000 }), suspect(1, 250)],
    ['one of 7', markOf({ window: 1, among: 7 }), suspect(1, 1)],
    ['one of 2, with a longer window', markOf({ window: 3, among: 2 }), suspect(3, 1)],
    ['one that has outlived its window', markOf({ window: 2, among: 0 }), suspect(3, 0)],
    ['any other', undefined, suspect(1, 0)],
  ] as const) {
    it(`and that was begun as ${title}, is a suspect; no retry is spent [C-POI-11]`, async () => {
      await announce();
      const fields = await die(mark === undefined ? {} : { mark });
      expect(fields).to.deep.equal({ _retry_count: '3', _deaths: '4', _trial: trial });
      expect((await wire.history()).at(-1)).to.include({ op: 'requeued', count: 3, trial: Number(trial) });
    });
  }

  it('is dead-lettered when it was begun alone [C-POI-11, C-POI-2]', async () => {
    await announce('_trial', suspect(1, 1));
    expect(await die({ mark: markOf({ window: 1, among: 1 }) })).to.equal('deadLettered');
    const [letter] = await deadLetters(suite.redis(), names.dlq);
    expect(letter?.fields).to.include({
      _retry_count: '4',
      _deaths: '4',
      _dlq_reason: 'max_retries_exceeded',
    });
    expect(letter?.fields).not.to.have.property('_trial');
  });

  it('is dead-lettered when it was to be a suspect and nobody could mark it, as where XCLAIM is not permitted', async () => {
    await announce('_trial', suspect(1, 0));
    expect(await die({})).to.equal('deadLettered');
  });

  it('is taken from a consumer of the Go client as ever, and its trial is copied along', async () => {
    await announce('_trial', suspect(1, 4));
    expect(
      await die({ spendAlways: true, maxRetries: 9, mark: markOf({ window: 1, among: 4 }) }),
    ).to.deep.equal({
      _retry_count: '4',
      _deaths: '4',
      _trial: suspect(1, 4),
    });
  });

  it('is dead-lettered by the first death with maxRetries 0, as before, and whoever of the Go client dies', async () => {
    await wire.announce('s');
    expect(await die({ maxRetries: 0 })).to.equal('deadLettered');
    await announce();
    expect(await die({ spendAlways: true })).to.equal('deadLettered');
  });

  it('is convicted by no death when it is proven [C-EXP-8, C-POI-11]', async () => {
    await announce('_trial', suspect(1, 1));
    deaths = 1;
    const consumer = await wire.join('c~00000001');
    const batch = await consumer.read();
    const ids = batch.map(({ id }) => id);
    await consumer.lease.mark(ids, markOf({ window: 1, among: 1 }));
    await consumer.lease.acquire(batch);
    await consumer.lease.mark(ids, PROVEN);
    await consumer.vanish();
    await wire.stranger(HEIR).group.requeue(consumer.name, batch, TAKE);
    const [[, fields] = ['', []]] = await wire.entries(names.lbs);
    expect(fields.slice(2)).to.deep.equal(['_retry_count', '1', '_deaths', '1']);
  });

  it('is still what it was where its owner was about to begin with it once more, having lost sight of it [C-POI-11]', async () => {
    await announce('_trial', suspect(2, 5));
    const before = { _retry_count: '3', _trial: suspect(2, 5) };
    const life = { mark: markOf({ window: 2, among: 1 }), lastMark: NOT_BEGUN };
    expect(await die(life)).to.deep.equal({ ...before, _deaths: '4' });
  });

  it('is still what it was where its owner had not begun with it, or had not become its owner [C-POI-11]', async () => {
    await announce('_trial', suspect(2, 5));
    const before = { _retry_count: '3', _deaths: '3', _trial: suspect(2, 5) };
    expect(await die({ isOwned: false, mark: NOT_BEGUN })).to.deep.equal(before);
    expect(await die({ isOwned: false, mark: markOf({ window: 2, among: 5 }) })).to.deep.equal({
      ...before,
      _delivery_count: '1',
    });
  });

  it('keeps its trial when it is handed over, and falls when its handler throws', async () => {
    await announce('_trial', suspect(1, 4));
    const consumer = await wire.join('a~00000001');
    const mark = markOf({ window: 1, among: 4 });
    const own = async () => {
      const batch = await consumer.read();
      await consumer.lease.mark(
        batch.map(({ id }) => id),
        mark,
      );
      await consumer.lease.acquire(batch);
      return batch;
    };
    await consumer.lease.giveBack('handOver', await own());
    const [[, fields] = ['', []]] = await wire.entries(names.lbs);
    expect(fields.slice(-2)).to.deep.equal(['_trial', suspect(1, 4)]);
    const { moved } = await consumer.lease.giveBack('failed', await own());
    expect(moved[0]).to.include({ outcome: 'deadLettered', retryCount: 4 });
  });

  it('falls likewise where letters live in another slot, and its letter says nothing of the trial [C-CLU-9]', async () => {
    await announce('_trial', suspect(1, 1));
    expect(await die({ mark: markOf({ window: 1, among: 1 }), dlqIsLocal: false })).to.equal('deadLetterDue');
    const heir = wire.stranger(HEIR, { dlqIsLocal: false });
    const [id = ''] = await wire.pendingIds();
    const { letters } = await heir.due.claim('max_retries_exceeded', [{ id }], 0, {
      cause: 'dead',
      owner: 'c',
    });
    expect(letters[0]?.retryCount).to.equal(4);
    expect(letters[0]?.fields.map(String)).not.to.include('_trial');
  });
});

describe('marks', () => {
  it('say which window, and one of how many', () => {
    for (const trial of [
      { window: 1, among: 0 },
      { window: 1, among: 999_999 },
      { window: 12, among: 3 },
    ])
      expect(toTrial(markOf(trial))).to.deep.equal(trial);
    expect(markOf({ window: 1, among: 5_000_000 })).to.equal(1_999_999);
    expect(toTrial(7)).to.deep.equal({ window: 1, among: 7 });
  });

  it('make a suspect of what one more death would dead-letter, and which owners have died of [C-POI-11]', () => {
    const fields = (retries: number, deaths: number) => [
      '_retry_count',
      `${retries}`,
      '_deaths',
      `${deaths}`,
    ];
    expect(trialFor(fields(3, 1), 3)).to.deep.equal({ window: 1, among: 0 });
    expect(trialFor(fields(2, 2), 3)).to.equal(undefined);
    // Its handler failed three times. That says who is to blame, and that it kills nobody.
    expect(trialFor(fields(3, 0), 3)).to.equal(undefined);
    expect(trialFor(fields(3, 3), 0)).to.equal(undefined);
    expect(trialFor(['_trial', '2000005'], 3)).to.deep.equal({ window: 2, among: 5 });
  });
});
