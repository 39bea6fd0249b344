import { expect } from 'chai';
import { z } from 'zod';
import { createAdmin, createProducer, type StreamHandle } from '../../src/index.js';
import { parseCheckpoint } from '../../src/redis/checkpoints.js';
import type { Substitutes } from '../../src/runtime/runtime.js';
import { eventually } from '../support/eventually.js';
import { failing } from '../support/failing-stores.js';
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

  it('stays with done({ keep: true }), and what is unsaved is saved first [C-CHK-5] [C-DONE-9]', async () => {
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

  it('that waits while its stream is being finished holds up nothing, and is answered [C-CHK-5]', async () => {
    const held = heldCall('lease', 'done');
    const { handle } = await owning({ flushMs: 0 }, held.substitutes);
    await handle.save('a');
    const finished = held.next();
    const unsaved = handle.save('b');
    const done = handle.done();
    await finished;
    // Timers run.
    await new Promise((resolve) => setTimeout(resolve, 1));
    held.letGo();
    await Promise.all([done, unsaved]);
    expect(await kept('one')).to.equal(null);
  });

  for (const [how, call] of [
    ['finished', 'done'],
    ['given back', 'giveBack'],
  ] as const) {
    it(`that is unsaved is saved when its stream cannot be ${how} for a reason of the program's, and others are given it [C-CHK-6]`, async () => {
      const { fault, substitutes } = failing('lease', call);
      const { handle, runtime } = await owning({ flushMs: NEVER, autoClaim: false }, substitutes);
      await handle.save('a');
      void handle.save('b');
      fault.fail = (nth) => (nth === 1 ? new TypeError('a bug') : undefined);
      await rejection(call === 'done' ? handle.done() : handle.release());
      await runtime.stop();
      expect((await next()).handle.checkpoint).to.equal('b');
    });
  }

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

  it('survives the dead letter, and the redrive of it [C-CHK-8]', async () => {
    const { announce, create, names, service } = fleet();
    const seen: unknown[] = [];
    const runtime = create({ maxRetries: 0, handlerBackoff: { initialMs: 1, maxMs: 1 } });
    runtime.process(async (stream) => {
      seen.push(stream.checkpoint);
      await stream.save('so far');
      if (seen.length === 1) throw new Error('fails');
    });
    await runtime.start();
    await announce(['one']);
    await eventually('it is dead-lettered', async () => (await suite.redis().xlen(names.dlq)) === 1);
    expect(await kept('one')).to.deep.equal({ v: 'so far' });
    const admin = createAdmin({ redis: suite.server().url, service });
    const redriven = [];
    for await (const letter of admin.deadLetters.redrive({ all: true })) redriven.push(letter);
    expect(redriven).to.have.length(1);
    await admin.close();
    await eventually('it is done', async () => seen.length === 2 && (await kept('one')) === null);
    expect(seen).to.deep.equal([undefined, 'so far']);
  });

  it('is there for what waited behind its name, after a hand-over and not after a done [C-CHK-8]', async () => {
    const { announce } = fleet();
    const { runtime, handle } = await owning();
    await announce(['one']);
    await eventually('it is parked', () => runtime.snapshot().counters.parked === 1);
    await handle.save('a');
    await handle.release();
    await eventually('the next is owned', () => runtime.owned('one') !== undefined);
    const second = runtime.owned('one') as StreamHandle;
    expect(second.checkpoint).to.equal('a');
    await second.done();
    await eventually('the last is owned', () => runtime.owned('one') !== undefined);
    expect(runtime.owned('one')?.checkpoint).to.equal(undefined);
  });

  it('goes when a producer cancels its stream, whoever has that, and is saved no more [C-CHK-8]', async () => {
    const { service, names } = fleet();
    const producer = createProducer({ redis: suite.server().url, service });
    const { runtime, handle } = await owning();
    await handle.save('a');
    expect(await producer.cancel('one')).to.include({ cancelled: 'owned' });
    expect(await kept('one')).to.equal(null);
    // Its owner has not heard of it yet, or its handler is still returning.
    await handle.save('b').catch(() => {});
    expect(await kept('one')).to.equal(null);
    await eventually('it is over', () => runtime.owned('one') === undefined);
    await suite.redis().hset(names.checkpoints, 'waits', 'v1 1-1 1 1 {}', 'none', 'v1 1-1 1 1 {}');
    await producer.add('waits', null, { delayMs: 60_000 });
    await producer.cancelMany(['waits', 'none']);
    // Of what is nowhere nothing is cancelled.
    expect(await suite.redis().hkeys(names.checkpoints)).to.deep.equal(['none']);
    await producer.close();
  });

  it('that says more than its owner began with proves a stream: its counts begin at 0 [C-EXP-8] [C-CHK-9]', async () => {
    const { announce, create, names } = fleet();
    const seen: [retryCount: number, checkpoint: unknown][] = [];
    const runtime = create({ maxRetries: 1, handlerBackoff: { initialMs: 1, maxMs: 1 } });
    runtime.process(async (stream) => {
      seen.push([stream.retryCount, stream.checkpoint]);
      // As much as before, from the third on.
      if (seen.length > 1) await stream.save(`${Math.min(3, seen.length)}`);
      throw new Error('fails');
    });
    await runtime.start();
    await announce(['one']);
    await eventually('it is dead-lettered', async () => (await suite.redis().xlen(names.dlq)) === 1);
    expect(seen).to.deep.equal([
      [0, undefined],
      // Without it the second would have been the last.
      [1, undefined],
      [1, '2'],
      [1, '3'],
    ]);
  });

  it('of a stream that nobody owns is kept for checkpointKeepMs [C-CHK-10]', async () => {
    const { create, names } = fleet();
    const { runtime, handle } = await owning({ reconcileEveryMs: 100, checkpointKeepMs: 1000 });
    await handle.save('owned');
    const record = await suite.redis().hget(names.checkpoints, 'one');
    const old = String(record).replace(/ \d{13} /, ' 1 ');
    await suite.redis().hset(names.checkpoints, {
      one: old,
      gone: old,
      young: String(record),
      foreign: 'v2 anything',
    });
    await eventually('it is pruned', async () => !(await suite.redis().hexists(names.checkpoints, 'gone')));
    expect((await suite.redis().hkeys(names.checkpoints)).sort()).to.include.members(['foreign', 'one']);
    await handle.done();
    await runtime.stop();
    expect(() => create({ checkpointKeepMs: 0 })).to.throw(/checkpointKeepMs/);
  });

  it('has a schema: refused when it is saved, and when it is loaded [C-CHK-11]', async () => {
    const { names } = fleet();
    const checkpointSchema = z.object({ upTo: z.number(), at: z.coerce.date().optional() });
    const { runtime, handle } = await owning({ checkpointSchema });
    const at = new Date(1_700_000_000_000);
    await handle.save({ upTo: 7, at });
    expect(await kept('one')).to.deep.equal({ v: { upTo: 7, at: at.toISOString() } });
    const error = await rejection(handle.save({ upTo: 'x' }));
    expect(error).to.include({ code: 'InvalidOption' });
    expect(error.message).to.match(
      /^expected checkpoint to be what checkpointSchema takes, but it does not satisfy the schema at upTo: /,
    );
    await runtime.stop();
    const { listening, create } = fleet();
    const heir = await listening({ checkpointSchema });
    await heir.log.first('StreamAdded', 'one');
    expect(heir.runtime.owned('one')?.checkpoint).to.deep.equal({ upTo: 7, at });
    await heir.runtime.stop();
    // The schema is another one by now: the handler fails, and what is kept stays.
    const failing = create({ checkpointSchema: z.object({ offset: z.number() }), maxRetries: 0 });
    failing.process((stream) => stream.checkpoint);
    await failing.start();
    await eventually('it is dead-lettered', async () => (await suite.redis().xlen(names.dlq)) === 1);
    expect(failing.snapshot().failures.at(-1)?.error).to.include({ code: 'InvalidCheckpoint' });
    expect(await kept('one')).to.deep.equal({ v: { upTo: 7, at: at.toISOString() } });
  });

  it('without a schema is a text of at most 4 KiB [C-CHK-11]', async () => {
    const { handle } = await owning();
    await handle.save('x'.repeat(4094));
    for (const wrong of ['x'.repeat(4095), '€'.repeat(1365), 7, null, undefined, {}, 1n, Symbol('no')]) {
      expect(await rejection(handle.save(wrong)), String(wrong)).to.include({ code: 'InvalidOption' });
    }
  });

  it('that no version of ours has written fails the handler, and is overwritten by what is saved [C-CHK-11]', async () => {
    const { announce, names, listening } = fleet();
    await suite.redis().hset(names.checkpoints, 'one', 'anything');
    await announce(['one']);
    const { runtime, log } = await listening();
    await log.first('StreamAdded', 'one');
    const handle = runtime.owned('one') as StreamHandle;
    expect(() => handle.checkpoint).to.throw(/what is kept as the checkpoint of one is none/);
    await handle.save('mine');
    expect(await kept('one')).to.deep.equal({ v: 'mine' });
  });

  it('that does not fit into an answer is asked for before the stream is handed over [C-CHK-4]', async () => {
    const { announce, listening, names } = fleet();
    const json = (value: string) => `v1 1-1 1 1 {"v":${JSON.stringify(value)}}`;
    const all = ['a', 'b', 'c'].map((name) => [name, json(name.repeat(30_000))] as const);
    await suite.redis().hset(names.checkpoints, ...all.flat());
    await announce(['a', 'b', 'c']);
    const { runtime, log } = await listening();
    await log.count('StreamAdded', 3);
    for (const name of ['a', 'b', 'c']) expect(runtime.owned(name)?.checkpoint).to.equal(name.repeat(30_000));
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
    await suite.redis().call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
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
