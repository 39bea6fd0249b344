import { metrics as metricsApi } from '@opentelemetry/api';
import { expect } from 'chai';
import { Seam } from '../../src/core/seam.js';
import { createProducer } from '../../src/index.js';
import { BoundedWords, OTHER } from '../../src/telemetry/attributes.js';
import { Instruments } from '../../src/telemetry/instruments.js';
import { RuntimeMetrics } from '../../src/telemetry/runtime-metrics.js';
import { useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { useRedis } from '../support/redis.js';
import { useTelemetry } from '../support/telemetry.js';

/** More than any metric of ours has, and far less than there are streams. */
const MOST_SERIES = 60;
const STREAMS = 400;

describe('attributes of metrics', () => {
  const suite = useRedis();
  const telemetry = useTelemetry();
  const crew = useCrew(suite);

  it('are few, however many streams, owners, entries and kinds of failure there are', async () => {
    const members = ['one', 'two', 'three'].map((consumerId) =>
      crew.make({
        consumerId,
        handlerBackoff: { initialMs: 1, maxMs: 1 },
        maxRetries: 0,
        reconcileEveryMs: 100,
      }),
    );
    let handled = 0;
    for (const { runtime } of members) {
      runtime.process(({ name }) => {
        handled += 1;
        if (handled % 2 === 0) throw Object.assign(new Error(name), { name: `Error of ${name}` });
      });
      await runtime.start();
    }
    await using producer = createProducer({ redis: suite.server().url, service: crew.service });
    const names = Array.from({ length: STREAMS }, (_, n) => `unmistakable-${n}`);
    const ids = await producer.addMany(names.map((name) => ({ name })));
    await eventually('all are dealt with', async () => (await suite.redis().xlen(crew.lbs)) === 0);

    const exported = await telemetry.collect();
    expect(exported.length).to.be.above(20);
    for (const { name, points } of exported) {
      expect(points.length, name).to.be.at.most(MOST_SERIES);
      const said = JSON.stringify(points.map(({ attributes }) => attributes));
      expect(said, name).not.to.include('unmistakable');
      for (const id of ids.slice(0, 5)) expect(said, name).not.to.include(id);
      for (const member of members) expect(said, name).not.to.include(member.name);
    }
    // Where they help, they are: on spans.
    expect(
      telemetry.spans('process orders-input', { 'streamwarden.stream.name': 'unmistakable-7' }),
    ).to.have.length(1);
  });

  it('are bounded also where their values come from elsewhere', async () => {
    const seam = new Seam((error) => {
      throw error;
    });
    const metrics = new RuntimeMetrics(seam, new Instruments(metricsApi.getMeter('test')), {}, Date.now);
    for (let n = 0; n < 500; n++) {
      seam.emit('readFailed', { error: `E${n}` });
      seam.emit('childFailed', {
        child: `masterSubscription/10.0.0.${n}`,
        code: 'x',
        message: '',
        restartInMs: 1,
      });
      seam.emit('childFailed', {
        child: `kind-${n}/10.0.0.${n}`,
        code: `E${n}`,
        message: '',
        restartInMs: 1,
      });
      seam.emit('lost', { reason: `reason ${n}`, name: 'order-7', id: '7-0' });
      seam.emit('moved', { why: `why-${n}`, requeued: 1, deadLettered: 1, trimmed: 0, dlqLength: 1 });
    }
    metrics.close();
    for (const { name, points } of await telemetry.collect()) {
      expect(points.length, name).to.be.at.most(MOST_SERIES);
    }
    const [subscriptions] = await telemetry.points('streamwarden.child.restarts', {
      'streamwarden.child': 'masterSubscription',
    });
    expect(subscriptions?.value, 'a master is no kind of child').to.equal(500);
  });

  it('take the first words that come, and no sentences', () => {
    const words = new BoundedWords(2);
    expect(['a', 'b', 'c', 'a', 'c'].map((word) => words.of(word))).to.deep.equal([
      'a',
      'b',
      OTHER,
      'a',
      OTHER,
    ]);
    expect(new BoundedWords().of('connection to 10.0.0.7:6379 refused')).to.equal(OTHER);
  });
});
