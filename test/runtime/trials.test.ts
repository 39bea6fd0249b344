import { expect } from 'chai';
import { markOf, NOT_BEGUN } from '../../src/redis/marks.js';
import { eventually } from '../support/eventually.js';
import { keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { useFleet } from '../support/runtimes.js';

const heartbeatMs = keepable(500);
/** So that no window ends in a test that does not want it to: the fourth is 64 s long. */
const LONG = String(markOf({ window: 4, among: 0 }));
const SHORT = String(markOf({ window: 1, among: 1 }));

describe('suspects', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  /** In one go, so that they are read together. */
  async function announce(trial: string | undefined, ...streams: string[]): Promise<string[]> {
    const { names } = fleet();
    const multi = suite.redis().multi();
    for (const name of streams) {
      const counts = trial === undefined ? [] : ['_retry_count', '3', '_deaths', '3', '_trial', trial];
      multi.xadd(names.lbs, '*', 'lbs-input', JSON.stringify({ DataStreamName: name }), ...counts);
    }
    return ((await multi.exec()) ?? []).map(([, id]) => String(id));
  }

  async function group(): Promise<void> {
    const { names } = fleet();
    await suite.redis().xgroup('CREATE', names.lbs, names.group, '0', 'MKSTREAM');
  }

  async function marks(): Promise<number[]> {
    const { names } = fleet();
    const rows = (await suite.redis().xpending(names.lbs, names.group, '-', '+', 100)) as unknown[][];
    return rows.map((row) => Number(row[3]));
  }

  it('are begun a quarter at a time, behind whatever is no suspect, and reading goes on [C-POI-11]', async () => {
    const { listening } = fleet();
    await group();
    await announce(LONG, 's1', 's2', 's3', 's4', 's5');
    await announce(undefined, 'plain');
    const { log } = await listening({ heartbeatMs });
    await log.count('StreamAdded', 3);
    await announce(undefined, 'later');
    await log.count('StreamAdded', 4);
    expect(log.of('StreamAdded').map(({ stream }) => stream)).to.deep.equal(['plain', 's1', 's2', 'later']);
    const begun = markOf({ window: 4, among: 2 });
    expect(await marks()).to.deep.equal([begun, begun, NOT_BEGUN, NOT_BEGUN, NOT_BEGUN, 1, 1]);
  });

  it('are all begun in the end, and note that they have outlived their window [C-POI-11]', async () => {
    const { listening } = fleet();
    await group();
    await announce(SHORT, 's1', 's2');
    const { runtime, log } = await listening({ heartbeatMs });
    await log.count('StreamAdded', 2);
    const outlived = markOf({ window: 1, among: 0 });
    await eventually('both have outlived it', async () => (await marks()).every((mark) => mark === outlived));
    expect(runtime.snapshot().streams.map(({ mark }) => mark)).to.deep.equal(['suspect', 'suspect']);
  });

  it('that wait go back to everyone when their process stops, and count as handed over [C-POI-11, C-STOP-10]', async () => {
    const { listening, names } = fleet();
    await group();
    await announce(LONG, 's1', 's2', 's3');
    const { runtime, log } = await listening({ heartbeatMs });
    await log.count('StreamAdded', 1);
    const report = await runtime.stop();
    expect(report).to.include({ handedOver: 3 });
    const entries = await suite.redis().xrange(names.lbs, '-', '+');
    expect(entries.map(([, fields]) => fields.slice(2))).to.deep.equal(
      Array(3).fill(['_retry_count', '3', '_deaths', '3', '_trial', LONG]),
    );
  });

  it('that wait take room: no more is read than can be owned [C-POI-11, C-CAP-1]', async () => {
    const { listening, names } = fleet();
    await group();
    await announce(LONG, 's1', 's2', 's3', 's4');
    await announce(undefined, 'plain');
    const { log } = await listening({ heartbeatMs, capacity: 4 });
    await log.count('StreamAdded', 1);
    const [row] = (await suite.redis().xinfo('GROUPS', names.lbs)) as unknown[][];
    expect(row?.[row.indexOf('pending') + 1]).to.equal(4);
  });

  it('that wait are not taken for unknown by a verification, nor begun twice [C-POI-11, C-ADD-5]', async () => {
    const { listening } = fleet();
    await group();
    await announce(LONG, 's1', 's2', 's3', 's4');
    const { runtime, log } = await listening({ heartbeatMs });
    await log.count('StreamAdded', 1);
    let verified = 0;
    runtime.seam.on('heartbeat', () => {
      verified += 1;
    });
    // Every connection that is lost is followed by a verification.
    await suite.redis().call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await eventually('it beats again', () => verified >= 4);
    expect(log.of('StreamAdded').map(({ stream }) => stream)).to.deep.equal(['s1']);
    expect(await marks()).to.deep.equal([markOf({ window: 4, among: 2 }), NOT_BEGUN, NOT_BEGUN, NOT_BEGUN]);
  });
});
