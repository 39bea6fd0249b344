import { expect } from 'chai';
import { crewHeartbeatMs, type Member, useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { failing } from '../support/failing-stores.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';

const names = Array.from({ length: 20 }, (_, index) => `stream-${index}`);

describe('trouble with Redis while streams are owned', () => {
  const suite = useRedis({ appendOnly: true, config: { appendfsync: 'always' } });
  const crew = useCrew(suite);

  async function ownTwenty(member: Member): Promise<void> {
    await crew.announce(...names);
    await member.awaitNews('StreamAdded', names.length);
  }

  /** Finishes everything and looks at what the history says. */
  async function finishAll(...members: Member[]) {
    for (const { runtime } of members) {
      await Promise.all([...runtime.ownedStreams()].map((stream) => stream.done()));
    }
    return await crew.history();
  }

  const keepsWorking = async (member: Member) => {
    const [id] = await crew.announce('afterwards');
    await eventually('new work is owned', () => member.runtime.owned('afterwards')?.id === id);
  };

  it('restarted with its data: owners keep their streams, nothing is requeued, and new work flows [C-UNC-4, C-UNC-1, C-UNC-3]', async () => {
    const owner = await crew.start();
    await ownTwenty(owner);
    const other = await crew.start();
    const lapsed = await suite.redis().get(`{${crew.lbs}}:presence:${owner.name}`);
    expect(lapsed).to.match(/^v1:\d+$/);

    await suite.server().kill();
    // Long enough for every lease to have run out by Redis's clock.
    await owner.awaitNews('StreamUncertain', names.length);
    await suite.server().restart();

    await owner.awaitNews('StreamConfirmed', names.length);
    await crew.announce('afterwards');
    await eventually('new work is owned', () =>
      [owner, other].some(({ runtime }) => runtime.owned('afterwards') !== undefined),
    );
    // Beyond the settling time of the reconcilers, after which they take what looks dead.
    const sweeps = other.runtime.snapshot().reconciler.sweeps;
    await eventually(
      'the other one has swept again',
      () => other.runtime.snapshot().reconciler.sweeps > sweeps + 1,
    );
    expect(owner.told('StreamDisowned')).to.deep.equal([]);
    expect(owner.runtime.snapshot().counters.lost).to.equal(0);
    expect(other.runtime.snapshot().counters.requeued).to.equal(0);
    const report = await finishAll(owner, other);
    expect(report.violations).to.deep.equal([]);
    expect(report.ends.finished).to.equal(names.length + 1);
    expect(report.recovered).to.equal(0);
  });

  for (const role of ['commands', 'reader', 'subscriber'] as const) {
    it(`cuts the ${role} connection: the runtime makes another one and loses nothing`, async () => {
      const owner = await crew.start();
      await ownTwenty(owner);
      const find = async () => {
        const list = (await suite.redis().client('LIST')) as string;
        const line = list
          .split('\n')
          .find((text) => text.includes(`name=streamwarden:${owner.name}:${role} `));
        return line === undefined ? null : Number(/^id=(\d+)/.exec(line)?.[1]);
      };
      const before = await eventually('the connection is listed', find);

      await suite.redis().client('KILL', 'ID', before);
      await eventually('there is another one', async () => ((await find()) ?? before) !== before);
      await eventually('all is well', () => owner.runtime.health().ready);
      await eventually(
        'the subscription is live',
        () => owner.runtime.snapshot().subscriptions[0]?.state === 'live',
      );
      await keepsWorking(owner);
      expect(owner.runtime.state).to.equal('running');
      expect(owner.told('StreamDisowned')).to.deep.equal([]);
      expect(owner.told('StreamUncertain')).to.deep.equal([]);
      const report = await finishAll(owner);
      expect(report.violations).to.deep.equal([]);
      expect(report.ends.finished).to.equal(names.length + 1);
    });
  }

  it('hears events again after the subscriber connection was cut', async () => {
    const owner = await crew.start();
    await suite.redis().client('KILL', 'TYPE', 'PUBSUB');
    await eventually(
      'it is subscribed again',
      () => owner.runtime.snapshot().subscriptions[0]?.attempts === 2,
    );
    await eventually('it is live', () => owner.runtime.snapshot().subscriptions[0]?.state === 'live');
    const before = owner.runtime.snapshot().counters.keyspaceEvents;
    await suite.redis().set(`x<MUTEX_KEY_SEP>1-1`, 'somebody', 'PX', 1);
    await eventually('the expiry is heard', async () => {
      await suite.redis().get('x<MUTEX_KEY_SEP>1-1');
      return owner.runtime.snapshot().counters.keyspaceEvents > before;
    });
  });

  it('forgets the scripts: they are sent again', async () => {
    const owner = await crew.start();
    await ownTwenty(owner);
    await suite.redis().script('FLUSH');
    await keepsWorking(owner);
    const report = await finishAll(owner);
    expect(report.violations).to.deep.equal([]);
    expect(report.ends.finished).to.equal(names.length + 1);
    expect(owner.runtime.snapshot().failures).to.deep.equal([]);
    expect(owner.told('StreamUncertain')).to.deep.equal([]);
  });

  describe('and everything is gone', () => {
    const losses = {
      'the group is destroyed': () => suite.redis().xgroup('DESTROY', crew.lbs, crew.group),
      'the database is flushed': () => suite.redis().flushall(),
    };
    for (const [what, lose] of Object.entries(losses)) {
      it(`because ${what}: each owner hears of it, the group is made again and new work flows [C-LOST-2, C-LOST-3, C-OUT-5]`, async () => {
        const members = [await crew.start(), await crew.start()];
        await crew.announce(...names);
        const added = () => members.flatMap((member) => member.told('StreamAdded'));
        await eventually('all are owned', () => added().length === names.length);
        const signals = members.flatMap(({ runtime }) =>
          [...runtime.ownedStreams()].map(({ signal }) => signal),
        );

        await lose();
        const disowned = () => members.flatMap((member) => member.told('StreamDisowned'));
        await eventually('all are disowned', () => disowned().length === names.length);
        expect(new Set(disowned().map(({ reason }) => reason))).to.deep.equal(new Set(['entryGone']));
        expect(signals.every((signal) => signal.aborted)).to.equal(true);

        await suite.redis().xadd(crew.lbs, '*', 'lbs-input', '{"DataStreamName":"afterwards"}');
        await eventually('new work is owned', () =>
          members.some(({ runtime }) => runtime.owned('afterwards') !== undefined),
        );
        const groups = (await suite.redis().xinfo('GROUPS', crew.lbs)) as unknown[][];
        expect(groups.map((row) => row[1])).to.deep.equal([crew.group]);
        for (const { runtime } of members) expect(runtime.state).to.equal('running');
      });
    }
  });

  it('holds a lock that never runs out on a stream of a dead owner: it is looked at now and then, not all the time', async () => {
    const victim = await crew.start();
    const [id] = await crew.announce('one');
    await victim.awaitNews('StreamAdded');
    const heir = await crew.start();
    await victim.runtime.stop({ mode: 'abandon' });
    const lock = `one<MUTEX_KEY_SEP>${id}`;
    await suite.redis().set(lock, 'somebody');
    // Its being dead stands in the snapshot only while it is being requeued.
    await new Promise<void>((resolve) => {
      const leave = heir.runtime.seam.on('sweepFinished', ({ dead }) => {
        if (dead === 0) return;
        leave();
        resolve();
      });
    });
    const before = heir.runtime.snapshot().reconciler.sweeps;
    const { validUntil } = heir.runtime.snapshot().lease;
    await eventually('two heartbeats have passed', () => {
      return (heir.runtime.snapshot().lease.validUntil ?? 0) >= (validUntil ?? 0) + 2 * crewHeartbeatMs();
    });
    expect(heir.runtime.snapshot().reconciler.sweeps - before).to.be.within(1, 12);
    expect(heir.runtime.snapshot().owned).to.equal(0);
    await suite.redis().del(lock);
    const [added] = await heir.awaitNews('StreamAdded');
    expect(added).to.include({ stream: 'one', retryCount: 1 });
  });

  it('delivered a malformed entry in a lost reply: it is dead-lettered, and the lease is confirmed all the same', async () => {
    const owner = await crew.start();
    await ownTwenty(owner);
    await owner.runtime.pause();
    const id = await suite.redis().xadd(crew.lbs, '*', 'lbs-input', 'not JSON');
    await suite.redis().xreadgroup('GROUP', crew.group, owner.name, 'COUNT', 1, 'STREAMS', crew.lbs, '>');
    await suite.redis().call('CLIENT', 'KILL', 'TYPE', 'NORMAL', 'SKIPME', 'yes');

    await eventually('it is dead-lettered', async () => {
      const [letter] = await suite.redis().xrange(crew.dlq, '-', '+');
      return letter?.[1].includes('unparseable') ?? null;
    });
    expect(await suite.redis().xrange(crew.lbs, String(id), String(id))).to.deep.equal([]);
    owner.runtime.resume();
    const report = await finishAll(owner);
    expect(report.ends.finished).to.equal(names.length);
    expect(report.violations).to.deep.equal([]);
  });

  it('delivered entries in a lost reply: they are adopted, as nobody has worked on them [C-ADD-5]', async () => {
    const owner = await crew.start();
    await owner.runtime.pause();
    await crew.announce(...names);
    await suite.redis().xreadgroup('GROUP', crew.group, owner.name, 'COUNT', 20, 'STREAMS', crew.lbs, '>');
    await suite.redis().call('CLIENT', 'KILL', 'TYPE', 'NORMAL', 'SKIPME', 'yes');
    const added = await owner.awaitNews('StreamAdded', names.length);
    expect(new Set(added.map(({ retryCount }) => retryCount))).to.deep.equal(new Set([0]));
    const report = await finishAll(owner);
    expect(report.ends.finished).to.equal(names.length);
    expect(report.violations).to.deep.equal([]);
  });

  it('hits a bug while a stream is being finished: the caller hears of it and the stream goes back [C-LOST-2]', async () => {
    const { fault, substitutes } = failing('lease', 'done');
    const owner = await crew.start({}, substitutes);
    await ownTwenty(owner);
    const stream = owner.runtime.owned('stream-7');
    fault.fail = (call) => (call === 1 ? new TypeError('a bug') : undefined);

    expect(await rejection(stream?.done() ?? Promise.resolve())).to.be.an.instanceOf(TypeError);
    const [disowned] = await owner.awaitNews('StreamDisowned');
    expect(disowned).to.include({ stream: 'stream-7', reason: 'failed' });
    await eventually('it is owned again', () => {
      const again = owner.runtime.owned('stream-7');
      return again !== undefined && again.id !== stream?.id;
    });
    expect(owner.runtime.snapshot().failures.map(({ error }) => error.code)).to.deep.equal(['TypeError']);
    const report = await finishAll(owner);
    expect(report.ends.finished).to.equal(names.length);
    expect(report.violations).to.deep.equal([]);
  });

  it('hits a bug while a stream is being released: it does not stay half given back [C-LOST-2]', async () => {
    const { fault, substitutes } = failing('lease', 'giveBack');
    const owner = await crew.start({}, substitutes);
    await ownTwenty(owner);
    const stream = owner.runtime.owned('stream-7');
    fault.fail = (call) => (call === 1 ? new TypeError('a bug') : undefined);

    expect(await rejection(stream?.release() ?? Promise.resolve())).to.be.an.instanceOf(TypeError);
    const [disowned] = await owner.awaitNews('StreamDisowned');
    expect(disowned).to.include({ stream: 'stream-7', reason: 'failed' });
    await eventually('it is owned again', () => owner.runtime.owned('stream-7') !== undefined);
    const report = await finishAll(owner);
    expect(report.ends.finished).to.equal(names.length);
    expect(report.violations).to.deep.equal([]);
  });
});
