/** What the inspector says of one stream: what is being done with it, and what its handler threw. */
import { expect } from 'chai';
import { streamFacts } from '../../src/inspector/page/model/stream-words.js';
import type { StreamReply } from '../../src/inspector/protocol.js';
import { eventually } from '../support/eventually.js';
import { ask, useInspectors } from '../support/inspector.js';
import { useRedis } from '../support/redis.js';
import { type FleetOptions, useFleet } from '../support/runtimes.js';

describe('what a stream is doing', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);
  const inspectors = useInspectors();

  async function watched(options: FleetOptions<Readonly<Record<string, unknown>>> = {}) {
    const runtime = fleet().create(options);
    const inspector = await inspectors.open();
    inspector.attach(runtime);
    const of = (id: string) =>
      ask(inspector.url, `api/runtimes/${encodeURIComponent(runtime.consumer)}/streams/${id}`);
    return { runtime, of, said: async (id: string) => (await of(id)).json<StreamReply>() };
  }

  const words = (reply: StreamReply): Record<string, string> =>
    reply.activity === null
      ? {}
      : Object.fromEntries(
          streamFacts(reply, reply.activity, 'held', 3).map(({ name, words: said }) => [name, said]),
        );

  it('is told of a handler that runs, with info, lease and checkpoint', async () => {
    const { runtime, said } = await watched();
    runtime.process(
      async (stream) => {
        await stream.save('page 3');
        await new Promise((resolve) => stream.signal.addEventListener('abort', resolve));
      },
      { concurrency: 1 },
    );
    await runtime.start();
    const [id] = (await fleet().announce(['order-7'], { customer: 42 })) as [string];
    await eventually('its checkpoint is saved', () => runtime.snapshot().counters.saved === 1);
    const reply = await said(id);
    expect(reply.activity).to.deep.include({
      name: 'order-7',
      state: 'extending',
      info: { customer: 42 },
      isInfoLeftOut: false,
      retryCount: 0,
      failures: 0,
      thrown: null,
      isAborted: false,
    });
    expect(reply.activity?.checkpoint).to.deep.include({ value: '"page 3"', isWritten: true });
    expect(reply.activity?.validUntil).to.be.above(reply.at);
    const told = words(reply);
    expect(told.Handler).to.match(/^runs since \d\d:\d\d:\d\d, for \d/);
    expect(told).to.include({
      Attempt: 'the first',
      Lock: 'held',
      Checkpoint: 'Redis has all of it',
      Saved: '"page 3"',
    });
    expect(told.Lease).to.match(/^valid until .*, for .* more$/);
    expect(told.Owned).to.match(/^since /);
  });

  it('is told of a handler that failed: its stack, until when it backs off, and, of the retry, what was thrown before', async () => {
    const { runtime, said } = await watched({ handlerBackoff: { initialMs: 200, maxMs: 60_000 } });
    let calls = 0;
    runtime.process(({ signal }) => {
      calls += 1;
      if (calls === 1) throw new TypeError('no price at redis://me:secret@shop');
      return new Promise((resolve) => signal.addEventListener('abort', resolve));
    });
    await runtime.start();
    const [id] = (await fleet().announce(['order-8'])) as [string];
    let failed: StreamReply | undefined;
    await eventually('it backs off', async () => {
      const reply = await said(id);
      if (reply.activity?.handler.state === 'backingOff') failed = reply;
      return failed !== undefined || calls > 1;
    });
    if (failed !== undefined) {
      const { thrown, handler } = failed.activity ?? {};
      expect(thrown).to.deep.include({ name: 'TypeError' });
      expect(thrown?.stack).to.include('stream-activity.test.ts').and.not.to.include('secret');
      expect(handler)
        .to.have.property('until')
        .that.is.above(failed.at - 1);
      expect(words(failed).Handler).to.match(/^threw; it backs off, and a retry is spent at /);
    }
    const retried = () => [...runtime.ownedStreams()].find((stream) => stream.retryCount === 1);
    await eventually('it is tried again', () => calls === 2 && retried() !== undefined);
    const reply = await said(retried()?.id ?? '');
    expect(reply.activity).to.deep.include({ retryCount: 1, failures: 1, thrown: null });
    expect(reply.before).to.deep.include({ id });
    expect(reply.before?.thrown).to.include('TypeError: no price').and.not.to.include('secret');
    expect(words(reply).Attempt).to.equal('number 2, 1 of 3 retries spent, its handler threw 1 × before');
  });

  it('is nothing of what it does not have, and leaves out an info that is too large', async () => {
    const { runtime, said, of } = await watched();
    await runtime.start();
    expect(await said('1-0')).to.deep.include({ activity: null, before: null });
    expect((await of('no-id')).status).to.equal(400);
    const [id] = (await fleet().announce(['large'], { text: 'x'.repeat(20_000) })) as [string];
    await eventually('it is owned', () => runtime.snapshot().owned === 1);
    const reply = await said(id);
    expect(reply.activity).to.deep.include({ info: null, isInfoLeftOut: true, handler: { state: 'none' } });
    expect(words(reply)).to.include({ Checkpoint: 'nothing is saved' });
    expect(words(reply).Handler).to.include('none is attached');
  });
});
