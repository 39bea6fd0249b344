import { expect } from 'chai';
import { SuspectQueue } from '../../src/actors/intake/suspect-queue.js';
import type { Trial } from '../../src/redis/marks.js';

function queueOf(...all: readonly (readonly [count: number, trial: Trial])[]): SuspectQueue {
  const queue = new SuspectQueue();
  let seq = 0;
  for (const [count, trial] of all) {
    for (let left = count; left > 0; left -= 1) {
      seq += 1;
      queue.add({ entry: { id: `1-${seq}`, fields: [] }, trial, since: seq });
    }
  }
  return queue;
}

/** The sizes of all groups, each of which outlives its window. */
function sizesOf(queue: SuspectQueue): number[] {
  const sizes: number[] = [];
  for (let group = queue.next(true); group; group = queue.next(true)) {
    expect(group.trial.among).to.equal(Math.max(2, group.suspects.length));
    sizes.push(group.suspects.length);
    for (const { entry } of group.suspects) queue.delete(entry.id);
  }
  return sizes;
}

const FIRST: Trial = { window: 1, among: 0 };

describe('the queue of suspects', () => {
  it('begins a quarter of those that are there, and then as many again [C-POI-11]', () => {
    expect(sizesOf(queueOf([1000, FIRST]))).to.deep.equal([250, 250, 250, 250]);
    expect(sizesOf(queueOf([5, FIRST]))).to.deep.equal([2, 2, 1]);
    for (let count = 1; count <= 4; count += 1)
      expect(sizesOf(queueOf([count, FIRST])), String(count)).to.deep.equal(Array(count).fill(1));
  });

  it('begins a quarter of more when more have come', () => {
    const queue = queueOf([4, FIRST]);
    expect(queue.next(false)?.suspects).to.have.lengthOf(1);
    for (let n = 0; n < 96; n += 1)
      queue.add({ entry: { id: `2-${n}`, fields: [] }, trial: FIRST, since: 9 });
    expect(queue.next(false)?.suspects).to.have.lengthOf(25);
  });

  it('begins first with those that few belong to, no more than those few, and with short windows [C-POI-11]', () => {
    const queue = queueOf(
      [3, { window: 2, among: 1 }],
      [8, FIRST],
      [9, { window: 1, among: 4 }],
      [1, { window: 1, among: 1 }],
    );
    const groups: [number, number][] = [];
    for (let group = queue.next(true); group; group = queue.next(true)) {
      groups.push([group.trial.window, group.suspects.length]);
      for (const { entry } of group.suspects) queue.delete(entry.id);
    }
    expect(groups).to.deep.equal([
      [1, 1],
      [1, 4],
      [1, 4],
      [1, 1],
      [1, 2],
      [1, 2],
      [1, 2],
      [1, 2],
      [2, 1],
      [2, 1],
      [2, 1],
    ]);
  });

  it('takes for alone only who has nobody beside it, or was singled out by a death before [C-POI-11]', () => {
    const amongOf = (queue: SuspectQueue, areOthersBegun: boolean) => queue.next(areOthersBegun)?.trial.among;
    expect(amongOf(queueOf([1, FIRST]), false)).to.equal(1);
    expect(amongOf(queueOf([1, FIRST]), true)).to.equal(2);
    expect(amongOf(queueOf([2, FIRST]), false)).to.equal(2);
    expect(amongOf(queueOf([3, { window: 1, among: 1 }]), true)).to.equal(1);
    expect(amongOf(queueOf([1, { window: 1, among: 9 }]), true)).to.equal(2);
  });

  it('says who has waited for long, and forgets who is taken off', () => {
    const queue = queueOf([3, FIRST]);
    expect(queue.heldSince(2).map(({ entry }) => entry.id)).to.deep.equal(['1-1', '1-2']);
    queue.delete('1-1');
    expect([queue.has('1-1'), queue.has('1-2'), queue.size]).to.deep.equal([false, true, 2]);
    queue.clear();
    expect([queue.size, queue.next(false)]).to.deep.equal([0, undefined]);
  });
});
