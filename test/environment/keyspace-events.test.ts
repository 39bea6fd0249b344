import { expect } from 'chai';
import { isStreamwardenError } from '../../src/index.js';
import { useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';

const SETTING = 'notify-keyspace-events';

/** Redis gives the letters back in an order of its own. */
const letters = (setting: string) => [...setting].sort().join('');

describe('notify-keyspace-events', () => {
  const suite = useRedis();
  const crew = useCrew(suite);

  const read = async () => ((await suite.redis().config('GET', SETTING)) as string[])[1] ?? '';
  const set = (value: string) => suite.redis().config('SET', SETTING, value);

  beforeEach(async () => {
    await set('');
    await suite.redis().config('RESETSTAT');
  });

  /** How often CONFIG SET has been executed since the test began, `set` above included. */
  async function configSets(): Promise<number> {
    const stats = await suite.redis().info('commandstats');
    return Number(/cmdstat_config\|set:calls=(\d+)/.exec(stats)?.[1] ?? 0);
  }

  for (const sufficient of ['KEx', 'AKE', 'KExg$']) {
    it(`is left alone when it suffices already (${sufficient})`, async () => {
      await set(sufficient);
      const before = await read();
      const { runtime } = await crew.start();
      expect(await read()).to.equal(before);
      expect(await configSets()).to.equal(1);
      const [subscription] = runtime.snapshot().subscriptions;
      expect(subscription?.setup).to.deep.equal({ outcome: 'sufficient', before, after: before });
      expect(runtime.snapshot().recovery).to.equal('events');
    });
  }

  it('is set when it is empty', async () => {
    const { runtime } = await crew.start();
    expect(letters(await read())).to.equal('EKx');
    expect(runtime.snapshot().subscriptions[0]?.setup).to.include({ outcome: 'set', before: '' });
  });

  it('is set once: a second consumer finds it sufficient', async () => {
    await crew.start();
    const { runtime } = await crew.start();
    expect(await configSets()).to.equal(1);
    expect(runtime.snapshot().subscriptions[0]?.setup?.outcome).to.equal('sufficient');
  });

  for (const events of ['require', 'prefer'] as const) {
    it(`of somebody else is a conflict that start() reports and leaves alone (${events}) [C-STA-3]`, async () => {
      await set('Kg$');
      const before = await read();
      const { runtime } = crew.make({ keyspaceEvents: events });
      const error = await rejection(runtime.start());
      expect(isStreamwardenError(error, 'KeyspaceConfigConflict'), error.message).to.equal(true);
      expect(error.message).to.include(`got: "${before}"`).and.to.include('keyspaceOverride');
      expect(await read()).to.equal(before);
      expect(runtime.state).to.equal('failed');
    });
  }

  it('of somebody else is widened to the union where that is allowed: nothing is dropped', async () => {
    await set('Kg$l');
    const { runtime } = await crew.start({ keyspaceOverride: true });
    expect(letters(await read())).to.equal(letters('Kg$lEx'));
    expect(runtime.snapshot().subscriptions[0]?.setup?.outcome).to.equal('set');
  });

  it('is neither read nor set when events are off, and the dead are found all the same [C-DEG-3]', async () => {
    await set('Kg');
    const victim = await crew.start({ keyspaceEvents: 'off' });
    await crew.announce('one');
    await victim.awaitNews('StreamAdded');
    const heir = await crew.start({ keyspaceEvents: 'off' });
    expect(letters(await read())).to.equal('Kg');
    expect(heir.runtime.snapshot()).to.deep.include({ recovery: 'polling', subscriptions: [] });
    await victim.runtime.stop({ mode: 'abandon' });
    await heir.awaitNews('StreamAdded');
    expect(heir.runtime.snapshot().counters.keyspaceEvents).to.equal(0);
  });

  describe('where CONFIG is forbidden', () => {
    const login = async () => {
      const redis = suite.redis();
      await redis.call('ACL', 'SETUSER', 'plain', 'reset', 'on', '>secret', '~*', '&*', '+@all', '-config');
      const { host, port } = suite.server();
      return { redis: `redis://plain:secret@${host}:${port}` };
    };

    it('start() says so when events are required [C-STA-3]', async () => {
      const { runtime } = crew.make(await login());
      const error = await rejection(runtime.start());
      expect(isStreamwardenError(error, 'KeyspaceConfigForbidden'), error.message).to.equal(true);
      expect(error.message).to.match(/permit CONFIG GET and CONFIG SET.*'prefer' or 'off'/);
      expect(error.message).not.to.include('secret');
      expect(await read()).to.equal('');
    });

    it('the runtime asks instead when events are only preferred, and the dead are found all the same [C-DEG-3]', async () => {
      const options = { ...(await login()), keyspaceEvents: 'prefer' } as const;
      const victim = await crew.start(options);
      await crew.announce('one');
      await victim.awaitNews('StreamAdded');
      const heir = await crew.start(options);
      expect(heir.runtime.state).to.equal('running');
      expect(heir.runtime.snapshot().recovery).to.equal('polling');
      expect(heir.runtime.snapshot().subscriptions[0]?.setup?.outcome).to.equal('forbidden');
      await victim.runtime.stop({ mode: 'abandon' });
      const [added] = await heir.awaitNews('StreamAdded');
      expect(added).to.include({ stream: 'one', retryCount: 1 });
      expect(heir.runtime.snapshot().counters.keyspaceEvents).to.equal(0);
    });

    it('events are heard all the same when somebody else has set them', async () => {
      await set('KEx');
      const member = await crew.start({ ...(await login()), keyspaceEvents: 'prefer' });
      const stranger = `{${crew.lbs}}:presence:somebody~00000000`;
      await suite.redis().set(stranger, 'v1:1', 'PX', 1);
      await eventually('the expiry is heard', async () => {
        await suite.redis().exists(stranger);
        return member.runtime.snapshot().counters.keyspaceEvents === 1;
      });
    });
  });
});
