import { expect } from 'chai';
import type { ClusterNode, ClusterView, SlotRange } from '../../src/redis/cluster-view.js';
import { SlotMap, slotOf } from '../../src/redis/slot-map.js';

const node = (
  address: string,
  slots: readonly SlotRange[],
  role: ClusterNode['role'] = 'master',
): ClusterNode => ({
  id: address,
  address,
  role,
  masterId: null,
  isFailed: false,
  slots,
  moving: [],
});
const view = (...nodes: ClusterNode[]): ClusterView => ({
  from: 'a:1',
  id: 'a:1',
  state: 'ok',
  epoch: 1,
  nodes,
});

describe('the map of slots', () => {
  it('puts keys where Redis puts them', () => {
    // CLUSTER KEYSLOT of each.
    expect(slotOf('foo')).to.equal(12_182);
    expect(slotOf('{foo}bar')).to.equal(12_182);
    expect(slotOf('bar{foo}{zap}')).to.equal(12_182);
    expect(slotOf('')).to.equal(0);
    expect(slotOf('ключ')).to.equal(slotOf('{ключ}'));
  });

  it('knows nobody at first', () => {
    expect(new SlotMap().ownerOf(0)).to.equal(undefined);
  });

  it('learns ranges with both ends', () => {
    const map = new SlotMap();
    map.learn(
      view(
        node('a:1', [
          [0, 99],
          [200, 200],
        ]),
        node('b:1', [
          [100, 199],
          [201, 16_383],
        ]),
      ),
    );
    expect([0, 99, 100, 199, 200, 201, 16_383].map((slot) => map.ownerOf(slot))).to.deep.equal([
      'a:1',
      'a:1',
      'b:1',
      'b:1',
      'a:1',
      'b:1',
      'b:1',
    ]);
  });

  it('takes one slot over from a redirection, until it learns all anew', () => {
    const map = new SlotMap();
    const all = view(node('a:1', [[0, 16_383]]));
    map.learn(all);
    map.moved(7, 'b:1');
    expect([6, 7, 8].map((slot) => map.ownerOf(slot))).to.deep.equal(['a:1', 'b:1', 'a:1']);
    map.learn(all);
    expect(map.ownerOf(7)).to.equal('a:1');
  });

  it('keeps the owner of a slot that nobody serves any more', () => {
    const map = new SlotMap();
    map.learn(view(node('a:1', [[0, 99]]), node('b:1', [[100, 199]])));
    map.learn(view(node('b:1', [[100, 199]])));
    expect(map.ownerOf(50)).to.equal('a:1');
  });

  it('is not misled by replicas', () => {
    const map = new SlotMap();
    map.learn(view(node('a:1', [[0, 99]]), node('b:1', [[0, 99]], 'replica')));
    expect(map.ownerOf(0)).to.equal('a:1');
  });
});
