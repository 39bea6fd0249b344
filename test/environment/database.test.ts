/** The database that is asked for, or none: ioredis goes on in database 0 where another one cannot be selected. */
import { expect } from 'chai';
import { createProducer } from '../../src/index.js';
import { useCli } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';
import { useFleet } from '../support/runtimes.js';

const USER = 'limited';

describe('a database that cannot be selected', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);
  const cli = useCli();
  const inDatabase = (db: number | string) => `redis://${suite.server().host}:${suite.server().port}/${db}`;

  async function expectNothingIn0(): Promise<void> {
    expect(await suite.redis().keys('*')).to.deep.equal([]);
  }

  it('is no reason to start in database 0 [C-STA-7]', async () => {
    const runtime = fleet().create({ redis: inDatabase(99) });
    const error = await rejection(runtime.start());
    expect(error).to.include({ code: 'RedisRefused' });
    expect(error.message).to.equal('Redis refused SELECT 99: ERR DB index is out of range');
    await expectNothingIn0();
  });

  it('is no reason to announce there', async () => {
    await using producer = createProducer({ redis: inDatabase(99), service: 'orders' });
    expect(await rejection(producer.add('one'))).to.include({ code: 'RedisRefused' });
    await expectNothingIn0();
  });

  for (const args of [
    ['status', '--service', 'orders'],
    ['doctor', '--service', 'orders'],
    ['pending', '--service', 'orders'],
    ['dlq', 'list', '--service', 'orders'],
    ['produce', '--service', 'orders'],
    ['consume', '--service', 'orders', '--consumer-id', 'c'],
  ]) {
    it(`is no reason for ${args.join(' ')} to look there`, async () => {
      const { code, stderr } = await cli.run([...args, '--redis', inDatabase(99)]);
      expect(stderr).to.match(/^error: .*DB index is out of range/m);
      expect(code).to.equal(2);
      await expectNothingIn0();
    });
  }

  it('for want of the right to, is refused at the start, and keeps a connection down that is made again [C-STA-7]', async () => {
    const redis = suite.redis();
    await redis.call('ACL', 'SETUSER', USER, 'reset', 'on', '>secret', '~*', '&*', '+@all');
    const { host, port } = suite.server();
    const { create, names } = fleet();
    const target = { host, port, username: USER, password: 'secret', db: 1 };
    const runtime = create({ redis: target });
    await runtime.start();
    await redis.call('ACL', 'SETUSER', USER, '-select');
    await redis.call('CLIENT', 'KILL', 'USER', USER);
    await eventually('it is not ready, and says why', () => {
      const { ready, reasons } = runtime.health();
      return !ready && /SELECT 1/.test(reasons.join());
    });
    const late = create({ redis: target });
    expect(await rejection(late.start())).to.include({ code: 'PermissionDenied' });
    await expectNothingIn0();
    await redis.call('ACL', 'SETUSER', USER, '+select');
    await eventually('it is ready again', () => runtime.health().ready);
    await redis.select(1);
    expect(await redis.exists(names.lbs)).to.equal(1);
    await redis.select(0);
    await expectNothingIn0();
    await runtime.stop();
    await redis.call('ACL', 'DELUSER', USER);
  });
});
