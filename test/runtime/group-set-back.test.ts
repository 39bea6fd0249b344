/** `XGROUP SETID` to an earlier id, on a running fleet: what the contract says that it does. */
import { expect } from 'chai';
import { crewHeartbeatMs, useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { allowedMs } from '../support/pace.js';
import { useRedis } from '../support/redis.js';

describe('a group that is set back while streams are owned', () => {
  const suite = useRedis();
  const crew = useCrew(suite, { capacity: 1 });

  /** One that is finished and one that is worked on; then everything is delivered anew, to whoever has room. */
  async function setBack(lockKeys: boolean) {
    const owner = await crew.start({ lockKeys });
    await crew.announce('finished');
    await owner.awaitNews('StreamAdded');
    await owner.runtime.owned('finished')?.done();
    const [id = ''] = await crew.announce('working');
    await owner.awaitNews('StreamAdded', 2);
    const other = await crew.start({ lockKeys });
    await suite.redis().xgroup('SETID', crew.lbs, crew.group, '0');
    return { owner, other, id };
  }

  it('gives what is worked on to another consumer, under the same token, where no lock key stands in the way; its owner is told within about 3 H [C-OUT-5, C-ADD-2]', async () => {
    const { owner, other, id } = await setBack(false);
    const [added] = await other.awaitNews('StreamAdded');
    expect(added).to.deep.include({ stream: 'working', id, retryCount: 0 });
    expect(other.runtime.owned('working')?.fencingToken).to.equal(id);
    const [lost] = await owner.awaitNews('StreamDisowned');
    expect(lost).to.deep.include({ stream: 'working', id, reason: 'takenOver' });
    expect((lost?.at ?? 0) - (added?.at ?? 0)).to.be.below(allowedMs(3 * crewHeartbeatMs()));
    // Two owners in between, and what was finished is finished.
    expect(other.told('StreamAdded')).to.have.length(1);
    await other.runtime.owned('working')?.done();
    expect(await suite.redis().xlen(crew.lbs)).to.equal(0);
  });

  it('gives it to nobody else under that token where its lock key stands: it is requeued once the lock is gone [C-OUT-5]', async () => {
    const { owner, other, id } = await setBack(true);
    await owner.awaitNews('StreamDisowned');
    await eventually('somebody owns it again', () =>
      [owner, other].some(({ runtime }) => runtime.owned('working') !== undefined),
    );
    const anew = [owner, other].flatMap((one) => one.told('StreamAdded').slice(one === owner ? 2 : 0));
    expect(anew.map(({ stream }) => stream)).to.include('working');
    for (const one of anew) expect(one.id).to.not.equal(id);
  });
});
