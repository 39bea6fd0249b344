/** What is behind the API of OpenTelemetry is the application's, and throws wherever it is asked: everything is done all the same. */
import { context, metrics, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { expect } from 'chai';
import { createProducer } from '../../src/index.js';
import { useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { refuses } from '../support/hostile-values.js';
import { useRedis } from '../support/redis.js';

/** Whatever is called of it answers with the same a level deeper; the deepest throws. */
function throwsAt(level: number): never {
  const answer = () => (level === 0 ? refuses() : throwsAt(level - 1));
  // Not a promise, and nothing that looks like one.
  return new Proxy({}, { get: (_target, name) => (name === 'then' ? undefined : answer) }) as never;
}

describe('an application whose OpenTelemetry throws', () => {
  const suite = useRedis();
  const crew = useCrew(suite);

  afterEach(() => {
    for (const api of [trace, metrics, context, propagation]) api.disable();
  });

  for (const [level, what] of [
    'when it is asked for a meter or a tracer',
    'when it is asked for an instrument or a span',
    'when something is measured, and in every call of a span',
  ].entries()) {
    it(`${what}: gets everything that it would get without one [C-APP-2]`, async () => {
      trace.setGlobalTracerProvider(throwsAt(level));
      metrics.setGlobalMeterProvider(throwsAt(level));
      propagation.setGlobalPropagator(throwsAt(0));
      context.setGlobalContextManager({
        active: () => ROOT_CONTEXT,
        with: refuses,
        bind: refuses,
        enable: refuses,
        disable() {
          return this;
        },
      });
      await using producer = createProducer({ redis: suite.server().url, service: crew.service });
      const member = await crew.start({ handlerBackoff: { initialMs: 1, maxMs: 1 } });
      const done: string[] = [];
      member.runtime.process(async ({ name, retryCount }) => {
        if (name === 'fails' && retryCount === 0) throw new Error('counted and traced');
        done.push(name);
      });
      await producer.addMany([{ name: 'one' }, { name: 'fails' }]);
      await eventually('both are done', () => done.length === 2);
      expect(done).to.have.members(['one', 'fails']);
      const report = await member.runtime.stop();
      expect(report.abandoned).to.deep.equal([]);
      expect(member.told('StreamDisowned')).to.deep.equal([]);
    });
  }
});
