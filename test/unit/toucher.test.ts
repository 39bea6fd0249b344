import { expect } from 'chai';
import type { Kernel } from '../../src/actors/kernel.js';
import type { Lease } from '../../src/actors/lease/lease.js';
import { Toucher } from '../../src/actors/lease/toucher.js';
import type { Ownerships } from '../../src/actors/ownerships.js';
import { StreamwardenError } from '../../src/index.js';
import { manualClock } from '../support/manual-clock.js';

const ROUND_MS = 15_000;
const PAGE = 250;

describe('what is held beside consumers of the Go client', () => {
  /** When each page was touched, in milliseconds, until so much time has passed. */
  async function pagesOf(held: number, untilMs: number, isDown: (at: number) => boolean = () => false) {
    const clock = manualClock();
    const tried: number[] = [];
    const touched: { readonly at: number; readonly from: string }[] = [];
    const touch = async (from: string) => {
      const at = clock.monotonic();
      tried.push(at);
      if (isDown(at)) throw new StreamwardenError('RedisUnavailable', 'away', { retriable: true });
      touched.push({ at, from });
      const first = from === '-' ? 0 : Number(from.split('-', 1)[0]);
      const last = first + PAGE - 1;
      return { last: last < held - 1 ? `${last}-18446744073709551615` : undefined, count: PAGE, gone: [] };
    };
    const toucher = new Toucher(
      { clock, settings: { lockKeys: true }, lease: { touch } } as unknown as Kernel,
      { report: () => undefined } as unknown as Lease,
      { size: held } as unknown as Ownerships,
      { vanished: () => undefined },
    );
    toucher.start((error) => expect.fail(String(error)));
    while (clock.monotonic() < untilMs) {
      clock.advance(50);
      await new Promise((resolve) => setImmediate(resolve));
    }
    toucher.stop();
    expect(clock.pending).to.deep.equal([]);
    return { touched, tried };
  }

  it('is touched in pages that are spread over a round of 15 s, each page once a round [C-GO-1]', async () => {
    const { touched } = await pagesOf(20 * PAGE, 3 * ROUND_MS - 100);
    expect(touched).to.have.length(2 * 20);
    expect(new Set(touched.map(({ from }) => from))).to.have.property('size', 20);
    const gaps = touched.slice(1).map(({ at }, index) => at - (touched[index]?.at ?? 0));
    for (const gap of gaps) expect(gap).to.be.closeTo(ROUND_MS / 20, 100);
  });

  it('is touched at once where an outage has delayed it: the round is over when it would have been [C-GO-1]', async () => {
    const isDown = (at: number) => at > 16_000 && at < 26_000;
    const { touched, tried } = await pagesOf(20 * PAGE, 3 * ROUND_MS - 100, isDown);
    const round = touched.filter(({ at }) => at < 2 * ROUND_MS);
    expect(new Set(round.map(({ from }) => from))).to.have.property('size', 20);
    expect(tried.filter(isDown).length, 'tries while Redis is away').to.be.within(5, 11);
  });
});
