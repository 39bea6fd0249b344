/** Consumers of today and of the last release in one group, on a real server. */
import { expect } from 'chai';
import { systemClock } from '../../src/core/clock.js';
import { createProducer } from '../../src/index.js';
import { createDeadLetterQueue } from '../../src/redis/dead-letter-queue.js';
import { createNames } from '../../src/redis/names.js';
import type { HistoryReport } from '../../src/testing/history.js';
import { readHistory } from '../../src/testing/history-records.js';
import { useCrew } from '../support/crew.js';
import { deadLetters } from '../support/dead-letters.js';
import { eventually } from '../support/eventually.js';
import { type FleetMember, type FleetVersion, useFleetMembers } from '../support/fleet-member.js';
import { parked } from '../support/parked.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';
import { lastRelease, TODAY } from '../support/release.js';
import { hasReleaseTag, useReleasedSource } from '../support/released-source.js';
import { streamNames } from '../support/runtimes.js';
import { type Mutation, useScriptSets, withScripts } from '../support/script-set.js';
import { useWire } from '../support/wire.js';

const release = lastRelease();
const MAX_RETRIES = 3;
/** Today's source says behind the entries what their handlers threw. The released one, whose script this is, sends nothing there. */
const WITHOUT_ERRORS: Mutation = {
  files: /^give-back/,
  from: 'for i = 7, #ARGV, 2 do\n',
  to: "for i = 7, #ARGV, 2 do\n  if ARGV[i] == '' then break end\n",
};

