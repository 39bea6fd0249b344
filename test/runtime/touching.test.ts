import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import * as chai from 'chai';
import { expect } from 'chai';
import { createProducer, type StreamHandle } from '../../src/index.js';
import { SCRIPTS } from '../../src/redis/scripts.js';
import { startFaultProxy } from '../../src/testing/fault-proxy.js';
import { loadRecording, recordings } from '../../src/testing/index.js';
import { eventually } from '../support/eventually.js';
import { heldCall } from '../support/held-call.js';
import { useProducer } from '../support/producers.js';
import { useFolder } from '../support/recordings.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';
import { useFleet } from '../support/runtimes.js';

chai.use(recordings);

describe('a stream that is ensured while it is owned', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);
  const folder = useFolder();
  const producer = useProducer(suite, fleet);

  async function owning(name = 'one') {
    const { runtime, log } = await fleet().listening();
    const { id } = await producer().ensure(name);
    await eventually(`${name} is owned`, () => runtime.owned(name) !== undefined);
    return { runtime, log, id, handle: runtime.owned(name) as StreamHandle };
  }

  it('tells its owner within a heartbeat: a count, an event, a notification [C-ENS-4]', async () => {
    const { runtime, log, id, handle } = await owning();
    const heard: number[] = [];
    const forget = handle.onTouched((touched) => heard.push(touched));
    handle.onTouched(() => {
      throw new Error('a listener throws');
    });
    expect(handle.touched).to.equal(0);
    expect(await producer().ensure('one')).to.deep.equal({ id, created: false });
    await eventually('the count has grown', () => handle.touched === 1);
    expect(heard).to.deep.equal([1]);
    forget();
    await producer().ensureMany([{ name: 'one' }, { name: 'one' }]);
    await eventually('it has grown again', () => handle.touched === 3);
    expect(heard).to.deep.equal([1]);
    await eventually('it is told', () =>
      log.all.some((one) => one.type === 'StreamTouched' && one.id === id && one.touched === 3),
    );
    await runtime.done(handle);
    expect(await producer().ensure('one')).to.have.property('created', true);
  });

  it('is not finished by done({ ifTouches }) when it was touched since, and is owned as before [C-ENS-6]', async () => {
    const { runtime, id, handle } = await owning();
    const { touched } = handle;
    await producer().ensure('one');
    const error = await rejection(handle.done({ ifTouches: touched }));
    expect(error).to.include({ code: 'StreamTouched', retriable: false });
    expect(error).to.have.deep.property('details', { stream: 'one', id, touches: 1, ifTouches: 0 });
    expect(handle.touched).to.equal(1);
    expect(handle.signal.aborted).to.equal(false);
    expect(handle.validUntil).to.be.above(0);
    expect(runtime.snapshot().streams[0]).to.include({ name: 'one', state: 'extending' });
    await runtime.done(handle, { ifTouches: handle.touched });
    expect(runtime.owned('one')).to.equal(undefined);
    expect(await suite.redis().hget(fleet().names.touches, id)).to.equal(null);
  });

  it('refuses a condition that is none [C-APP-4]', async () => {
    const { handle } = await owning();
    for (const ifTouches of [-1, 1.5, '1', null, Number.NaN] as number[]) {
      expect(await rejection(handle.done({ ifTouches }))).to.include({ code: 'InvalidOption' });
    }
    expect(await rejection(handle.done(7 as never))).to.include({ code: 'InvalidOption' });
    expect(() => handle.onTouched(undefined as never)).to.throw(/listener/);
    await handle.done({ ifTouches: 0 });
  });

  it('loses no message to a done: one owner after the other while there is something to do [C-ENS-6]', async () => {
    const { create, service } = fleet();
    const messages = `${service}:messages`;
    const handled: string[] = [];
    const handler = async (stream: StreamHandle) => {
      while (!stream.signal.aborted) {
        const { touched } = stream;
        const message = await suite.redis().lpop(messages);
        if (message !== null) {
          handled.push(message);
          continue;
        }
        const error = await stream.done({ ifTouches: touched }).catch((thrown: unknown) => thrown);
        if (error === undefined) return;
        expect(error).to.include({ code: 'StreamTouched' });
      }
    };
    for (const runtime of [create(), create()]) {
      runtime.process(handler);
      await runtime.start();
    }
    for (let at = 0; at < 300; at += 1) {
      await suite.redis().rpush(messages, String(at));
      await producer().ensure('session');
    }
    await eventually('all are handled', () => handled.length === 300);
    expect(handled.map(Number)).to.deep.equal(Array.from({ length: 300 }, (_, at) => at));
  });

  it('goes back to everyone when nobody works on it [C-ENS-6]', async () => {
    const { create } = fleet();
    const runtime = create({ handlerBackoff: { initialMs: 60_000, maxMs: 60_000 } });
    const handles: StreamHandle[] = [];
    runtime.process(async (stream) => {
      handles.push(stream);
      if (handles.length === 1) throw new Error('no');
    });
    await runtime.start();
    await producer().ensure('one');
    await eventually('it has failed', () => runtime.snapshot().streams[0]?.state === 'backingOff');
    await producer().ensure('one');
    const [first] = handles;
    expect(await rejection((first as StreamHandle).done({ ifTouches: 0 }))).to.include({
      code: 'StreamTouched',
    });
    await eventually('it is begun anew', () => handles.length === 2);
    expect(handles[1]).to.include({ retryCount: 0 });
  });

  it('goes back to everyone when its handler throws that it was touched, and no retry is spent [C-ENS-6]', async () => {
    const { create } = fleet();
    const runtime = create();
    const handles: StreamHandle[] = [];
    runtime.process(async (stream) => {
      handles.push(stream);
      if (handles.length > 1) return;
      await producer().ensure('one');
      await stream.done({ ifTouches: 0 });
    });
    await runtime.start();
    await producer().ensure('one');
    await eventually('it is finished', () => runtime.snapshot().counters.finished === 1);
    expect(handles.map(({ retryCount }) => retryCount)).to.deep.equal([0, 0]);
    expect(runtime.snapshot().counters).to.include({ handlerFailures: 0, touches: 1 });
  });

  for (const mode of ['handOver', 'finish'] as const) {
    it(`is worked on as before when a stop (${mode}) has begun meanwhile [C-ENS-6, C-STOP-2]`, async () => {
      const done = heldCall('lease', 'done');
      const runtime = fleet().create({}, done.substitutes);
      const refusals: unknown[] = [];
      runtime.process(async (stream) => {
        await producer().ensure('one');
        refusals.push(await rejection(stream.done({ ifTouches: 0 })));
        if (mode === 'finish') await stream.done({ ifTouches: 1 });
        else if (!stream.signal.aborted) await once(stream.signal, 'abort');
      });
      await runtime.start();
      const executed = done.next();
      await producer().ensure('one');
      await executed;
      const stopping = runtime.stop({ mode });
      await eventually('it stops', () => runtime.state === 'draining');
      done.letGo();
      const handedOver = mode === 'finish' ? 0 : 1;
      expect(await stopping).to.deep.include({ handedOver, stragglers: [], abandoned: [] });
      expect(refusals[0]).to.include({ code: 'StreamTouched' });
      expect(await suite.redis().xlen(fleet().names.lbs)).to.equal(handedOver);
    });
  }

  for (const how of ['release', 'releaseMany'] as const) {
    it(`is given back all the same when ${how}() came while its done() was refused, past the handler's grace [C-ENS-6, C-REL-2]`, async () => {
      const done = heldCall('lease', 'done');
      const runtime = fleet().create({ handOverGraceMs: 20 }, done.substitutes);
      const refusals: unknown[] = [];
      const begun: string[] = [];
      runtime.process(async (stream) => {
        begun.push(stream.id);
        if (begun.length > 1) return;
        await producer().ensure('one');
        // On its way out already: whoever releases it finds it owned, and being finished a moment later.
        once(stream.signal, 'abort').then(
          async () => {
            refusals.push(await rejection(stream.done({ ifTouches: 0 })));
          },
          () => {},
        );
        await new Promise<never>(() => {});
      });
      await runtime.start();
      const executed = done.next();
      const { id } = await producer().ensure('one');
      await eventually('it is touched', () => runtime.owned('one')?.touched === 1);
      const handle = runtime.owned('one') as StreamHandle;
      const released = how === 'release' ? handle.release() : runtime.releaseMany(() => true);
      await executed;
      await delay(40);
      done.letGo();
      await released;
      expect(refusals[0]).to.include({ code: 'StreamTouched' });
      await eventually('it is given out anew', () => begun.length === 2);
      expect(begun[0]).to.equal(id);
    });
  }

  it('is recorded so that it replays [C-ENS-6]', async () => {
    const { runtime, handle } = await owning();
    const recording = runtime.record({ file: folder('touched.jsonl') });
    await producer().ensure('one');
    expect(await rejection(handle.done({ ifTouches: 0 }))).to.include({ code: 'StreamTouched' });
    await handle.done({ ifTouches: 1 });
    await recording.stop();
    const recorded = await loadRecording(folder('touched.jsonl'));
    expect(recorded).to.replay();
    expect(recorded).to.visitInOrder(['extending', 'acking', 'extending', 'acking', 'released'], {
      machine: 'ownership',
    });
  });

  it('is announced once though the answer was lost, and once by many who ask at once [C-ENS-1, C-ENS-2]', async () => {
    const { host, port } = suite.server();
    const proxy = await startFaultProxy({ host, port });
    await using lossy = createProducer({ redis: proxy.url, service: fleet().service, timeoutMs: 5000 });
    try {
      await lossy.ensure('zero');
      const armed = proxy.arm({ fault: 'cutReply', matches: (args) => args[1] === SCRIPTS.ensure.sha });
      const { id, created } = await lossy.ensure('one');
      expect(armed.struck).to.equal(1);
      expect(created).to.equal(false);
      const all = await Promise.all(Array.from({ length: 50 }, () => producer().ensure('two')));
      expect(all.filter((one) => one.created).length).to.equal(1);
      const entries = await suite.redis().xrange(fleet().names.lbs, '-', '+');
      expect(entries.length).to.equal(3);
      expect(entries[1]?.[0]).to.equal(id);
    } finally {
      await proxy.close();
    }
  });

  it('is refused where it is no name, before anything is sent [C-ENS-2]', async () => {
    for (const name of ['', 'half of \ud83d', 7 as unknown as string]) {
      expect(await rejection(producer().ensure(name))).to.include({ code: 'InvalidOption' });
    }
    expect(await rejection(producer().ensureMany([{ name: 'fine' }, { name: '' }]))).to.include({
      code: 'InvalidOption',
    });
    expect(await suite.redis().exists(fleet().names.lbs)).to.equal(0);
    expect(await producer().ensureMany([])).to.deep.equal([]);
    await producer().close();
    expect(await rejection(producer().ensure('one'))).to.include({ code: 'RuntimeStopped' });
  });

  it('is ensured in batches, in order [C-ENS-2]', async () => {
    const streams = Array.from({ length: 1_300 }, (_, at) => ({ name: `stream-${at}`, info: { at } }));
    const first = await producer().ensureMany(streams);
    expect(first.every(({ created }) => created)).to.equal(true);
    const again = await producer().ensureMany([...streams].reverse());
    expect(again.map(({ id }) => id).reverse()).to.deep.equal(first.map(({ id }) => id));
    expect(again.some(({ created }) => created)).to.equal(false);
  });
});
