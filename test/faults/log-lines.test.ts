/** What an operator reads during an outage, and after it. */
import { expect } from 'chai';
import type { Logger } from '../../src/index.js';
import { type Member, useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { useFaultProxy } from '../support/fault-proxy.js';
import { allowedMs, keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';

interface Line {
  readonly level: keyof Logger;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

describe('the log of an outage', () => {
  const suite = useRedis();
  const crew = useCrew(suite, { heartbeatMs: keepable(1000) });
  const proxy = useFaultProxy(suite);
  let lines: Line[];

  function logger(): Logger {
    const writes = (level: keyof Logger) => (fields: Readonly<Record<string, unknown>>, message: string) =>
      void lines.push({ level, fields, message });
    return { debug: () => {}, info: writes('info'), warn: writes('warn'), error: writes('error') };
  }

  beforeEach(() => {
    lines = [];
  });

  const ofChildren = (...levels: (keyof Logger)[]) =>
    lines.filter(({ level, fields }) => fields.child !== undefined && levels.includes(level));
  const attempts = ({ runtime }: Member) => runtime.snapshot().subscriptions[0]?.attempts ?? 0;

  it('has a line of a child when it begins, and one when it is over, however often it is tried in between [C-LOG-1]', async () => {
    const ours = await crew.start({ redis: proxy().url, logger: logger() });
    const before = attempts(ours);
    proxy().refuse();
    await eventually('it was tried again and again', () => attempts(ours) >= before + 6);
    expect(ours.runtime.snapshot().failures.length).to.be.at.least(5);
    expect(ofChildren('error').map(({ message }) => message)).to.deep.equal(['a child goes on failing']);
    proxy().allow();
    await eventually('it is over', () => ours.runtime.state === 'running');
    await eventually('it is said', () =>
      ofChildren('info').some(({ message }) => message === 'a child works again'),
    );
    expect(ofChildren('error')).to.have.length(1);
    const [over] = ofChildren('info').filter(({ message }) => message === 'a child works again');
    expect(over?.fields.failures).to.be.at.least(5);
  });

  it('leaves no trouble behind: what was degraded is tried at once when Redis is there again [C-DEG-2]', async () => {
    const ours = await crew.start({ redis: proxy().url, heartbeatMs: keepable(8000), minIdleMs: 60_000 });
    proxy().refuse();
    await eventually('it is degraded', () => ours.runtime.state === 'degraded');
    // The next attempts would each be up to a heartbeat away.
    const before = attempts(ours);
    await eventually('it is tried seldom', () => attempts(ours) > before);
    proxy().allow();
    await eventually(
      'there is a connection',
      () => ours.runtime.snapshot().lease.certain && ours.runtime.health().ready,
    );
    const connectedAt = performance.now();
    await eventually(
      'nothing is in trouble',
      () => Object.keys(ours.runtime.snapshot().troubles).length === 0,
    );
    expect(ours.runtime.state).to.equal('running');
    expect(performance.now() - connectedAt).to.be.below(allowedMs(500));
  });

  it('has no error of a subscription that was cut for being idle, each time [C-LOG-1]', async () => {
    const ours = await crew.start({ logger: logger() });
    const isLive = () => ours.runtime.snapshot().subscriptions[0]?.state === 'live';
    for (let cut = 0; cut < 3; cut += 1) {
      const before = attempts(ours);
      const list = String(await suite.redis().client('LIST'));
      const line = list.split('\n').find((one) => one.includes(`name=streamwarden:${ours.name}:subscriber `));
      const id = /id=(\d+)/.exec(line ?? '')?.[1] ?? '';
      await suite.redis().client('KILL', 'ID', id);
      await eventually('it is made again', () => attempts(ours) > before && isLive());
    }
    expect(lines.filter(({ level }) => level === 'error')).to.deep.equal([]);
    expect(ours.runtime.state).to.equal('running');
  });
});
