/** Payloads that something else trims or deletes from the load balancer stream while their entries are unfinished. */
import { expect } from 'chai';
import { useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { useRedis } from '../support/redis.js';

interface Line {
  readonly fields: { readonly streams?: readonly unknown[]; readonly count?: number };
  readonly message: string;
}

describe('payloads that vanish under their owner', () => {
  const suite = useRedis();
  const crew = useCrew(suite, { handOverGraceMs: 10 });
  const names = ['first', 'second', 'third', 'fourth'];
  let errors: Line[];

  beforeEach(() => {
    errors = [];
  });

  const logged = () => errors.filter(({ message }) => message.startsWith('payloads were trimmed or deleted'));
  const nothing = () => {};
  const logger = {
    debug: nothing,
    info: nothing,
    warn: nothing,
    error: (fields: object, message: string) => void errors.push({ fields, message }),
  };

  async function own(options: object = {}) {
    const member = await crew.start({ logger, ...options });
    const ids = await crew.announce(...names);
    await member.awaitNews('StreamAdded', names.length);
    return { member, ids };
  }

  async function pendingCount(): Promise<number> {
    return Number(((await suite.redis().xpending(crew.lbs, crew.group)) as unknown[])[0]);
  }

  it('are no hand-over: the owner is told entryGone, they are counted, and logged with their names [C-LOST-6, C-STOP-1]', async () => {
    const { member } = await own({ lockKeys: false });
    await suite.redis().xtrim(crew.lbs, 'MAXLEN', 2);
    const report = await member.runtime.stop();
    expect(report).to.deep.include({ handedOver: 2, abandoned: [], stragglers: [] });
    expect(member.told('StreamDisowned').map(({ stream, reason }) => [stream, reason])).to.have.deep.members([
      ['first', 'entryGone'],
      ['second', 'entryGone'],
    ]);
    expect(member.runtime.snapshot().counters).to.include({ vanished: 2, handedOver: 2 });
    expect(logged()[0]?.fields).to.deep.include({ streams: ['first', 'second'], count: 2 });
    expect(await pendingCount()).to.equal(0);
  });

  for (const [how, remove] of [
    ['trimmed', (_id: string) => suite.redis().xtrim(crew.lbs, 'MAXLEN', 3)],
    ['deleted', (id: string) => suite.redis().xdel(crew.lbs, id)],
  ] as const) {
    it(`are noticed when they are ${how} while their owner works: its signal aborts, and the name is free [C-LOST-6]`, async () => {
      const { member, ids } = await own({ lockKeys: false, reconcileEveryMs: 100 });
      const signal = member.runtime.owned('first')?.signal as AbortSignal;
      await remove(ids[0] as string);
      const [lost] = await member.awaitNews('StreamDisowned');
      expect(lost).to.include({ stream: 'first', reason: 'entryGone' });
      expect(signal.aborted).to.equal(true);
      await eventually('it is off the pending list', async () => (await pendingCount()) === 3);
      await eventually('it is counted', () => member.runtime.snapshot().counters.vanished === 1);
      expect(logged()[0]?.fields).to.deep.include({ streams: ['first'], count: 1 });
      const [again] = await crew.announce('first');
      await eventually('the name has an owner', () => member.runtime.owned('first')?.id === again);
      expect(member.told('StreamDisowned')).to.have.length(1);
    });
  }

  it('are noticed by whoever takes over from a dead owner, and named [C-LOST-6]', async () => {
    const { member } = await own();
    const heir = await crew.start({ logger });
    await suite.redis().xtrim(crew.lbs, 'MAXLEN', 3);
    await member.runtime.stop({ mode: 'abandon' });
    await heir.awaitNews('StreamAdded', 3);
    await eventually('it is counted', () => heir.runtime.snapshot().counters.vanished === 1);
    expect(logged()[0]?.fields).to.deep.include({ streams: ['first'], count: 1 });
    expect(await pendingCount()).to.equal(3);
  });

  it('are no matter to what is finished: done() says so [C-DONE-1]', async () => {
    const { member } = await own();
    await suite.redis().xtrim(crew.lbs, 'MAXLEN', 0);
    await member.runtime.owned('first')?.done();
    expect(member.told('StreamDisowned').some(({ stream }) => stream === 'first')).to.equal(false);
  });
});
