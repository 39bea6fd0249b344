import { expect } from 'chai';
import { isStreamwardenError } from '../../src/index.js';
import { startFaultProxy } from '../../src/testing/fault-proxy.js';
import { startRedis } from '../../src/testing/index.js';
import { allowedMs } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';
import { useFleet } from '../support/runtimes.js';

describe('a start that fails', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  /** What every failed start leaves: everything closed, and told. */
  async function fails(options: object) {
    const { create, listen } = fleet();
    const runtime = create(options);
    const log = listen(runtime);
    const error = await rejection(runtime.start());
    const { reason, error: told } = await log.first('StreamTerminated');
    expect(reason).to.equal('failed');
    expect(told).to.equal(error);
    expect(log.all).to.have.lengthOf(1);
    expect((await runtime.closed).error).to.equal(error);
    expect(runtime.state).to.equal('failed');
    expect(runtime.health()).to.include({ live: false, ready: false });
    expect(await rejection(runtime.start())).to.include({ code: 'RuntimeStopped' });
    return error;
  }

  it('closes everything and says so; with startTimeoutMs 0 the first failure is the last [C-STA-2, C-TERM-1, C-STA-5]', async () => {
    const { host, port } = suite.server();
    const proxy = await startFaultProxy({ host, port });
    proxy.refuse();
    const began = performance.now();
    const error = await fails({ redis: proxy.url, startTimeoutMs: 0 });
    expect(performance.now() - began).to.be.below(allowedMs(0));
    expect(error).to.include({ code: 'StartTimeout', retriable: true });
    await proxy.close();
  });

  it('because the stream is a key of another type is not tried again [C-STA-3]', async () => {
    await suite.redis().set(fleet().names.lbs, 'text');
    const error = await fails({});
    expect(error).to.include({ code: 'RedisRefused', retriable: false });
    expect(error).to.have.nested.property('details.reply', 'WRONGTYPE');
  });

  it('because the credentials are wrong is not tried again, and says what Redis said [C-STA-3]', async () => {
    await using server = await startRedis({ password: 'right' });
    const error = await fails({ redis: server.url.replace(':right@', ':wrong@') });
    expect(error).to.include({ code: 'PermissionDenied', retriable: false });
    expect(error.message).to.match(/WRONGPASS|invalid/);
  });

  it('because rights are missing names each of them [C-STA-3]', async () => {
    await suite
      .redis()
      .call('ACL', 'SETUSER', 'limited', 'reset', 'on', '>secret', '~*', '&*', '+@all', '-xack', '-hset');
    const { host, port } = suite.server();
    const error = await fails({ redis: `redis://limited:secret@${host}:${port}` });
    if (!isStreamwardenError(error, 'PermissionDenied')) throw error;
    expect(error.details.refused).to.have.members(['XACK', 'HSET']);
  });
});
