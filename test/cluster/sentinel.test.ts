import { expect } from 'chai';
import { Redis } from 'ioredis';
import type { RedisServer } from '../../src/testing/index.js';
import { useSentinels } from '../support/cluster.js';
import { type Member, useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { keepable } from '../support/pace.js';
import { rejection } from '../support/rejection.js';

const HEARTBEAT_MS = keepable(1000);
const names = Array.from({ length: 30 }, (_, index) => `stream-${index}`);

describe('a runtime whose master is named by Sentinels', () => {
  const suite = useSentinels();
  let client: Redis;
  const crew = useCrew(
    { redis: () => client, url: () => suite.stand().url },
    { heartbeatMs: HEARTBEAT_MS, minIdleMs: keepable(3000) },
  );
  let members: Member[];

  beforeEach(async () => {
    client = suite.connect();
    members = await Promise.all([crew.start(), crew.start()]);
    await crew.announce(...names);
    await eventually('all are owned', () => told('StreamAdded').length === names.length);
    // What a lossy failover loses is not the subject: everything so far is on a replica as well.
    await client.set('written-last', '1');
    expect(await client.wait(1, 10_000)).to.be.greaterThan(0);
  });

  const opened: Redis[] = [];
  afterEach(() => {
    for (const one of opened.splice(0)) one.disconnect();
  });

  const told = (type: 'StreamAdded' | 'StreamDisowned') => members.flatMap((member) => member.told(type));

  /** Configured, and listened to by each member once. */
  async function awaitCover(server: RedisServer): Promise<void> {
    const direct = new Redis(server.url);
    opened.push(direct);
    await eventually(
      'the new master is covered',
      async () => {
        const [, setting] = (await direct.config('GET', 'notify-keyspace-events')) as string[];
        expect([...(setting ?? '')]).to.include.members(['K', 'E', 'x']);
        const list = String(await direct.client('LIST'));
        for (const { runtime, name } of members) {
          expect(runtime.snapshot().subscriptions.map(({ state }) => state)).to.deep.equal(['live']);
          expect(list.split(`name=streamwarden:${name}:subscriber `)).to.have.length(2);
          expect(runtime.health()).to.deep.include({ ready: true, reasons: [] });
        }
      },
      { everyMs: 50 },
    );
    const heard = () => members.map(({ runtime }) => runtime.snapshot().counters.keyspaceEvents);
    const before = heard();
    await direct.set('foreign<MUTEX_KEY_SEP>1-1', 'somebody', 'PX', 1);
    await eventually('an expiry is heard by each', async () => {
      await direct.get('foreign<MUTEX_KEY_SEP>1-1');
      return heard().every((count, index) => count > (before[index] ?? 0));
    });
  }

  async function expectNoHarm(): Promise<void> {
    expect(told('StreamDisowned')).to.deep.equal([]);
    const [id] = await crew.announce('afterwards');
    await eventually('new work is owned', () =>
      members.some(({ runtime }) => runtime.owned('afterwards')?.id === id),
    );
    for (const { runtime } of members) {
      expect(runtime.snapshot().deployment).to.equal('sentinel');
      await Promise.all([...runtime.ownedStreams()].map((stream) => stream.done()));
    }
    const report = await crew.history();
    expect(report.violations).to.deep.equal([]);
    expect(report.recovered).to.equal(0);
    expect(report.ends.finished).to.equal(names.length + 1);
  }

  it('is found where a function says so, at every connection [C-CON-1]', async () => {
    let asked = 0;
    const redis = async () => {
      asked += 1;
      return suite.stand().url;
    };
    const { runtime } = await crew.start({ redis });
    expect(runtime.snapshot().deployment).to.equal('sentinel');
    expect(asked).to.be.at.least(3);
    expect(runtime.health()).to.deep.include({ ready: true, reasons: [] });
    await runtime.stop();
  });

  it('goes on with the promoted one when the master is killed: configured, subscribed, and nobody is disowned [C-CLU-11]', async () => {
    const promoted = await suite.stand().killMaster();
    await awaitCover(promoted);
    await expectNoHarm();
  });

  it('goes on with the other one after a switch while the master lives', async () => {
    const promoted = await suite.stand().failOver();
    await awaitCover(promoted);
    await expectNoHarm();
  });

  it('does without the Sentinel that it was told of first', async () => {
    const [first] = suite.stand().sentinels;
    await first?.kill();
    const promoted = await suite.stand().killMaster();
    await awaitCover(promoted);
    await expectNoHarm();
  });

  it('cannot start with a name that no Sentinel knows, and says so', async () => {
    const url = suite.stand().url.replace(/\/[^/]*$/, '/nobody');
    const error = await rejection(crew.make({ redis: url, startTimeoutMs: 1500 }).runtime.start());
    expect(error).to.include({ code: 'StartTimeout' });
    expect((error as Error).message).to.match(/sentinel/i);
  });
});
