import { expect } from 'chai';
import type { StreamHandle } from '../../src/index.js';
import { eventually } from '../support/eventually.js';
import { soundHistory } from '../support/history.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';
import { useFleet } from '../support/runtimes.js';

describe('what Redis refuses for good', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  const user = (...rules: string[]) => suite.redis().call('ACL', 'SETUSER', 'limited', ...rules);

  async function own() {
    await user('reset', 'on', '>secret', '~*', '&*', '+@all');
    const { host, port } = suite.server();
    const { announce, listening, names } = fleet();
    const { runtime, log } = await listening({ redis: `redis://limited:secret@${host}:${port}` });
    await announce(['one']);
    const { id } = await log.first('StreamAdded', 'one');
    return { runtime, log, id, names, handle: runtime.owned('one') as StreamHandle };
  }

  for (const operation of ['done', 'release'] as const) {
    it(`(${operation}, a right withdrawn) rejects, and the stream is told as failed [C-DONE-7, C-LOST-2]`, async () => {
      const { runtime, log, id, handle } = await own();
      await user('-xack');
      const { signal } = handle;
      expect(await rejection(handle[operation]())).to.include({ code: 'PermissionDenied' });
      expect(signal.aborted).to.equal(true);
      expect(await log.first('StreamDisowned', 'one')).to.include({ id, reason: 'failed' });
      const [failure] = runtime.snapshot().failures;
      expect(failure?.error.code).to.equal('PermissionDenied');

      // It could not be handed over either, so it is this process's again.
      const [, again] = await log.count('StreamAdded', 2);
      expect(again).to.include({ id, retryCount: 0 });
      await user('+xack');
      // Every attempt to hand it over left a copy, which waits for the name and is as good as any other entry.
      await eventually('all are finished', async () => {
        await Promise.all([...runtime.ownedStreams()].map((stream) => stream.done()));
        return (await suite.redis().xlen(fleet().names.lbs)) === 0;
      });
      // Only what was carried out is in the history.
      await soundHistory(suite.redis(), fleet());
    });

    it(`(${operation}, keys in another format) rejects, and the stream is told as failed [C-DONE-7]`, async () => {
      const { log, handle, names, runtime } = await own();
      const presence = names.presence(runtime.consumer);
      await suite.redis().set(presence, 'v9:something else', 'PX', 60_000);
      expect(await rejection(handle[operation]())).to.include({ code: 'ProtocolMismatch' });
      expect(handle.signal.aborted).to.equal(true);
      expect(await log.first('StreamDisowned', 'one')).to.include({ reason: 'failed' });
      await suite.redis().del(presence);
      await eventually('it is well again', () => runtime.health().ready);
    });
  }
});
