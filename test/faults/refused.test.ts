import { expect } from 'chai';
import type { Stores } from '../../src/actors/kernel.js';
import { StreamwardenError } from '../../src/index.js';
import { crewHeartbeatMs, type Member, useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { useRedis } from '../support/redis.js';

const names = Array.from({ length: 20 }, (_, index) => `stream-${index}`);

/** These ask nobody. */
const SAID_BY_THE_LAST_BEAT = /Heard$|^dueInMs$/;

/** As a cluster that is down does: the connection stands, and everything sent on it is refused. */
class Refusal {
  isOn = false;

  readonly substitutes = {
    stores: (stores: Stores): Stores => ({
      ...stores,
      lease: this.#decorate(stores.lease),
      group: this.#decorate(stores.group),
      locks: this.#decorate(stores.locks),
    }),
  };

  #decorate<T extends object>(store: T): T {
    const operations = Object.entries(store) as [string, (...args: never[]) => Promise<unknown>][];
    return Object.fromEntries(
      operations.map(([name, original]) => [
        name,
        (...args: never[]) => {
          if (!this.isOn || SAID_BY_THE_LAST_BEAT.test(name)) return original(...args);
          const details = { command: name, reply: 'CLUSTERDOWN' };
          return Promise.reject(
            new StreamwardenError('RedisRefused', 'CLUSTERDOWN', { retriable: true, details }),
          );
        },
      ]),
    ) as T;
  }
}

describe('a Redis that refuses everybody for a while', () => {
  const suite = useRedis();
  const crew = useCrew(suite);

  /** One that owns everything, and another one that is past its settling, so that it would take what it finds dead at once. */
  async function start() {
    const refusals = { owner: new Refusal(), other: new Refusal() };
    const owner = await crew.start({}, refusals.owner.substitutes);
    await crew.announce(...names);
    await owner.awaitNews('StreamAdded', names.length);
    const other = await crew.start({}, refusals.other.substitutes);
    await nextSweep(other);
    await nextBeat(other, true);
    refusals.owner.isOn = true;
    refusals.other.isOn = true;
    return { owner, other, refusals, presence: `{${crew.lbs}}:presence:${owner.name}` };
  }

  async function nextSweep({ runtime }: Member): Promise<void> {
    const { sweeps } = runtime.snapshot().reconciler;
    await eventually('the next sweep', () => runtime.snapshot().reconciler.sweeps > sweeps);
  }

  async function nextBeat({ runtime }: Member, isAnswered: boolean): Promise<void> {
    await new Promise<void>((resolve) => {
      const stop = runtime.seam.on('heartbeat', ({ error }) => {
        if ((error === null) !== isAnswered) return;
        stop();
        resolve();
      });
    });
  }

  async function assertThatNothingWasTaken(owner: Member): Promise<void> {
    expect(owner.told('StreamDisowned')).to.deep.equal([]);
    await Promise.all([...owner.runtime.ownedStreams()].map((stream) => stream.done()));
    const report = await crew.history();
    expect(report.violations).to.deep.equal([]);
    expect(report).to.include({ recovered: 0 });
    expect(report.ends.finished).to.equal(names.length);
  }

  it('costs nobody anything: whoever is served first gives the others a heartbeat to renew their leases [C-UNC-4]', async () => {
    const { owner, other, refusals, presence } = await start();
    await eventually(
      'the presence of the owner has run out',
      async () => (await suite.redis().exists(presence)) === 0,
    );
    await owner.awaitNews('StreamUncertain', names.length);
    const served = nextBeat(other, true);
    refusals.other.isOn = false;
    await served;
    refusals.owner.isOn = false;
    await owner.awaitNews('StreamConfirmed', names.length);
    await nextSweep(other);
    await nextSweep(other);
    await assertThatNothingWasTaken(owner);
  });

  it('costs nobody anything when whoever is served first has not lost its own lease meanwhile [C-UNC-4]', async () => {
    const { owner, other, refusals, presence } = await start();
    // As long as is a sign by itself [C-EXP-7], counted from the last beat that was answered, a moment ago.
    const since = performance.now();
    do await nextBeat(other, false);
    while (performance.now() - since < (5 / 8) * crewHeartbeatMs());
    // As if it had begun a little earlier than that of the other one.
    await suite.redis().del(presence);
    const served = nextBeat(other, true);
    refusals.other.isOn = false;
    await served;
    refusals.owner.isOn = false;
    await eventually(
      'the owner has renewed its lease',
      async () => (await suite.redis().exists(presence)) === 1,
    );
    await nextSweep(other);
    await nextSweep(other);
    await assertThatNothingWasTaken(owner);
  });
});
