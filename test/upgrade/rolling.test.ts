/** A running fleet is upgraded one consumer at a time while streams are announced, and taken back again. */
import { expect } from 'chai';
import { useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { type FleetMember, type FleetVersion, useFleetMembers } from '../support/fleet-member.js';
import { useRedis } from '../support/redis.js';
import { lastRelease, TODAY } from '../support/release.js';
import { hasReleaseTag, useReleasedSource } from '../support/released-source.js';
import { useScriptSets } from '../support/script-set.js';

const release = lastRelease();
const MEMBERS = 3;
/** How long the application works on a stream, in milliseconds. */
const WORK_MS = 200;

describe('a fleet that is upgraded while it works', () => {
  const suite = useRedis();
  const crew = useCrew(suite, { notificationBuffer: 2000 });
  const makeSet = useScriptSets();
  const start = useFleetMembers(() => crew.options({ capacity: 4 }));

  /** Announces a stream whenever fewer than some wait, until it is told to stop; resolves with how many. */
  function announcing(): { stop(): Promise<number> } {
    let isWanted = true;
    let count = 0;
    const done = (async () => {
      while (isWanted) {
        const fresh = Array.from({ length: 5 }, (_, index) => `stream-${count + index}`);
        await crew.announce(...fresh);
        count += fresh.length;
        await eventually('there is room', async () => (await suite.redis().xlen(crew.lbs)) < 20);
      }
    })();
    return {
      async stop() {
        isWanted = false;
        await done;
        return count;
      },
    };
  }

  async function busy(member: FleetMember): Promise<void> {
    const before = member.given.length;
    await eventually('it works', () => member.given.length >= before + 5);
  }

  /** As a rolling deployment does it: a new one reads before an old one goes, and that one hands over what it holds. */
  async function replaceAll(fleet: FleetMember[], version: FleetVersion): Promise<number> {
    let handedOver = 0;
    for (const [index, old] of fleet.entries()) {
      const fresh = await start(version, WORK_MS);
      fleet[index] = fresh;
      await busy(fresh);
      const report = await old.stop();
      expect(report.abandoned).to.deep.equal([]);
      expect(report.stragglers).to.deep.equal([]);
      handedOver += report.handedOver;
    }
    return handedOver;
  }

  async function upgradesAndBack(old: FleetVersion): Promise<void> {
    const today: FleetVersion = { label: 'today', scripts: makeSet('today', TODAY) };
    // The fleet works for as long as the rollout takes, and not for as long as processes take to start.
    await Promise.all([start.prepare(old, MEMBERS), start.prepare(today, MEMBERS)]);
    const fleet = await Promise.all(Array.from({ length: MEMBERS }, () => start(old, WORK_MS)));
    const producer = announcing();
    await Promise.all(fleet.map(busy));

    const upgraded = await replaceAll(fleet, today);
    const takenBack = await replaceAll(fleet, old);
    expect(upgraded, 'handed over by the old').to.be.above(0);
    expect(takenBack, 'handed over by the new').to.be.above(0);

    const count = await producer.stop();
    await eventually('all is done', async () => (await suite.redis().xlen(crew.lbs)) === 0);
    const report = await crew.history();
    expect(report.violations).to.deep.equal([]);
    expect(report.ends).to.include({ finished: count, deadLettered: 0 });
    expect(report.recovered, 'taken from the dead').to.equal(0);
    expect(report.handedOver).to.equal(upgraded + takenBack);
    await Promise.all(fleet.map((member) => member.stop()));
    const groups = (await suite.redis().xinfo('CONSUMERS', crew.lbs, crew.group)) as unknown[];
    expect(groups, 'consumers left behind').to.deep.equal([]);
  }

  it(`loses and doubles nothing, from the scripts of ${release.version} to today's and back`, async () => {
    await upgradesAndBack({
      label: release.version,
      scripts: makeSet(release.version, release.folder),
    });
  });

  // sources.test.ts says it where the clone has no tags.
  if (hasReleaseTag()) {
    describe('from the released source', () => {
      const source = useReleasedSource();
      it("loses and doubles nothing, to today's and back", async () => {
        await upgradesAndBack({ label: release.version, library: source() });
      });
    });
  }
});
