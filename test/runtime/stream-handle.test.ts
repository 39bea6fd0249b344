import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { useFleet } from '../support/runtimes.js';

describe('a stream handle', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  async function own(name: string, info: object | null = null) {
    const { announce, listening } = fleet();
    const { runtime, log } = await listening();
    await announce([name], info);
    const added = await log.first('StreamAdded', name);
    const handle = runtime.owned(name);
    if (handle === undefined) throw new Error(`expected ${name} to be owned`);
    return { runtime, log, added, handle };
  }

  it('says what the entry says [C-ADD-7]', async () => {
    const { added, handle } = await own('facts', { a: { b: [1, null, 'é'] } });
    expect(handle).to.deep.include({ name: 'facts', id: added.id, fencingToken: added.id, retryCount: 0 });
    expect(handle.info).to.deep.equal({ a: { b: [1, null, 'é'] } });
    expect(added.info).to.deep.equal(handle.info);
  });

  it('has no info where the producer gave none', async () => {
    const { handle } = await own('plain');
    expect(handle.info).to.equal(null);
  });

  it('is the same one whoever asks', async () => {
    const { runtime, handle } = await own('same');
    expect(runtime.owned('same')).to.equal(handle);
    expect([...runtime.ownedStreams()]).to.deep.equal([handle]);
    expect(runtime.owned('other')).to.equal(undefined);
  });

  it('holds for longer with every heartbeat', async () => {
    const heartbeatMs = keepable(1000);
    const { handle } = await own('beating');
    const first = handle.validUntil;
    expect(first)
      .to.be.above(Date.now())
      .and.at.most(Date.now() + heartbeatMs);
    await eventually('a heartbeat prolongs it', () => handle.validUntil > first);
    expect(handle.validUntil).to.be.at.most(Date.now() + heartbeatMs);
  });

  it('holds no longer, and is found no longer, once the stream is done [C-DONE-1]', async () => {
    const { runtime, handle } = await own('ended');
    const { signal } = handle;
    await handle.done();
    expect(handle.validUntil).to.equal(0);
    expect(signal.aborted, 'done is no reason to abort').to.equal(false);
    expect(runtime.owned('ended')).to.equal(undefined);
    expect([...runtime.ownedStreams()]).to.deep.equal([]);
  });

  it('tells by its signal that the stream is lost, before the notification does [C-LOST-1]', async () => {
    const { log, handle, runtime } = await own('lost');
    const { names } = fleet();
    let told = -1;
    handle.signal.addEventListener('abort', () => {
      told = log.of('StreamDisowned').length;
    });
    // Data loss: the entry is gone from the group, and the next look finds that out.
    await suite.redis().xack(names.lbs, names.group, handle.id);
    await suite.redis().client('KILL', 'ID', await idOf(`${runtime.consumer}:commands`));

    await log.first('StreamDisowned', 'lost');
    expect(told).to.equal(0);
    expect(handle.signal.reason).to.include({ code: 'StreamNotOwned' });
  });

  it('has an aborted signal also when it is first asked for afterwards', async () => {
    const { handle } = await own('released');
    await handle.release();
    expect(handle.signal.aborted).to.equal(true);
    expect(handle.signal.reason).to.include({ code: 'StreamReleased' });
  });

  async function idOf(connection: string): Promise<number> {
    const line = String(await suite.redis().client('LIST'))
      .split('\n')
      .find((one) => one.includes(`name=streamwarden:${connection}`));
    return Number(/id=(\d+)/.exec(line ?? '')?.[1]);
  }
});
