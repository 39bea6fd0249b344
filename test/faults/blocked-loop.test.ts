import { expect } from 'chai';
import { type Member, useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { useFrozenProcess } from '../support/frozen-process.js';
import { keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';

const HEARTBEAT_MS = keepable(500);
const STREAMS = ['a', 'b', 'c'];

// A real process whose event loop does nothing else for several heartbeats, beside one that would take over at once.
describe('an event loop that is blocked', () => {
  const suite = useRedis();
  const crew = useCrew(suite, { heartbeatMs: HEARTBEAT_MS });
  const process = useFrozenProcess();

  /** The process owns all, with a heartbeat thread that is connected, and another one could take over. */
  async function ownsAll(options = {}): Promise<Member> {
    await process().start(crew.options({ heartbeat: 'thread', ...options }));
    await crew.announce(...STREAMS);
    await process().awaitNews('StreamAdded', STREAMS.length);
    await connected();
    return await crew.start({ balance: 'off' });
  }

  const clients = async () => String(await suite.redis().client('LIST'));

  async function connected(): Promise<void> {
    const name = `name=streamwarden:${process().consumer}:heartbeat `;
    await eventually('its heartbeat thread is connected', async () => (await clients()).includes(name));
  }

  it('loses nothing, retries nothing, and what it owns is certain to be its own all the while [C-THR-1, C-THR-2]', async () => {
    const other = await ownsAll();
    const leastMs = await process().block(8 * HEARTBEAT_MS);
    expect(leastMs).to.be.above(0);
    const { lease, owned } = await process().snapshot();
    expect(owned).to.equal(STREAMS.length);
    expect(lease).to.include({ certain: true, misses: 0, lapses: 0 });
    expect(lease.keeps).to.be.at.least(1);
    expect(process().told('StreamDisowned')).to.deep.equal([]);
    expect(process().told('StreamUncertain')).to.deep.equal([]);
    for (const { id } of process().told('StreamAdded')) await process().done(id);
    expect(other.told('StreamAdded')).to.deep.equal([]);
    expect((await crew.history()).violations).to.deep.equal([]);
  });

  it('is given up once it has been blocked for longer than maxBlockedMs [C-THR-3]', async () => {
    const maxBlockedMs = Math.max(1000, 2 * HEARTBEAT_MS);
    const other = await ownsAll({ maxBlockedMs });
    const blocked = process().block(maxBlockedMs + 8 * HEARTBEAT_MS);
    const added = await other.awaitNews('StreamAdded', STREAMS.length);
    expect(added.map(({ stream }) => stream)).to.have.members(STREAMS);
    expect(await blocked).to.be.below(0);
    await process().awaitNews('StreamDisowned', STREAMS.length);
  });

  it('keeps a lease that is frozen with its process no longer than without the thread [C-THR-4]', async () => {
    const other = await ownsAll();
    await process().freeze();
    await other.awaitNews('StreamAdded', STREAMS.length);
    process().thaw();
    await process().awaitNews('StreamDisowned', STREAMS.length);
  });

  it('keeps nothing for a process that has crashed, nor for one that has stopped [C-THR-4]', async () => {
    const other = await ownsAll();
    await process().stop({ mode: 'handOver' });
    await other.awaitNews('StreamAdded', STREAMS.length);
    await eventually(
      'its heartbeat thread has ended',
      async () => !(await clients()).includes(':heartbeat '),
    );
  });

  it('does without its thread until that has been started again [C-THR-5]', async () => {
    await ownsAll();
    const [id] = /id=(\d+)(?= .* name=\S+:heartbeat )/.exec(await clients())?.slice(1) ?? [];
    await suite.redis().client('KILL', 'ID', Number(id));
    await connected();
    expect(await process().block(4 * HEARTBEAT_MS)).to.be.above(0);
  });
});
