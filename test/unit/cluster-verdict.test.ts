import { expect } from 'chai';
import { judgeCluster, type NodeAnswer } from '../../src/redis/cluster-verdict.js';
import type { ClusterNode, ClusterView, SlotRange } from '../../src/redis/cluster-view.js';

/** Node `a` is reached at `a:1`. */
const master = (
  id: string,
  slots: readonly SlotRange[] = [],
  changes: Partial<ClusterNode> = {},
): ClusterNode => ({
  id,
  address: `${id}:1`,
  role: 'master',
  masterId: null,
  isFailed: false,
  slots,
  moving: [],
  ...changes,
});
const replica = (id: string, masterId: string, changes: Partial<ClusterNode> = {}): ClusterNode =>
  master(id, [], { role: 'replica', masterId, ...changes });

const says = (id: string, nodes: readonly ClusterNode[], changes: Partial<ClusterView> = {}): NodeAnswer => ({
  address: `${id}:1`,
  view: { from: `${id}:1`, id, state: 'ok', epoch: 3, nodes, ...changes },
});
const silent = (id: string): NodeAnswer => ({ address: `${id}:1`, error: 'connect ECONNREFUSED' });

const [low, middle, high] = [
  [[0, 5460]],
  [[5461, 10_922]],
  [[10_923, 16_383]],
] as const satisfies SlotRange[][];
const three = [master('a', low), master('b', middle), master('c', high)];
/** a is dead, and its replica has its slots. */
const afterFailover = [
  master('a', [], { isFailed: true }),
  master('b', middle),
  master('c', high),
  master('d', low),
];
const beforeFailover = [...three, replica('d', 'a')];

