import { expect } from 'chai';
import { systemClock } from '../../src/core/clock.js';
import type { Commands } from '../../src/redis/commands.js';
import { createGroupStore } from '../../src/redis/group.js';
import type { LeaseSettings } from '../../src/redis/lease-store.js';
import { useRedis } from '../support/redis.js';
import { useWire } from '../support/wire.js';

const A = 'a~00000001';
const B = 'b~00000001';

describe('the group in Redis', () => {
  const suite = useRedis();
  const wire = useWire(suite);
  const { names } = wire;

  it('is created once, at 0: what was added before the first consumer is delivered [C-ADD-4]', async () => {
    await suite.redis().flushall();
    await wire.announce('early');
    const consumer = wire.stranger(A);
    expect(await consumer.group.create()).to.equal(true);
    expect(await consumer.group.create()).to.equal(false);
    expect((await consumer.read()).map(({ name }) => name)).to.deep.equal(['early']);
  });

  it('is created with its stream', async () => {
    await suite.redis().flushall();
    expect(await wire.stranger(A).group.create()).to.equal(true);
    expect(await suite.redis().xlen(names.lbs)).to.equal(0);
  });

  it('lists its consumers with what is pending for each', async () => {
    const a = await wire.join(A);
    await wire.announce('one');
    await a.read();
    await suite.redis().xgroup('CREATECONSUMER', names.lbs, names.group, B);
    const consumers = await a.group.consumers();
    expect(consumers.map(({ name, pending }) => [name, pending])).to.deep.equal([
      [A, 1],
      [B, 0],
    ]);
    expect(consumers[0]?.idleMs).to.be.within(0, 5000);
  });

  it('lists what is pending page by page, of everyone or of one', async () => {
    const a = await wire.join(A);
    const b = await wire.join(B);
    for (let index = 0; index < 6; index++) await wire.announce(`s${index}`);
    await a.read(2);
    await b.read(2);
    await a.read(2);
    const all = await a.group.pending('-', 10);
    expect(all.map(({ consumer }) => consumer)).to.deep.equal([A, A, B, B, A, A]);
    expect(all[0]).to.include({ deliveries: 1 });
    const mine = await a.group.pending('-', 3, A);
    expect(mine.map(({ id }) => id)).to.deep.equal([all[0], all[1], all[4]].map((row) => row?.id));
    expect(await a.group.pending(all[5]?.id ?? '', 10)).to.have.length(1);
  });

  it('looks for payloads of about 1 MiB a call, however many are asked for [C-SIZE-3]', async () => {
    const { group } = await wire.join(A);
    const ids: string[] = [];
    for (let n = 0; n < 12; n += 1) ids.push(await wire.announce(`s${n}`, 'more', 'x'.repeat(200_000)));
    await suite.redis().xdel(names.lbs, ids[1] as string, ids[10] as string);
    const { gone, looked, length, firstId } = await group.payloads(ids);
    expect({ gone, looked, length, firstId }).to.deep.equal({
      gone: [ids[1]],
      looked: 7,
      length: 10,
      firstId: ids[0],
    });
    expect(await group.payloads(ids.slice(looked))).to.deep.include({ gone: [ids[10]], looked: 5 });
  });

  it('walks the owners by the length of their names: no reply and no command of the walk is long [C-SIZE-1]', async () => {
    const lengths: number[] = [];
    const long = (value: unknown) => void lengths.push(JSON.stringify(value).length);
    const commands = wire.commands();
    const watched: Commands = {
      isUp: true,
      async script(name, keys, args) {
        long(args);
        return await commands.script(name, keys, args);
      },
      async run(command, send) {
        const reply = await commands.run(command, send);
        long(reply);
        return reply;
      },
    };
    const owners: Record<string, string> = {};
    for (let n = 0; n < 100; n += 1) owners[`${n}`.padStart(30_000, 'n')] = `${n + 1}-0`;
    await suite.redis().hset(names.owners, owners);
    const settings: LeaseSettings = {
      consumer: A,
      heartbeatMs: 60_000,
      maxRetries: 3,
      dlqMaxLen: 0,
      dlqIsLocal: true,
      duplicates: 'queue',
      historyKey: undefined,
    };
    const group = createGroupStore(watched, names, settings, systemClock);
    expect(await group.pruneOwners()).to.deep.include({ cleared: 100 });
    // The first reply is as long as it happens to be: eight names or so, of a hundred.
    expect(Math.max(...lengths)).to.be.below(900_000);
    expect(lengths.length).to.be.above(20);
  });

  it('tells for how long a presence stands: -2 for none', async () => {
    const { group } = await wire.join(A, { heartbeatMs: 5000 });
    const [alive, never] = await group.presence([A, B]);
    expect(alive).to.be.within(1000, 5000);
    expect(never).to.equal(-2);
    expect(await group.presence([])).to.deep.equal([]);
  });

  describe('forgetting a consumer', () => {
    it('removes one that is dead and has nothing pending', async () => {
      const { group } = await wire.join(A);
      await suite.redis().xgroup('CREATECONSUMER', names.lbs, names.group, B);
      expect(await group.forget(B)).to.equal(true);
      expect(await group.consumers()).to.deep.equal([]);
    });

    it('leaves one that is alive', async () => {
      const { group } = await wire.join(A);
      await wire.join(B);
      await suite.redis().xgroup('CREATECONSUMER', names.lbs, names.group, B);
      expect(await group.forget(B)).to.equal(false);
      expect(await group.consumers()).to.have.length(1);
    });

    it('leaves one that has something pending: removing it would destroy that', async () => {
      const { group } = await wire.join(A);
      const dead = wire.stranger(B);
      const id = await wire.announce('one');
      await dead.read();
      expect(await group.forget(B)).to.equal(false);
      expect(await wire.pendingIds()).to.deep.equal([id]);
    });
  });

  describe('pruning owner records', () => {
    it('clears those whose entry is not pending, and only those', async () => {
      const a = await wire.join(A);
      const id = await wire.announce('kept');
      await a.lease.acquire(await a.read());
      await suite.redis().hset(names.owners, 'finished by hand', '1-1', 'another', '2-2');
      expect(await a.group.pruneOwners()).to.deep.include({ cleared: 2, garbage: 0 });
      expect(await suite.redis().hkeys(names.owners)).to.have.members(['', 'kept']);
      expect(await suite.redis().hget(names.owners, 'kept')).to.equal(id);
      expect(await a.group.pruneOwners()).to.deep.include({ cleared: 0, garbage: 0 });
    });

    it('walks a hash of any size', async () => {
      const { group } = await wire.join(A);
      const pipeline = suite.redis().pipeline();
      for (let index = 0; index < 3000; index++) pipeline.hset(names.owners, `s${index}`, '1-1');
      await pipeline.exec();
      expect(await group.pruneOwners()).to.deep.include({ cleared: 3000, garbage: 0 });
      expect(await suite.redis().exists(names.owners)).to.equal(0);
    });

    it('does nothing where there is no hash', async () => {
      const { group } = wire.stranger(A);
      expect(await group.pruneOwners()).to.deep.include({ cleared: 0, garbage: 0 });
    });
  });

  describe('locks', () => {
    const keys = ['one', 'two', 'three'].map((name) => names.lock(name, '1-1'));

    it('are taken where free or held already, with the time to live of a heartbeat', async () => {
      const { locks } = wire.stranger(A, { heartbeatMs: 5000 });
      await suite.redis().set(keys[1] ?? '', 'somebody', 'PX', 100_000);
      expect(await locks.take(keys)).to.deep.equal([true, false, true]);
      await suite.redis().pexpire(keys[0] ?? '', 100);
      expect(await locks.take(keys)).to.deep.equal([true, false, true]);
      expect(await suite.redis().get(keys[0] ?? '')).to.equal(`${A}/token`);
      expect(await suite.redis().pttl(keys[0] ?? '')).to.be.within(1000, 5000);
      expect(await suite.redis().pttl(keys[1] ?? '')).to.be.above(5000);
    });

    it('are prolonged where held; a missing one is not taken back, a foreign one not touched', async () => {
      const { locks } = wire.stranger(A, { heartbeatMs: 5000 });
      await locks.take(keys);
      await suite.redis().del(keys[1] ?? '');
      await suite.redis().set(keys[2] ?? '', 'somebody', 'PX', 100_000);
      await suite.redis().pexpire(keys[0] ?? '', 100);
      expect(await locks.extend(keys)).to.deep.equal([
        { index: 1, reason: 'missing' },
        { index: 2, reason: 'foreign' },
      ]);
      expect(await suite.redis().pttl(keys[0] ?? '')).to.be.within(1000, 5000);
      expect(await suite.redis().exists(keys[1] ?? '')).to.equal(0);
      expect(await suite.redis().get(keys[2] ?? '')).to.equal('somebody');
      expect(await suite.redis().pttl(keys[2] ?? '')).to.be.above(5000);
    });

    it('are released where held; a foreign one is left alone', async () => {
      const { locks } = wire.stranger(A);
      await locks.take(keys);
      await suite.redis().set(keys[2] ?? '', 'somebody');
      await locks.release(keys);
      expect(await suite.redis().keys('*MUTEX*')).to.deep.equal([keys[2]]);
    });

    it('come in batches of 500', async () => {
      const { locks } = wire.stranger(A);
      const many = Array.from({ length: 500 }, (_, index) => names.lock(`s${index}`, '1-1'));
      expect((await locks.take(many)).every(Boolean)).to.equal(true);
      expect(await locks.extend(many)).to.deep.equal([]);
      await locks.release(many);
      expect(await suite.redis().keys('*MUTEX*')).to.deep.equal([]);
    });
  });
});
