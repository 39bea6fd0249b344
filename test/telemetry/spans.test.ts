import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { expect } from 'chai';
import { createProducer } from '../../src/index.js';
import { startGoConsumer } from '../../src/testing/go-consumer.js';
import { useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { useTelemetry } from '../support/telemetry.js';

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('spans', () => {
  const suite = useRedis();
  const telemetry = useTelemetry();
  const crew = useCrew(suite);

  const fieldsOf = async (id: string) => {
    const [[, fields] = ['', []]] = await suite.redis().xrange(crew.lbs, id, id);
    const pairs = fields.flatMap((name, at) => (at % 2 === 0 ? [[name, fields[at + 1] ?? '']] : []));
    return Object.fromEntries(pairs) as Record<string, string>;
  };

  const producer = (options = {}) =>
    createProducer({ redis: suite.server().url, service: crew.service, ...options });

  it('lead from whoever announces a stream, by the entry, to its owner’s handler', async () => {
    const tracer = trace.getTracer('application');
    let inHandler: string | undefined;
    const member = crew.make();
    member.runtime.process(async () => {
      inHandler = trace.getActiveSpan()?.spanContext().spanId;
      tracer.startSpan('work of the handler').end();
      // Nor is it lost where the handler waits.
      await new Promise((resolve) => setImmediate(resolve));
      tracer.startSpan('more of it').end();
    });
    // Whoever starts the runtime is no parent of what it will do.
    await tracer.startActiveSpan('start', async (span) => {
      await member.runtime.start();
      span.end();
    });
    await using announcing = producer();
    const id = await tracer.startActiveSpan('request', async (span) => {
      const added = await announcing.add('invoice-17', { region: 'eu' });
      span.end();
      return added;
    });

    const process = await telemetry.span('process orders-input');
    const [send] = telemetry.spans('send orders-input');
    const [request] = telemetry.spans('request');
    expect(send?.kind).to.equal(SpanKind.PRODUCER);
    expect(send?.parentSpanContext?.spanId).to.equal(request?.spanContext().spanId);
    expect(send?.attributes).to.deep.equal({
      'messaging.system': 'redis',
      'messaging.destination.name': 'orders-input',
      'messaging.operation.name': 'send',
      'messaging.operation.type': 'send',
    });
    expect(process.kind).to.equal(SpanKind.CONSUMER);
    expect(process.parentSpanContext).to.equal(undefined);
    expect(process.links.map(({ context: { traceId, spanId } }) => ({ traceId, spanId }))).to.deep.equal([
      { traceId: send?.spanContext().traceId, spanId: send?.spanContext().spanId },
    ]);
    expect(process.attributes).to.deep.equal({
      'messaging.system': 'redis',
      'messaging.destination.name': 'orders-input',
      'messaging.consumer.group.name': 'orders-group',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.client.id': member.name,
      'messaging.message.id': id,
      'streamwarden.stream.name': 'invoice-17',
      'streamwarden.retry_count': 0,
      'streamwarden.outcome': 'done',
    });
    expect(inHandler).to.equal(process.spanContext().spanId);
    for (const name of ['work of the handler', 'more of it']) {
      const [child] = telemetry.spans(name);
      expect(child?.parentSpanContext?.spanId, name).to.equal(process.spanContext().spanId);
    }
    expect(await telemetry.atLeast('messaging.client.sent.messages', 1)).to.equal(1);
    await telemetry.atLeast('messaging.client.operation.duration', 1, {
      'messaging.operation.name': 'send',
      'messaging.operation.type': 'send',
    });
  });

  it('announce many by one span, whose context every entry carries', async () => {
    await using announcing = producer();
    const ids = await announcing.addMany([{ name: 'a' }, { name: 'b' }]);
    const [send] = telemetry.spans('send orders-input');
    expect(send?.attributes).to.include({ 'messaging.batch.message_count': 2 });
    const { traceId = '', spanId = '' } = send?.spanContext() ?? {};
    for (const id of ids) {
      expect(await fieldsOf(id)).to.include({ traceparent: `00-${traceId}-${spanId}-01` });
    }
    expect(await telemetry.atLeast('messaging.client.sent.messages', 2)).to.equal(2);
  });

  it('tell of a cancel, and what it found, in the span it is called in; it sends nothing', async () => {
    await using announcing = producer();
    await announcing.addMany([{ name: 'a' }, { name: 'b' }]);
    await trace.getTracer('application').startActiveSpan('request', async (span) => {
      await announcing.cancel('a');
      span.end();
    });
    await announcing.cancelMany(['a', 'b']);
    const [one, many] = telemetry.spans('cancel orders-input');
    const [request] = telemetry.spans('request');
    expect(one?.kind).to.equal(SpanKind.CLIENT);
    expect(one?.parentSpanContext?.spanId).to.equal(request?.spanContext().spanId);
    const common = {
      'messaging.system': 'redis',
      'messaging.destination.name': 'orders-input',
      'messaging.operation.name': 'cancel',
      'messaging.operation.type': 'settle',
    };
    expect(one?.attributes).to.deep.equal({ ...common, 'streamwarden.outcome': 'waiting' });
    expect(many?.attributes).to.deep.equal({ ...common, 'messaging.batch.message_count': 2 });
    await telemetry.atLeast('messaging.client.operation.duration', 2, {
      'messaging.operation.name': 'cancel',
      'messaging.operation.type': 'settle',
    });
    // Both that were announced, and no more.
    expect(await telemetry.atLeast('messaging.client.sent.messages', 2)).to.equal(2);

    await suite.redis().del(crew.lbs);
    await suite.redis().set(crew.lbs, 'no stream');
    const error = await announcing.cancel('a').catch((thrown: unknown) => thrown);
    expect(error).to.include({ code: 'RedisRefused' });
    const failed = telemetry.spans('cancel orders-input').at(-1);
    expect(failed?.status.code).to.equal(SpanStatusCode.ERROR);
    expect(failed?.attributes).to.include({ 'error.type': 'RedisRefused' });
  });

  it('pass on the trace state, and nothing that was not traced', async () => {
    await using announcing = producer();
    const [traced] = await context.with(
      propagation.extract(context.active(), { traceparent: TRACEPARENT, tracestate: 'vendor=x' }),
      () => announcing.addMany([{ name: 'a' }]),
    );
    expect(await fieldsOf(traced ?? '')).to.include({ tracestate: 'vendor=x' });
    const member = await crew.start();
    await member.awaitNews('StreamAdded');
    await member.runtime.owned('a')?.done();
    const process = await telemetry.span('process orders-input');
    expect(process.links[0]?.context.traceState?.get('vendor')).to.equal('x');
    expect(process.links[0]?.context.isRemote).to.equal(true);

    await using silent = producer({ telemetry: false });
    expect(Object.keys(await fieldsOf(await silent.add('b')))).to.deep.equal(['lbs-input']);
  });

  it('say that announcing failed, and why', async () => {
    await using announcing = producer();
    await suite.redis().set(crew.lbs, 'no stream');
    const error = await announcing.add('a').catch((thrown: unknown) => thrown);
    expect(error).to.include({ code: 'RedisRefused' });
    const [send] = telemetry.spans('send orders-input');
    expect(send?.status.code).to.equal(SpanStatusCode.ERROR);
    expect(send?.attributes).to.include({ 'error.type': 'RedisRefused' });
    await telemetry.atLeast('messaging.client.sent.messages', 1, { 'error.type': 'RedisRefused' });
  });

  it('say that a handler failed, how often the stream has, and link every attempt to its announcement', async () => {
    const member = crew.make({ handlerBackoff: { initialMs: 1, maxMs: 1 } });
    member.runtime.process(({ retryCount }) => {
      if (retryCount === 0) throw new RangeError('no such region');
    });
    await member.runtime.start();
    await using announcing = producer();
    await announcing.add('a');
    const failed = await telemetry.span('process orders-input', { 'streamwarden.outcome': 'failed' });
    expect(failed.status).to.deep.equal({ code: SpanStatusCode.ERROR, message: 'no such region' });
    expect(failed.attributes).to.include({ 'error.type': 'RangeError', 'streamwarden.retry_count': 0 });
    expect(failed.events.map(({ name }) => name)).to.deep.equal(['exception']);

    const done = await telemetry.span('process orders-input', { 'streamwarden.outcome': 'done' });
    expect(done.attributes).to.include({ 'streamwarden.retry_count': 1 });
    const [send] = telemetry.spans('send orders-input');
    for (const { links } of [failed, done]) {
      expect(links[0]?.context.spanId).to.equal(send?.spanContext().spanId);
    }
  });

  it('are not linked where the entry’s trace context makes no sense, which harms nobody', async () => {
    const add = (...fields: string[]) =>
      suite
        .redis()
        .xadd(crew.lbs, '*', 'lbs-input', JSON.stringify({ DataStreamName: fields[1] }), ...fields);
    await add('traceparent', 'nonsense');
    await add('traceparent', `${TRACEPARENT}-more`);
    await add('traceparent', TRACEPARENT.replace(/0af7\w+/, '0'.repeat(32)));
    await add('traceparent', TRACEPARENT.replace(/^00/, 'ff'));
    const member = crew.make();
    member.runtime.process(() => {});
    await member.runtime.start();
    await eventually('all are done', () => telemetry.spans('process orders-input').length === 4);
    expect(telemetry.spans('process orders-input').flatMap(({ links }) => links)).to.deep.equal([]);
  });

  it('are linked across a consumer of the Go client, which takes and requeues traced entries', async () => {
    await using announcing = producer();
    await suite.redis().xgroup('CREATE', crew.lbs, crew.group, '0', 'MKSTREAM');
    const go = await startGoConsumer({
      redis: suite.server().url,
      service: crew.service,
      heartbeatMs: keepable(200),
    });
    try {
      await announcing.addMany([{ name: 'finished there' }, { name: 'left there' }]);
      await eventually('it owns both', () => go.owned.size === 2);
      expect(await go.done('finished there')).to.equal(true);
    } finally {
      go.kill();
    }
    const member = await crew.start();
    await member.awaitNews('StreamAdded');
    const heir = member.runtime.owned('left there');
    expect(heir?.retryCount).to.equal(1);
    await heir?.done();
    const process = await telemetry.span('process orders-input');
    const [send] = telemetry.spans('send orders-input');
    expect(process.links[0]?.context.spanId).to.equal(send?.spanContext().spanId);
  });

  it('tell of the keyspace set-up and of every scan', async () => {
    await suite.redis().config('SET', 'notify-keyspace-events', '');
    const member = await crew.start({ reconcileEveryMs: 100 });
    const setup = await telemetry.span('streamwarden.keyspace.setup');
    expect(setup.attributes).to.deep.equal({
      'messaging.system': 'redis',
      'messaging.destination.name': 'orders-input',
      'messaging.consumer.group.name': 'orders-group',
      'messaging.client.id': member.name,
      'streamwarden.master': 'master',
      'streamwarden.outcome': 'set',
    });
    await telemetry.span('streamwarden.scan', { 'streamwarden.scan.kind': 'startup' });
    const scan = await telemetry.span('streamwarden.scan', { 'streamwarden.scan.kind': 'periodic' });
    expect(scan.kind).to.equal(SpanKind.INTERNAL);
    expect(scan.parentSpanContext).to.equal(undefined);
    expect(scan.attributes).to.include({ 'streamwarden.scan.whole': true, 'streamwarden.scan.pending': 0 });
    await telemetry.atLeast('streamwarden.keyspace.setups', 1, { 'streamwarden.outcome': 'set' });
  });

  it('tell of a set-up that failed', async () => {
    await suite.redis().config('SET', 'notify-keyspace-events', 'g$');
    const member = crew.make();
    await member.runtime.start().catch(() => {});
    await suite.redis().config('SET', 'notify-keyspace-events', '');
    const setup = await telemetry.span('streamwarden.keyspace.setup');
    expect(setup.status.code).to.equal(SpanStatusCode.ERROR);
    expect(setup.attributes).to.include({
      'error.type': 'KeyspaceConfigConflict',
      'streamwarden.outcome': 'failed',
    });
  });

  it('end with the runtime, also those of handlers that never return', async () => {
    const member = crew.make({ handOverGraceMs: 0 });
    const entered = new Promise<void>((resolve) => {
      member.runtime.process(() => {
        resolve();
        return new Promise<void>(() => {});
      });
    });
    await member.runtime.start();
    await crew.announce('stuck');
    await entered;
    await member.runtime.stop();
    expect(telemetry.spans('process orders-input')[0]?.attributes).to.include({
      'streamwarden.outcome': 'aborted',
    });
  });
});