describe('what to make of what the nodes of a cluster say', () => {
  it('is that it is settled when all say that all is well, and agree [C-CLU-4]', () => {
    const nodes = [...three, replica('d', 'a')];
    const verdict = judgeCluster(['a', 'b', 'c', 'd'].map((id) => says(id, nodes)));
    expect(verdict).to.deep.include({
      settled: true,
      problems: [],
      masters: ['a:1', 'b:1', 'c:1'],
      silent: [],
    });
    expect(verdict.view?.nodes).to.deep.equal(nodes);
  });

  it('does not depend on the order in which nodes are listed or ask', () => {
    const verdict = judgeCluster([says('c', [...three].reverse()), says('a', three)]);
    expect(verdict).to.deep.include({ settled: true, masters: ['a:1', 'b:1', 'c:1'] });
  });

  it('is that it is settled without those that do not answer, who are named', () => {
    const verdict = judgeCluster([says('a', three), silent('b'), says('c', three)]);
    expect(verdict).to.deep.include({
      settled: true,
      // Not declared dead: it may be that only we cannot reach it.
      masters: ['a:1', 'b:1', 'c:1'],
      silent: [{ address: 'b:1', error: 'connect ECONNREFUSED' }],
    });
  });

  it('is nothing at all when nobody answers', () => {
    expect(judgeCluster([silent('a'), silent('b')])).to.deep.equal({
      settled: false,
      problems: ['no node answers'],
      view: null,
      masters: [],
      foreign: [],
      silent: [
        { address: 'a:1', error: 'connect ECONNREFUSED' },
        { address: 'b:1', error: 'connect ECONNREFUSED' },
      ],
    });
    expect(judgeCluster([]).settled).to.equal(false);
  });

  describe('is that it is not settled', () => {
    it('while one node says that the cluster is down', () => {
      const verdict = judgeCluster([says('a', three), says('b', three, { state: 'fail' })]);
      expect(verdict).to.deep.include({ settled: false, problems: ['b:1 says cluster_state:fail'] });
    });

    it('while two nodes disagree on who owns a slot: who is behind is named', () => {
      const moved = [master('a', [[0, 5459]]), master('b', [[5460, 10_922]]), master('c', high)];
      const verdict = judgeCluster([
        says('a', three),
        says('b', moved, { epoch: 4 }),
        says('c', moved, { epoch: 4 }),
      ]);
      expect(verdict).to.deep.include({
        settled: false,
        problems: ['a:1 and b:1 disagree on who owns which slot'],
      });
    });

    it('while one has not heard that a slot was given away, though all know the same nodes', () => {
      const without = [master('a', [[0, 5459]]), master('b', middle), master('c', high)];
      expect(judgeCluster([says('a', without), says('b', three)]).settled).to.equal(false);
    });
  });

  it('is that slots on their way are no disagreement [C-CLU-4]', () => {
    const [a, b, c] = three as [ClusterNode, ClusterNode, ClusterNode];
    const source = [{ ...a, moving: ['[5460->-b]'] }, b, c];
    const target = [a, { ...b, moving: ['[5460-<-a]'] }, c];
    const verdict = judgeCluster([says('a', source), says('b', target), says('c', three)]);
    expect(verdict).to.deep.include({ settled: true, problems: [] });
  });

  describe('after a failover', () => {
    it('is by the newest view, whoever is behind', () => {
      const verdict = judgeCluster([
        says('b', beforeFailover),
        says('d', afterFailover, { epoch: 4 }),
        says('c', afterFailover, { epoch: 4 }),
      ]);
      expect(verdict.settled).to.equal(false);
      expect(verdict.view?.from).to.equal('d:1');
      expect(verdict.masters).to.deep.equal(['b:1', 'c:1', 'd:1']);
    });

    it('is that a demoted master is none, though one node still says so', () => {
      const demoted = [replica('a', 'd'), master('b', middle), master('c', high), master('d', low)];
      const verdict = judgeCluster([
        says('a', beforeFailover),
        ...['b', 'c', 'd'].map((id) => says(id, demoted, { epoch: 4 })),
      ]);
      expect(verdict.masters).to.deep.equal(['b:1', 'c:1', 'd:1']);
    });

    it('is by what most agree with, where epochs are the same', () => {
      const verdict = judgeCluster([
        says('b', beforeFailover, { epoch: 4 }),
        says('c', afterFailover, { epoch: 4 }),
        says('d', afterFailover, { epoch: 4 }),
      ]);
      expect(verdict.view?.from).to.equal('c:1');
      expect(verdict.problems).to.deep.equal(['b:1 and c:1 disagree on who owns which slot']);
    });

    it('is settled again when all have heard', () => {
      const verdict = judgeCluster(['b', 'c', 'd'].map((id) => says(id, afterFailover, { epoch: 4 })));
      expect(verdict).to.deep.include({ settled: true, masters: ['b:1', 'c:1', 'd:1'] });
    });
  });

  describe('of a part that is cut off', () => {
    it('is not by its view, which says that the cluster is down', () => {
      const cutOff = [
        master('a', low),
        master('b', middle, { isFailed: true }),
        master('c', high, { isFailed: true }),
        replica('d', 'a', { isFailed: true }),
      ];
      const verdict = judgeCluster([
        says('a', cutOff, { state: 'fail' }),
        ...['b', 'c', 'd'].map((id) => says(id, afterFailover, { epoch: 4 })),
      ]);
      expect(verdict.settled).to.equal(false);
      expect(verdict.masters).to.deep.equal(['b:1', 'c:1', 'd:1']);
    });

    it('neither when it has raised its epoch again and again, as a replica does that nobody votes for', () => {
      const candidate = [...beforeFailover.slice(1), replica('e', 'a'), master('a', low, { isFailed: true })];
      const verdict = judgeCluster([
        says('e', candidate, { state: 'fail', epoch: 90 }),
        ...['b', 'c', 'd'].map((id) => says(id, [...afterFailover, replica('e', 'd')], { epoch: 4 })),
      ]);
      expect(verdict.settled).to.equal(false);
      expect(verdict.view?.from).to.equal('b:1');
      expect(verdict.masters).to.deep.equal(['b:1', 'c:1', 'd:1']);
    });
  });

  describe('of a node that was taken out of the cluster', () => {
    it('is nothing when it was reset and knows itself alone', () => {
      const alone = says('x', [master('x')], { state: 'fail', epoch: 0 });
      expect(judgeCluster([says('a', three), says('b', three), says('c', three), alone])).to.deep.include({
        settled: true,
        problems: [],
        masters: ['a:1', 'b:1', 'c:1'],
      });
    });

    it('is nothing either when it was only forgotten, and still counts itself in', () => {
      const forgotten = says('x', [...three, master('x')], { epoch: 9 });
      expect(judgeCluster([says('a', three), says('b', three), says('c', three), forgotten])).to.deep.include(
        {
          settled: true,
          masters: ['a:1', 'b:1', 'c:1'],
        },
      );
    });

    it('is what the rest says, where the rest is a single node', () => {
      const only = [master('a', [[0, 16_383]])];
      const verdict = judgeCluster([says('x', [master('x')], { state: 'fail', epoch: 9 }), says('a', only)]);
      expect(verdict).to.deep.include({ settled: true, masters: ['a:1'] });
    });
  });

  describe('masters', () => {
    it('are those that serve slots: one without holds no keys, and may be about to become a replica [C-CLU-2]', () => {
      const nodes = [...three, master('e'), replica('d', 'a')];
      const verdict = judgeCluster(['a', 'b', 'c', 'd', 'e'].map((id) => says(id, nodes)));
      expect(verdict).to.deep.include({ settled: true, masters: ['a:1', 'b:1', 'c:1'] });
      expect(
        verdict.view?.nodes.map(({ id }) => id),
        'known all the same',
      ).to.include('e');
    });

    it('are known from one node that answers, though nobody confirms that it belongs to the rest', () => {
      expect(judgeCluster([says('a', three), silent('b'), silent('c')])).to.deep.include({
        settled: true,
        masters: ['a:1', 'b:1', 'c:1'],
      });
    });

    it('are not those that are declared dead, though they keep their slots where the cluster serves the rest', () => {
      const nodes = [master('a', low, { isFailed: true }), master('b', middle), master('c', high)];
      expect(judgeCluster([says('b', nodes), says('c', nodes)])).to.deep.include({
        settled: true,
        masters: ['b:1', 'c:1'],
      });
    });
  });

  describe('where the address of a node has gone to another cluster', () => {
    const foreignNodes = [master('x', low), master('y', [[5461, 16_383]])];
    /** The address of a of ours, a higher epoch, and everything well. */
    const foreignView: NodeAnswer = {
      address: 'a:1',
      view: { from: 'a:1', id: 'x', state: 'ok', epoch: 99, nodes: foreignNodes },
    };
    const members = new Set(['a', 'b', 'c', 'd']);
    const stranger = 'a:1 is a node of another cluster';

    it('is that it has no say, whatever its epoch, and is named [C-CLU-12]', () => {
      const answers = [foreignView, ...['b', 'c', 'd'].map((id) => says(id, afterFailover))];
      expect(judgeCluster(answers, { members, seeds: ['a:1'] })).to.deep.include({
        settled: true,
        problems: [stranger],
        masters: ['b:1', 'c:1', 'd:1'],
        foreign: ['a:1'],
      });
    });

    it('is that nobody of ours answers, where only such do [C-CLU-12]', () => {
      const verdict = judgeCluster([foreignView, silent('b')], { members, seeds: ['a:1'] });
      expect(verdict).to.deep.include({ settled: false, view: null, masters: [], foreign: ['a:1'] });
      expect(verdict.problems).to.include(stranger);
    });

    it('is that one node of ours in a view of others makes it no view of ours [C-CLU-12]', () => {
      const mixed = [...foreignNodes, master('z'), master('d', high)];
      const verdict = judgeCluster([says('d', mixed, { epoch: 99 }), says('b', three), says('c', three)], {
        members,
        seeds: [],
      });
      expect(verdict).to.deep.include({ foreign: ['d:1'], masters: ['a:1', 'b:1', 'c:1'] });
    });

    it('is that a cluster that shrinks or grows by more than half is still ours [C-CLU-12]', () => {
      const shrunk = [master('a', [[0, 16_383]])];
      expect(judgeCluster([says('a', shrunk)], { members, seeds: [] })).to.deep.include({ foreign: [] });
      const grown = [...three, replica('d', 'a'), ...'efghijkl'.split('').map((id) => master(id))];
      expect(judgeCluster([says('b', grown)], { members, seeds: [] })).to.deep.include({ foreign: [] });
    });

    it('is, before anything is known of ours, that it is the one that most given addresses lead to [C-CLU-12]', () => {
      const ours = ['b', 'c'].map((id) => says(id, three));
      const seeds = ['a:1', 'b:1', 'c:1'];
      const verdict = judgeCluster([foreignView, ...ours], { members: new Set(), seeds });
      expect(verdict).to.deep.include({ foreign: ['a:1'], masters: ['a:1', 'b:1', 'c:1'] });
    });

    it('is that a node that was taken out, and is alone, is not ours although it is given first', () => {
      const alone = says('z', [master('z')], { state: 'fail', epoch: 0 });
      const verdict = judgeCluster([alone, says('b', three)], { members: new Set(), seeds: ['z:1', 'b:1'] });
      expect(verdict).to.deep.include({ foreign: ['z:1'], settled: true });
    });
  });
});
