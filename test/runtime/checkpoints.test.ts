import { expect } from 'chai';
import type { StreamHandle } from '../../src/index.js';
import { parseCheckpoint } from '../../src/redis/checkpoints.js';
import type { Substitutes } from '../../src/runtime/runtime.js';
import { eventually } from '../support/eventually.js';
import { heldCall } from '../support/held-call.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';
import { useFleet } from '../support/runtimes.js';

/** Of a flush that comes only because somebody asks for it. */
const NEVER = 60_000;

describe('a checkpoint', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  async function kept(name: string): Promise<unknown> {
    const record = await suite.redis().hget(fleet().names.checkpoints, name);
    return record === null ? null : parseCheckpoint(record)?.content;
  }

  async function owning(options = {}, substitutes: Substitutes = {}, name = 'one') {
    const { announce, create, listen } = fleet();
    const runtime = create(options, substitutes);
    const log = listen(runtime);
    await runtime.start();
    await announce([name]);
    await log.first('StreamAdded', name);
    return { runtime, log, handle: runtime.owned(name) as StreamHandle };
  }

  /** What the next owner of it begins with. */
  async function next(name = 'one') {
    const { listening } = fleet();
    const { runtime, log } = await listening();
    await log.first('StreamAdded', name);
    return { runtime, handle: runtime.owned(name) as StreamHandle };
  }

  it('is what the owner before saved last [C-CHK-1] [C-CHK-4]', async () => {
    const { runtime, handle } = await owning();
    expect(handle.checkpoint).to.equal(undefined);
    await handle.save('a');
    await Promise.all([handle.save('b'), handle.save('c')]);
    // As of the assignment.
    expect(handle.checkpoint).to.equal(undefined);
    expect(await kept('one')).to.deep.equal({ v: 'c' });
    await runtime.stop();
    const { handle: heir } = await next();
    expect(heir.checkpoint).to.equal('c');
    await heir.done();
    expect(await kept('one')).to.equal(null);
  });

  it('goes with what an owner finishes that never looked at it [C-CHK-5]', async () => {
    const { runtime, handle } = await owning();
    await handle.save('a');
    await runtime.stop();
    const { handle: heir } = await next();
    await heir.done();
    expect(await kept('one')).to.equal(null);
  });

  it('stays with done({ keep: true }), and what is unsaved is saved first [C-CHK-5]', async () => {
    const { announce } = fleet();
    const { runtime, handle } = await owning({ flushMs: NEVER });
    await handle.save('a');
    void handle.save('b');
    await handle.done({ keep: true });
    expect(await kept('one')).to.deep.equal({ v: 'b' });
    await announce(['one']);
    await eventually('it is owned again', () => runtime.owned('one') !== undefined);
    const again = runtime.owned('one') as StreamHandle;
    expect(again.checkpoint).to.equal('b');
    expect(await rejection(again.done({ keep: 1 as never }))).to.include({ code: 'InvalidOption' });
    await again.done();
    expect(await kept('one')).to.equal(null);
  });

  it('of a stream that was touched stays, whether it was to be kept or not [C-CHK-5]', async () => {
    const { names } = fleet();
    const { handle } = await owning({ flushMs: NEVER });
    await handle.save('a');
    await suite.redis().hset(names.touches, handle.id, 1);
    void handle.save('b');
    expect(await rejection(handle.done({ ifTouches: 0 }))).to.include({ code: 'StreamTouched' });
    expect(await rejection(handle.done({ ifTouches: 0, keep: true }))).to.include({ code: 'StreamTouched' });
    expect(await kept('one')).to.deep.equal({ v: 'b' });
    void handle.save('c');
    await handle.done({ ifTouches: 1, keep: true });
    expect(await kept('one')).to.deep.equal({ v: 'c' });
  });

  for (const [how, handOver] of [
    ['released', (handle: StreamHandle) => handle.release()],
    ['released for later', (handle: StreamHandle) => handle.release({ afterMs: 1 })],
    [
      'handed over by a stop',
      (_handle: StreamHandle, stop: (mode: 'handOver' | 'finish') => unknown) => stop('handOver'),
    ],
    [
      'not finished by a stop that waits for that',
      (_handle: StreamHandle, stop: (mode: 'handOver' | 'finish') => unknown) => stop('finish'),
    ],
  ] as const) {
    it(`that is not saved yet is saved when its stream is ${how} [C-CHK-6]`, async () => {
      const { runtime, handle } = await owning({ flushMs: NEVER });
      await handle.save('a');
      const unsaved = handle.save('b');
      expect(await kept('one')).to.deep.equal({ v: 'a' });
      await handOver(handle, (mode) => runtime.stop({ mode, timeoutMs: 2000 }));
      await unsaved;
      await runtime.stop();
      expect((await next()).handle.checkpoint).to.equal('b');
    });
  }

  it('that a failing handler has saved is there for the next try [C-CHK-6]', async () => {
    const { announce, create } = fleet();
    const seen: unknown[] = [];
    const runtime = create({ handlerBackoff: { initialMs: 1, maxMs: 1 } });
    runtime.process(async (stream) => {
      seen.push(stream.checkpoint);
      await stream.save(`first ${seen.length}`);
      void stream.save(`second ${seen.length}`);
      if (seen.length < 3) throw new Error('fails');
    });
    await runtime.start();
    await announce(['one']);
    await eventually('it is done', async () => seen.length === 3 && (await kept('one')) === null);
    expect(seen).to.deep.equal([undefined, 'second 1', 'second 2']);
    expect(await kept('one')).to.equal(null);
  });

  it('of a handler that saves while its stream is released is answered [C-CHK-6]', async () => {
    const { announce, create } = fleet();
    const answers: unknown[] = [];
    const runtime = create();
    runtime.process(async (stream) => {
      await stream.save('begun');
      await new Promise((resolve) => stream.signal.addEventListener('abort', resolve));
      answers.push(await stream.save('aborted').catch((error: unknown) => error));
    });
    await runtime.start();
    await announce(['one']);
    await eventually('it is worked on', async () => (await kept('one')) !== null);
    await runtime.stop();
    expect(answers).to.deep.equal([undefined]);
    expect((await next()).handle.checkpoint).to.equal('aborted');
  });

  it('of a stream that is owned no more is refused [C-CHK-2]', async () => {
    const { handle } = await owning();
    await handle.done();
    const error = await rejection(handle.save('late'));
    expect(error).to.include({ code: 'StreamNotOwned', retriable: false });
    expect(error).to.have.deep.property('details', { stream: 'one', id: handle.id });
  });

  it('of a stream that Redis has given to somebody else is refused, and the stream is lost [C-CHK-2]', async () => {
    const { names } = fleet();
    const { runtime, log, handle } = await owning();
    await handle.save('mine');
    await suite.redis().xgroup('CREATECONSUMER', names.lbs, names.group, 'thief');
    await suite.redis().xclaim(names.lbs, names.group, 'thief', 0, handle.id);
    expect(await rejection(handle.save('late'))).to.include({ code: 'StreamNotOwned' });
    await log.first('StreamDisowned', 'one');
    expect(handle.signal.aborted).to.equal(true);
    expect(await kept('one')).to.deep.equal({ v: 'mine' });
    expect(runtime.owned('one')).to.equal(undefined);
  });

  it('goes together with those of other streams: one script, the newest of each [C-CHK-7]', async () => {
    const { announce, create } = fleet();
    const batches: string[][] = [];
    const runtime = create(
      {},
      {
        stores: (stores) => ({
          ...stores,
          checkpoints: {
            ...stores.checkpoints,
            save: async (batch) => {
              batches.push(batch.map(({ name, json }) => `${name} ${json}`));
              return await stores.checkpoints.save(batch);
            },
          },
        }),
      },
    );
    await runtime.start();
    await announce(['a', 'b', 'c']);
    await eventually('they are owned', () => [...runtime.ownedStreams()].length === 3);
    const streams = [...runtime.ownedStreams()];
    for (const turn of [1, 2, 3]) {
      await Promise.all(streams.flatMap((stream) => [stream.save('old'), stream.save(`${turn}`)]));
    }
    expect(batches).to.deep.equal(
      [1, 2, 3].map((turn) => ['a', 'b', 'c'].map((name) => `${name} {"v":"${turn}"}`)),
    );
  });

  it('whose answer is lost is saved again, and never taken back [C-CHK-3]', async () => {
    const held = heldCall('checkpoints', 'save');
    const { handle } = await owning({}, held.substitutes);
    const executed = held.next();
    const first = handle.save('first');
    await executed;
    await suite.redis().client('KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    held.letGo();
    await first;
    await handle.save('second');
    expect(await kept('one')).to.deep.equal({ v: 'second' });
  });

  it('that cannot be sent waits for the end of the outage [C-CHK-7]', async () => {
    const { handle } = await owning();
    const server = suite.server();
    server.signal('SIGSTOP');
    const saved = handle.save('through');
    server.signal('SIGCONT');
    await saved;
    expect(await kept('one')).to.deep.equal({ v: 'through' });
  });

  it('that waits at the end of the runtime is told so', async () => {
    const { runtime, handle } = await owning({ flushMs: NEVER });
    await handle.save('a');
    const unsaved = handle.save('b');
    const [error] = await Promise.all([rejection(unsaved), runtime.stop({ mode: 'abandon' })]);
    expect(error).to.include({ code: 'RuntimeStopped' });
  });

  it('that nobody waits for, and that fails, ends no process', async () => {
    const { handle } = await owning();
    void handle.save(7 as never);
    await handle.done();
    void handle.save('late');
  });
});