describe(`a fleet of today's version and of ${release.version}`, () => {
  const suite = useRedis();
  const crew = useCrew(suite, {
    maxRetries: MAX_RETRIES,
    handlerBackoff: { initialMs: 1, maxMs: 5 },
    notificationBuffer: 2000,
  });
  const wire = useWire(suite);
  const makeSet = useScriptSets();
  const start = useFleetMembers(() => crew.options());
  let today!: FleetVersion;
  let released!: FleetVersion;
  before(() => {
    today = { label: 'today', scripts: makeSet('today', TODAY) };
    released = { label: release.version, scripts: makeSet(release.version, release.folder, WITHOUT_ERRORS) };
  });
  // Each test sees which scripts have been run in it.
  beforeEach(() => suite.redis().script('FLUSH'));

  const told = (members: readonly FleetMember[]) => members.flatMap((member) => member.given);

  async function allGiven(members: readonly FleetMember[], count: number): Promise<void> {
    await eventually(`${count} streams are given`, () => told(members).length >= count);
    expect(told(members)).to.have.length(count);
  }

  async function ended(count: number, members: readonly FleetMember[]): Promise<HistoryReport> {
    await Promise.all(members.map((member) => member.work()));
    await eventually('everything has ended', async () => {
      const { ends } = await crew.history();
      return ends.finished + ends.deadLettered === count;
    });
    return await crew.history();
  }

  async function sound(
    finished: number,
    members: readonly FleetMember[],
    letters = 0,
  ): Promise<HistoryReport> {
    const report = await ended(finished + letters, members);
    expect(report.violations).to.deep.equal([]);
    expect(report.ends).to.include({ finished, deadLettered: letters });
    expect(await suite.redis().xlen(crew.lbs)).to.equal(0);
    return report;
  }

  /** Both members' own scripts have been run. */
  async function bothRan(...versions: readonly FleetVersion[]): Promise<void> {
    const shas = versions.flatMap(({ scripts }) => scripts?.scripts.acquire?.sha ?? []);
    expect(new Set(shas).size).to.equal(shas.length);
    const known = (await suite.redis().script('EXISTS', ...shas)) as number[];
    expect(known).to.deep.equal(shas.map(() => 1));
  }

  /** Each waits for something to read, so that each is given some of what comes. */
  async function bothReading(one: FleetVersion, other: FleetVersion): Promise<[FleetMember, FleetMember]> {
    const members = await Promise.all([start(one), start(other)]);
    for (const { consumer } of members) await parked(suite.redis(), consumer);
    return members;
  }

  /** One stream's name twice, the second entry read by the other version while the first one's owner holds it. */
  async function sameName(first: FleetVersion, second: FleetVersion): Promise<HistoryReport> {
    const holder = await start(first);
    await crew.announce('same');
    await holder.awaitNews('StreamAdded');
    await holder.pause();
    const waiter = await start(second);
    await crew.announce('same');
    await crew.announce('other');
    // Entries are taken up in order.
    await eventually('the one behind it is given', () => waiter.given.includes('other'));
    return await ended(3, [holder, waiter]);
  }

  /** Streams that fail wherever they are run, until their retries are used up. */
  async function poison(first: FleetVersion, second: FleetVersion, count: number) {
    const members = await bothReading(first, second);
    const ids = await crew.announce(...streamNames(count, 'poison'));
    return { members, ids, report: await ended(count, members) };
  }

  function scenarios(versions: () => readonly [FleetVersion, FleetVersion]): void {
    it('shares streams out, and hands them over from either to the other', async () => {
      const [one, other] = versions();
      const [leaving, staying] = await bothReading(one, other);
      for (const name of streamNames(30)) await crew.announce(name);
      await allGiven([leaving, staying], 30);
      expect(leaving.given, one.label).not.to.deep.equal([]);
      expect(staying.given, other.label).not.to.deep.equal([]);

      const { handedOver, stragglers, abandoned } = await leaving.stop();
      expect({ handedOver, stragglers, abandoned }).to.deep.equal({
        handedOver: leaving.given.length,
        stragglers: [],
        abandoned: [],
      });
      await eventually('all are with the other', () => new Set(staying.given).size === 30);
      const counts = staying.told('StreamAdded').map(({ retryCount }) => retryCount);
      expect(new Set(counts)).to.deep.equal(new Set([0]));
      await bothRan(one, other);
      const report = await sound(30, [staying]);
      expect(report.handedOver).to.equal(handedOver);
    });

    it('finds what is appended to the streams of either; wakes that nobody reads end by themselves [C-WAKE-1]', async () => {
      const [one, other] = versions();
      const members = await bothReading(one, other);
      await using producer = createProducer({ redis: suite.server().url, service: crew.service });
      const entries = streamNames(20).map((name) => ({ name, fields: { n: 1 } }));
      const first = await producer.appendMany(entries);
      await allGiven(members, 20);
      const again = await producer.appendMany(entries);
      expect(again.map(({ stream }) => stream)).to.deep.equal(
        first.map(({ stream: { id } }) => ({ id, created: false })),
      );
      // 0.1.0 takes whatever it is given: it may have all of them, or none.
      for (const { consumer } of members.filter((member) => member.told('StreamAdded').length > 0)) {
        const ttl = await suite.redis().pttl(`{${crew.lbs}}:wakes:${consumer}`);
        expect(ttl, consumer).to.be.within(1, 60_000);
      }
      await Promise.all(members.map((member) => member.work()));
      await eventually('all are finished', async () => (await suite.redis().xlen(crew.lbs)) === 0);
      for (const name of streamNames(20)) expect(await suite.redis().xlen(name)).to.equal(2);
    });

    it('recovers each stream once, one retry spent, when one is killed', async () => {
      const [one, other] = versions();
      const victim = await start(one);
      await crew.announce(...streamNames(100));
      await allGiven([victim], 100);
      const heir = await start(other);
      await victim.kill();
      await allGiven([heir], 100);
      const counts = heir.told('StreamAdded').map(({ retryCount }) => retryCount);
      expect(new Set(counts)).to.deep.equal(new Set([1]));
      await bothRan(one, other);
      const report = await sound(100, [heir]);
      expect(report.recovered).to.equal(100);
    });

    it('gives a stream to one of them when the other was frozen, and that one learns of it', async () => {
      const [one, other] = versions();
      const frozen = await start(one);
      const [id] = await crew.announce('alone', 'and', 'together');
      await allGiven([frozen], 3);
      await frozen.freeze();
      const heir = await start(other);
      await allGiven([heir], 3);
      const late = rejection(frozen.done(id ?? ''));
      frozen.thaw();
      expect(await late).to.have.property('code', 'StreamNotOwned');
      await frozen.awaitNews('StreamDisowned', 3);
      await sound(3, [heir, frozen]);
    });

    it('gives a name that is announced again to one of them at a time, under a larger token', async () => {
      const [one, other] = versions();
      const report = await sameName(one, other);
      expect(report.violations).to.deep.equal([]);
      expect(report.ends).to.include({ finished: 3 });
    });

    it('counts the failures of both, dead-letters what is poison, and redrives it with the scripts of either', async () => {
      const [one, other] = versions();
      const { members, ids, report } = await poison(one, other, 12);
      expect(report.violations).to.deep.equal([]);
      expect(report.ends).to.include({ deadLettered: 12 });
      const records = await readHistory(suite.redis(), crew.historyKey);
      const failedAt = records.flatMap((record) =>
        record.op === 'requeued' || record.op === 'deadLettered' ? [record.by] : [],
      );
      expect(new Set(failedAt), 'each has failed').to.deep.equal(
        new Set(members.map(({ consumer }) => consumer)),
      );
      expect(failedAt).to.have.length(12 * (MAX_RETRIES + 1));
      const letters = await deadLetters(suite.redis(), crew.dlq);
      for (const { fields } of letters) {
        expect(fields).to.include({
          _retry_count: String(MAX_RETRIES + 1),
          _dlq_reason: 'max_retries_exceeded',
        });
      }

      await Promise.all(members.map((member) => member.heal()));
      const queue = createDeadLetterQueue({
        names: createNames({ service: crew.service }),
        home: wire.commands(),
        letters: wire.commands(),
        layout: { dlqIsLocal: true },
        clock: systemClock,
        timeoutMs: 5_000,
      });
      const anew: (string | null)[] = [];
      for (const [index, version] of [one, other].entries()) {
        const half = letters.filter((_letter, at) => at % 2 === index).map((letter) => letter.id);
        anew.push(...(await withScripts(version.scripts?.scripts ?? {}, () => queue.redrive(half))));
      }
      expect(anew).to.have.length(ids.length).and.not.to.include(null);
      expect(await queue.length()).to.equal(0);
      await eventually('all are finished', async () => (await suite.redis().xlen(crew.lbs)) === 0);
      const retried = await eventually('all have been told of', () => {
        const added = members.flatMap((member) => member.told('StreamAdded'));
        const again = added.filter(({ id }) => anew.includes(id));
        return again.length === anew.length && again;
      });
      expect(new Set(retried.map(({ retryCount }) => retryCount))).to.deep.equal(new Set([0]));
      const after = await crew.history();
      expect(after.violations).to.deep.equal([]);
    });
  }

  describe('whose older ones send the released scripts: it', () => {
    describe(`(${release.version} first)`, () => scenarios(() => [released, today]));
    describe('(today first)', () => scenarios(() => [today, released]));
  });

  // sources.test.ts says it where the clone has no tags.
  if (hasReleaseTag()) {
    describe('whose older ones run the released source: it', () => {
      const source = useReleasedSource();
      const tagged = (): FleetVersion => ({ label: release.version, library: source() });
      describe(`(${release.version} first)`, () => scenarios(() => [tagged(), today]));
      describe('(today first)', () => scenarios(() => [today, tagged()]));
    });
  }

  describe('in which one writes what the other does not understand', () => {
    const mutant = (mutation: Mutation): FleetVersion => ({
      label: 'mutant',
      scripts: makeSet('mutant', release.folder, WITHOUT_ERRORS, mutation),
    });

    it('is found out by two owners at once, when owners are recorded under other names', async () => {
      const changed = mutant({ files: /^acquire/, from: '= name\n', to: "= 'n:' .. name\n" });
      const { ownedByTwo } = await sameName(changed, released);
      expect(ownedByTwo.map(({ name }) => name)).to.deep.equal(['same']);
    });

    it('is found out by retries that do not count, when the count stands in another field', async () => {
      const changed = mutant({ files: /copy-entry/, from: "'_retry_count'", to: "'_retries'" });
      const { report } = await poison(changed, released, 12);
      expect(report.violations.join()).to.include('took its retry count from');
    });
  });
});
