import { expect } from 'chai';
import { compareFencingTokens, type StreamHandle } from '../../src/index.js';
import { useFaultProxy } from '../support/fault-proxy.js';
import { soundHistory } from '../support/history.js';
import { keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { useFleet } from '../support/runtimes.js';

/** Remembers the largest token it has seen and refuses smaller ones. */
class Resource {
  readonly written: string[] = [];
  #largest = '0-0';

  write(token: string, what: string): boolean {
    if (compareFencingTokens(token, this.#largest) < 0) return false;
    this.#largest = token;
    this.written.push(what);
    return true;
  }
}

// Both processes are this one, so its clock orders what they do.
describe('an owner that is cut off while others are not', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);
  const proxy = useFaultProxy(suite);

  async function cutOff(onUncertain: 'continue' | 'abort') {
    const { announce, listening } = fleet();
    const ids = await announce(['a']);
    const owner = await listening({ redis: proxy().url, onUncertain, heartbeatMs: keepable(500) });
    await owner.log.first('StreamAdded', 'a');
    const handle = owner.runtime.owned('a') as StreamHandle;
    // Made now: what matters is when it aborts.
    const { signal } = handle;
    const abortedAt = new Promise<number>((resolve) => {
      signal.addEventListener('abort', () => resolve(Date.now()));
    });
    const other = await listening({ heartbeatMs: keepable(500) });
    proxy().freeze();
    const next = await other.log.first('StreamAdded', 'a');
    return { ids, owner, handle, signal, abortedAt, other, next, token: handle.fencingToken };
  }

  it("with 'abort' has stopped before anybody else begins, and not before its lease was over [C-OVL-1, C-OVL-2, C-UNC-2]", async () => {
    const { ids, owner, handle, signal, abortedAt, next } = await cutOff('abort');
    expect(signal.reason).to.include({ code: 'LeaseUncertain' });
    // Both clocks count whole milliseconds.
    expect(await abortedAt).to.be.at.least(handle.validUntil - 2);
    expect(await abortedAt).to.be.at.most(next.at);
    proxy().thaw();
    expect(await owner.log.first('StreamDisowned', 'a')).to.include({ reason: 'takenOver' });
    expect(owner.log.of('StreamConfirmed')).to.deep.equal([]);
    await soundHistory(suite.redis(), fleet(), ids);
  });

  it("with 'continue' works on until it can ask; a resource that compares tokens refuses it [C-OVL-3, C-OVL-7, C-ADD-7]", async () => {
    const { ids, owner, handle, signal, next, token } = await cutOff('continue');
    const resource = new Resource();
    expect(next.at).to.be.at.least(handle.validUntil);
    expect(signal.aborted).to.equal(false);
    expect(resource.write(token, 'before')).to.equal(true);
    expect(resource.write(next.id, 'the new owner')).to.equal(true);
    expect(resource.write(token, 'too late')).to.equal(false);
    expect(resource.written).to.deep.equal(['before', 'the new owner']);

    proxy().thaw();
    expect(await owner.log.first('StreamDisowned', 'a')).to.include({ reason: 'takenOver' });
    expect(signal.reason).to.include({ code: 'StreamNotOwned' });
    await soundHistory(suite.redis(), fleet(), ids);
  });
});
