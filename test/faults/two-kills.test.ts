/** Two deaths in a row make nobody suspect: what they leave is recovered with as few questions as ever. 10,000 streams with `npm run test:long`. */
import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { failing } from '../support/failing-stores.js';
import { isLong } from '../support/long.js';
import { keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { streamNames, useFleet } from '../support/runtimes.js';

const STREAMS = isLong ? 10_000 : 2_000;
/** Entries that one call of requeue takes. */
const BATCH = 200;
const APART_MS = 3_000;

describe(`an owner of ${STREAMS} streams that is killed twice, 3 s apart`, () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  it('is recovered by one requeue for 200 streams each time, and by no mark [C-EXP-2, C-POI-11]', async () => {
    const { create, announce, listen, names } = fleet();
    const requeues = failing('group', 'requeue');
    const marks = failing('lease', 'mark');
    const owner = async () => {
      const runtime = create(
        { heartbeatMs: keepable(2_000), notificationBuffer: 2 * STREAMS, lockKeys: false },
        {
          stores: (stores) => {
            const counted = requeues.substitutes.stores?.(stores) ?? stores;
            return marks.substitutes.stores?.(counted) ?? counted;
          },
        },
      );
      const log = listen(runtime);
      await runtime.start();
      return { runtime, log };
    };
    let { runtime, log } = await owner();
    for (let at = 0; at < STREAMS; at += 1_000) await announce(streamNames(1_000, `s${at}`));
    await log.count('StreamAdded', STREAMS);
    for (const retries of [1, 2]) {
      const killedAt = performance.now();
      requeues.fault.calls = 0;
      await runtime.stop({ mode: 'abandon' });
      ({ runtime, log } = await owner());
      await log.count('StreamAdded', STREAMS);
      expect(log.of('StreamAdded').every(({ retryCount }) => retryCount === retries)).to.equal(true);
      // One more where its presence stood still at the first look.
      expect(requeues.fault.calls).to.be.within(STREAMS / BATCH, STREAMS / BATCH + 2);
      if (process.env.SHOW_TIMES)
        console.log(`begun again after ${Math.round(performance.now() - killedAt)} ms`);
      await eventually('3 s have passed', () => performance.now() - killedAt >= APART_MS);
    }
    expect(marks.fault.calls).to.equal(0);
    expect(await suite.redis().xlen(names.dlq)).to.equal(0);
  });
});
