import { expect } from 'chai';
import { Trials } from '../../src/actors/intake/trials.js';
import type { Kernel } from '../../src/actors/kernel.js';
import type { Lease } from '../../src/actors/lease/lease.js';
import { StreamwardenError } from '../../src/core/errors.js';
import { markOf } from '../../src/redis/marks.js';
import { manualClock } from '../support/manual-clock.js';

const WAIT_MS = 8_000;
/** What comes along with the first is waited for. */
const GATHER_MS = 250;
const away = () => new StreamwardenError('RedisUnavailable', 'away', { retriable: true });

function trialsOf({ provenAfterMs = 60_000 } = {}) {
  const clock = manualClock();
  const ended = new AbortController();
  const said: string[] = [];
  const failing: unknown[] = [];
  let hasBegun = false;
  const kernel = {
    clock,
    ended: ended.signal,
    settings: { provenAfterMs },
    logger: { info: () => undefined, debug: () => undefined },
  };
  const say = async (text: string) => {
    const error = failing.shift();
    if (error !== undefined) throw error;
    said.push(text);
  };
  const trials = new Trials(
    kernel as unknown as Kernel,
    { confirmed: async () => undefined } as unknown as Lease,
    {
      begin: (entries, mark) => say(`begin ${entries.map(({ id }) => id)} as ${mark}`),
      isUnproven: () => true,
      outlived: (ids, mark) => say(`outlived ${ids} as ${mark}`),
      ended: () => undefined,
      giveBack: (entries) => said.push(`give back ${entries.map(({ id }) => id)}`),
      failed: (error) => said.push(`failed: ${(error as Error).message}`),
    },
  );
  /** In small steps: whoever waits for a timer has to hear of it, and set the next one. */
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 50) {
      clock.advance(Math.min(50, left));
      await settle();
    }
  };
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    trials,
    said,
    failing,
    end: () => ended.abort(),
    add: async (ids: readonly string[], window = 1, among = 0) => {
      trials.add(ids.map((id) => ({ entry: { id, fields: [] }, trial: { window, among } })));
      await settle();
      if (!hasBegun) await pass(GATHER_MS);
      hasBegun = true;
    },
    pass,
  };
}

describe('trials', () => {
  it('begin one group after the other, each when the one before has outlived its window [C-POI-11]', async () => {
    const { add, pass, said } = trialsOf();
    await add(['1-1', '1-2']);
    expect(said).to.deep.equal(['begin 1-1 as 1000002']);
    await pass(900);
    expect(said).to.have.lengthOf(1);
    await pass(200);
    expect(said.slice(1)).to.deep.equal(['outlived 1-1 as 1000000', 'begin 1-2 as 1000002']);
    await pass(1_100);
    expect(said.slice(3)).to.deep.equal(['outlived 1-2 as 1000000']);
  });

  it('have windows that are four times as long each time, and no longer than provenAfterMs', async () => {
    for (const [window, ms] of [
      [2, 4_000],
      [3, 16_000],
      [9, 60_000],
    ] as const) {
      const { add, pass, said } = trialsOf();
      await add(['1-1'], window);
      await pass(ms - 100);
      expect(said).to.deep.equal([`begin 1-1 as ${markOf({ window, among: 1 })}`]);
      await pass(200);
      expect(said.slice(1)).to.deep.equal([`outlived 1-1 as ${markOf({ window, among: 0 })}`]);
    }
  });

  it('give back what has waited for so long that it could not be owned any more [C-POI-11]', async () => {
    const { add, pass, said, trials } = trialsOf();
    await add(['1-1'], 3);
    await add(['1-2', '1-3'], 3);
    await pass(WAIT_MS - 300);
    expect(trials.waiting).to.equal(2);
    await pass(700);
    expect(said.slice(1)).to.deep.equal(['give back 1-2,1-3']);
    expect(trials.waiting).to.equal(0);
  });

  it('try again after an outage, and have no second group in its window until the first one is noted', async () => {
    const { add, pass, said, failing } = trialsOf();
    failing.push(away());
    await add(['1-1', '1-2']);
    expect(said).to.deep.equal([]);
    await pass(300);
    expect(said).to.deep.equal(['begin 1-1 as 1000002']);
    failing.push(away(), away());
    await pass(1_300);
    expect(said).to.have.lengthOf(1);
    await pass(600);
    expect(said.slice(1)).to.deep.equal(['outlived 1-1 as 1000000', 'begin 1-2 as 1000002']);
  });

  it('hand on what no outage explains, and forget what waits: it is found again', async () => {
    const { add, pass, said, failing, trials } = trialsOf();
    failing.push(new Error('no'));
    await add(['1-1', '1-2']);
    expect(said).to.deep.equal(['failed: no']);
    expect(trials.waiting).to.equal(0);
    await add(['1-1']);
    await pass(GATHER_MS);
    expect(said.slice(1)).to.deep.equal(['begin 1-1 as 1000001']);
  });

  it('begin nothing after a stop, and note all the same what has outlived its window', async () => {
    const { add, pass, said, trials } = trialsOf();
    await add(['1-1', '1-2']);
    trials.stop();
    expect([trials.waiting, trials.has('1-2')]).to.deep.equal([0, false]);
    await add(['1-3']);
    await pass(3_000);
    expect(said).to.deep.equal(['begin 1-1 as 1000002', 'outlived 1-1 as 1000000']);
  });

  it('end with the incarnation', async () => {
    const { add, pass, said, end } = trialsOf();
    await add(['1-1', '1-2']);
    end();
    await pass(3_000);
    expect(said).to.deep.equal(['begin 1-1 as 1000002']);
  });
});
