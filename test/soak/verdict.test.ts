import { expect } from 'chai';
import { judge } from '../../soak/verdict.js';
import { useRedis } from '../support/redis.js';
import { useWire } from '../support/wire.js';

const A = 'a~00000001';
const B = 'b~00000002';

describe('the verdict of a soak', () => {
  const suite = useRedis();
  const wire = useWire(suite);
  const { names, announce, join, own, historyKey } = wire;

  const judged = (announced: readonly string[], vanished: readonly string[]) =>
    judge({
      client: suite.redis(),
      names,
      historyKey,
      announced,
      vanished,
      poisoned: [],
      done: new Map(),
      surprises: [],
    });

  /** One that is owned, and one behind it that is parked. */
  async function ownedAndParked() {
    const [a, b] = [await join(A), await join(B)];
    const [held] = await own(a, 'n');
    const second = await announce('n');
    expect(await b.lease.acquire(await b.read(1))).to.deep.equal([{ result: 'parked' }]);
    if (held === undefined) throw new Error('expected an owner');
    return { a, b, held, second };
  }

  it('does not call lost what a tool deleted after it had been parked and given back', async () => {
    const { a, b, held, second } = await ownedAndParked();
    await a.lease.done([held]);
    const [copy] = await b.read(1);
    if (copy === undefined) throw new Error('expected what was parked');
    await suite.redis().xdel(names.lbs, copy.id);
    await b.lease.giveBack('handOver', [copy]);
    const verdict = await judged([held.id, second], [copy.id]);
    expect(verdict).to.include({ finished: 1, vanished: 1, lost: 0 });
    expect(verdict.violations).to.deep.equal([]);
    // Nobody says that a tool deleted it.
    expect(await judged([held.id, second], [])).to.include({ vanished: 0, lost: 1 });
  });

  it('tells what is still delayed as not finished, and not as lost', async () => {
    const a = await join(A);
    const [held] = await own(a, 'n');
    if (held === undefined) throw new Error('expected an owner');
    await a.lease.delay([held], 3_600_000);
    const verdict = await judged([held.id], []);
    expect(verdict).to.include({ finished: 0, lost: 0 });
    expect(verdict.violations).to.have.length(1);
    expect(verdict.violations[0]).to.match(/^1 entries were not finished in time, the first delayed:/);
  });

  it('tells what is still parked as not finished, and not as lost', async () => {
    const { a, held, second } = await ownedAndParked();
    const verdict = await judged([held.id, second], []);
    expect(verdict).to.include({ finished: 0, lost: 0 });
    expect(verdict.violations).to.have.length(1);
    expect(verdict.violations[0]).to.match(/^2 entries were not finished in time/);
    await a.lease.done([held]);
    expect((await judged([held.id, second], [])).violations[0]).to.match(/^1 entries/);
  });
});
