import { expect } from 'chai';
import { systemClock } from '../../src/core/clock.js';
import { silentLogger } from '../../src/core/logger.js';
import { probe } from '../../src/redis/capabilities.js';
import { type Commands, createCommands } from '../../src/redis/commands.js';
import { createConnections } from '../../src/redis/connections.js';
import { createNames } from '../../src/redis/names.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';

const names = createNames({ service: 'orders' });
const settings = { lockKeys: true, historyKey: undefined };
const consumer = 'c~00000001';

// Two users of one server stand for the two servers on which a cluster may keep the two streams.
describe('the probe, where keys live in other slots', () => {
  const suite = useRedis();
  const closers: (() => void)[] = [];
  afterEach(() => {
    for (const close of closers.splice(0)) close();
  });

  /** Commands of a user who may do all but this. */
  async function userWithout(name: string, ...rules: string[]): Promise<Commands> {
    await suite.redis().acl('SETUSER', name, 'reset', 'on', '>secret', '~*', '&*', '+@all', ...rules);
    const connections = createConnections({
      target: suite.server().url.replace('//', `//${name}:secret@`),
      clock: systemClock,
      logger: silentLogger,
      heartbeatMs: 10_000,
      connectionName: name,
      home: names.lbs,
    });
    closers.push(() => connections.close());
    const link = connections.commands;
    await link.whenUp();
    return createCommands(link, systemClock, 5_000);
  }

  it('finds nothing missing where all is permitted, and leaves nothing behind', async () => {
    const home = await userWithout('home', 'resetkeys', '~orders-input', '~{orders-input}:*');
    const dlq = await userWithout('dlq', 'resetkeys', '~orders-input-dlq');
    const locks = await userWithout('locks', 'resetkeys', '~*<MUTEX_KEY_SEP>*');
    const facts = await probe(home, names, consumer, settings, { dlq, locks });
    expect(facts.version).to.match(/^\d+\.\d+/);
    expect(await suite.redis().keys('*')).to.deep.equal([]);
  });

  for (const [where, rules, refused] of [
    ['home', ['-xclaim'], ['XCLAIM']],
    ['dlq', ['resetkeys', '~elsewhere'], ['key orders-input-dlq']],
    ['dlq', ['-xadd'], ['XADD orders-input-dlq']],
    ['locks', ['resetkeys', '~elsewhere'], ['key probe<MUTEX_KEY_SEP>0-0']],
  ] as const) {
    it(`names what is refused to ${where} ${rules.join(' ')}`, async () => {
      const rulesOf = (name: string) => (name === where ? rules : []);
      const home = await userWithout('home', ...rulesOf('home'));
      const dlq = await userWithout('dlq', ...rulesOf('dlq'));
      const locks = await userWithout('locks', ...rulesOf('locks'));
      const error = await rejection(probe(home, names, consumer, settings, { dlq, locks }));
      expect(error).to.have.property('code', 'PermissionDenied');
      expect(error).to.have.property('details').that.deep.equals({ refused });
    });
  }

  it('keeps nobody from starting for a server that cannot be asked just now', async () => {
    const home = await userWithout('home');
    const down = await userWithout('down');
    closers.pop()?.();
    expect(await rejection(down.run('PING', (client) => client.ping()))).to.have.property('retriable', true);
    await probe(home, names, consumer, settings, { dlq: down, locks: down });
  });

  it('needs no XCLAIM where everything lives together', async () => {
    const home = await userWithout('home', '-xclaim');
    await probe(home, names, consumer, settings);
  });
});
