import { expect } from 'chai';
import type { GroupStore } from '../../src/redis/group.js';
import { createNames } from '../../src/redis/names.js';
import { useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { GoConsumer } from '../support/go-consumer.js';
import { keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';
import { useTelemetry } from '../support/telemetry.js';

const names = createNames({ service: 'orders' });

describe('metrics of recovery', () => {
  const suite = useRedis();
  const telemetry = useTelemetry();
  const crew = useCrew(suite);
  const { atLeast, points } = telemetry;

  it('time the way from a death to the next owner, and count what was requeued', async () => {
    const victim = await crew.start();
    await crew.announce('a', 'b', 'c');
    await victim.awaitNews('StreamAdded', 3);
    const heir = await crew.start();
    await eventually('it has seen the victim alive', () => heir.runtime.snapshot().reconciler.sweeps > 1);
    await victim.runtime.stop({ mode: 'abandon' });
    await heir.awaitNews('StreamAdded', 3);

    await atLeast('streamwarden.takeover.duration', 1);
    const [takeOver] = await points('streamwarden.takeover.duration');
    // Its presence ran out, and a sweep that was timed by that saw it; its locks, written later, are waited for.
    expect(takeOver?.value).to.be.above(0).and.below(2);
    await atLeast('streamwarden.requeues', 3, {
      'streamwarden.reason': 'dead',
      'streamwarden.outcome': 'requeued',
    });
    await atLeast('streamwarden.wait.duration', 3, { 'streamwarden.redelivered': true });
    await atLeast('streamwarden.sweep.duration', 1);
    for (const kind of ['presence', 'lock']) {
      await atLeast('streamwarden.keyspace.events', 1, {
        'streamwarden.keyspace.kind': kind,
        'streamwarden.outcome': 'heard',
      });
    }
  });

  it('tell the first scan, which recovers what was left behind, from the later ones', async () => {
    const redis = suite.redis();
    await redis.xgroup('CREATE', crew.lbs, crew.group, '0', 'MKSTREAM');
    await crew.announce('left', 'behind');
    const go = new GoConsumer(redis, names);
    await go.age(await go.read(2), 60_000);

    await crew.start({ reconcileEveryMs: 100 });
    expect(
      await atLeast('streamwarden.scan.entries', 2, {
        'streamwarden.scan.kind': 'startup',
        'streamwarden.outcome': 'requeued',
      }),
    ).to.equal(2);
    await atLeast('streamwarden.scan.duration', 3, { 'streamwarden.scan.kind': 'periodic' });
    expect(await atLeast('streamwarden.scan.duration', 1, { 'streamwarden.scan.kind': 'startup' })).to.equal(
      1,
    );
  });

  it('count entries that a scan left with an owner that is slow but alive', async () => {
    const owner = await crew.start();
    await crew.announce('slow');
    await owner.awaitNews('StreamAdded');
    await crew.start({ heartbeatMs: keepable(200), minIdleMs: keepable(200), reconcileEveryMs: 100 });
    await atLeast('streamwarden.scan.entries', 2, { 'streamwarden.outcome': 'owner_alive' });
  });

  it('say that a scan failed, and why', async () => {
    let isBroken = false;
    await crew.start(
      { reconcileEveryMs: 100 },
      {
        stores: (stores) => ({
          ...stores,
          group: {
            ...stores.group,
            pruneOwners: () => {
              if (isBroken) throw new Error('boom');
              return stores.group.pruneOwners();
            },
          },
        }),
      },
    );
    await atLeast('streamwarden.scan.duration', 1, { 'streamwarden.scan.kind': 'startup' });
    isBroken = true;
    await atLeast('streamwarden.scan.duration', 1, { 'error.type': 'Error' });
  });

  it('count the entries that somebody else was quicker to requeue', async () => {
    const victim = await crew.start({ heartbeatMs: 60_000, minIdleMs: 60_000 });
    const [id = ''] = await crew.announce('wanted');
    await victim.awaitNews('StreamAdded');
    let takeFirst: ((group: GroupStore, from: string) => Promise<void>) | undefined;
    const claimer = await crew.start(
      { autoClaim: false },
      {
        stores: (stores) => ({
          ...stores,
          group: {
            ...stores.group,
            requeue: async (from, batch, options) => {
              await takeFirst?.(stores.group, from);
              return await stores.group.requeue(from, batch, options);
            },
          },
        }),
      },
    );
    await victim.runtime.stop({ mode: 'abandon' });
    for (const key of [names.presence(victim.name), names.lock('wanted', id)]) {
      await suite.redis().pexpire(key, 1);
    }
    await claimer.awaitNews('StreamExpired');
    takeFirst = async () => {
      await suite.redis().xack(crew.lbs, crew.group, id);
    };
    expect(await rejection(claimer.runtime.claim({ id }))).to.include({ code: 'AlreadyClaimed' });
    await atLeast('streamwarden.requeues', 1, {
      'streamwarden.reason': 'dead',
      'streamwarden.outcome': 'refused',
    });
  });

  it('count dead letters by reason, those that were trimmed away, and how many there are', async () => {
    await suite.redis().config('SET', 'stream-node-max-entries', '1');
    await crew.start({ dlqMaxLen: 2 });
    const add = () => suite.redis().xadd(crew.lbs, '*', 'lbs-input', 'not JSON');
    for (let n = 0; n < 3; n++) await add();
    const unparseable = { 'streamwarden.reason': 'unparseable' };
    expect(await atLeast('streamwarden.dead_letters.routed', 3, unparseable)).to.equal(3);
    await atLeast('streamwarden.dead_letters.trimmed', 1);
    const [length] = await points('streamwarden.dead_letters.length');
    expect(length?.value).to.equal(await suite.redis().xlen(crew.dlq));
  });

  it('count expiries that there was no room for', async () => {
    const member = await crew.start({ heartbeatMs: 60_000, minIdleMs: 60_000 });
    const { sweeps } = member.runtime.snapshot().reconciler;
    expect(sweeps).to.be.at.least(0);
    const pipeline = suite.redis().pipeline();
    for (let n = 1; n <= 10_050; n++) {
      pipeline.publish(`__keyspace@0__:${names.lock(`s-${n}`, `${n}-1`)}`, 'expired');
    }
    await pipeline.exec();
    await atLeast('streamwarden.keyspace.events', 50, { 'streamwarden.outcome': 'dropped' });
  });
});
