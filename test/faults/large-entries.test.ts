/** Entries and letters that take a network its time: nothing may need more than there is between two heartbeats. */
import { expect } from 'chai';
import { insideOf } from '../../src/runtime/inside.js';
import { type Crew, type Member, useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { useFaultProxy } from '../support/fault-proxy.js';
import { hangingMs, keepable } from '../support/pace.js';
import { type SuiteRedis, useRedis } from '../support/redis.js';
import { streamNames } from '../support/runtimes.js';

// What is to be carried takes several times as long as a command may, and Redis itself stands still for a part of that.
const HEARTBEAT_MS = keepable(4000);
/** So many bytes a heartbeat: 75 Mbit/s where that is 4 seconds. */
const BYTES_PER_MS = Math.round(37_500_000 / HEARTBEAT_MS);

const payload = (name: string, bytes: number) =>
  JSON.stringify({ DataStreamName: name, Info: { filling: 'x'.repeat(bytes) } });

async function announceLarge(
  suite: SuiteRedis,
  crew: Crew,
  names: readonly string[],
  bytes: number,
): Promise<void> {
  for (const name of names) await suite.redis().xadd(crew.lbs, '*', 'lbs-input', payload(name, bytes));
}

/** Delivers everything that is on the stream to a consumer that does not hear of it. */
async function deliverUnheard(suite: SuiteRedis, { group, lbs }: Crew, consumer: string): Promise<void> {
  const read = () => suite.redis().xreadgroup('GROUP', group, consumer, 'COUNT', 10, 'STREAMS', lbs, '>');
  while ((await read()) !== null);
}

const added = (member: Member) => member.told('StreamAdded').map(({ stream }) => stream);

function heldAllTheWhile(member: Member): void {
  expect(member.runtime.snapshot().lease, 'lapses').to.include({ lapses: 0 });
  expect(member.told('StreamDisowned')).to.deep.equal([]);
}

describe('large entries on a network that takes its time for them', function () {
  this.timeout(2 * hangingMs());
  const suite = useRedis();
  const proxy = useFaultProxy(suite);
  const crew = useCrew(suite, { heartbeatMs: HEARTBEAT_MS, minIdleMs: HEARTBEAT_MS });

  it('whose answer got lost are adopted page by page, and what is held is confirmed before [C-ADD-5, C-SIZE-1, C-SIZE-2]', async () => {
    const member = await crew.start({ redis: proxy().url });
    await crew.announce('small');
    await member.awaitNews('StreamAdded');
    await member.runtime.pause();
    const names = streamNames(120);
    await announceLarge(suite, crew, names, 150_000);
    proxy().limit(BYTES_PER_MS);
    await deliverUnheard(suite, crew, member.name);
    // Another consumer, which has a line of its own and none of this, is given what is announced now, and ends it meanwhile.
    const other = await crew.start();
    await crew.announce('elsewhere');
    await other.awaitNews('StreamAdded');
    await other.runtime.pause();
    proxy().cut();
    // Whatever is not adopted within ten seconds goes back on the stream, to be read under another id: by the same one, as the other reads nothing.
    member.runtime.resume();
    await member.awaitNews('StreamAdded', 2);
    expect(await other.runtime.owned('elsewhere')?.done()).to.equal(undefined);
    await member.awaitNews('StreamAdded', 121);
    heldAllTheWhile(member);
    heldAllTheWhile(other);
    expect(added(other)).to.deep.equal(['elsewhere']);
    expect(added(member).sort()).to.deep.equal(['small', ...names].sort());
    const retries = member.told('StreamAdded').map(({ retryCount }) => retryCount);
    expect(new Set(retries)).to.deep.equal(new Set([0]));
  });

  it('are taken over from a dead consumer [C-EXP-2, C-SIZE-1]', async () => {
    const heir = await crew.start({ redis: proxy().url });
    await heir.runtime.pause();
    const names = streamNames(50);
    await announceLarge(suite, crew, names, 500_000);
    proxy().limit(BYTES_PER_MS);
    await deliverUnheard(suite, crew, 'gone~00000001');
    await eventually('all are everyone’s again', async () => {
      const [pending] = (await suite.redis().xpending(crew.lbs, crew.group)) as [number];
      return pending === 0;
    });
    heldAllTheWhile(heir);
    heir.runtime.resume();
    await heir.awaitNews('StreamAdded', 50);
    heldAllTheWhile(heir);
  });

  it('larger than allowed are dead-lettered as they are, and stop nobody [C-POI-5, C-POI-10]', async () => {
    const names = streamNames(16);
    const member = await crew.start({ redis: proxy().url });
    proxy().limit(BYTES_PER_MS);
    await announceLarge(suite, crew, names.slice(0, 8), 1_500_000);
    await crew.announce('small');
    await announceLarge(suite, crew, names.slice(8), 1_500_000);
    await member.awaitNews('StreamAdded');
    await eventually('they are dead letters', async () => (await suite.redis().xlen(crew.dlq)) === 16);
    expect(added(member)).to.deep.equal(['small']);
    await eventually('they are counted', () => member.runtime.snapshot().counters.deadLettered === 16);
    const [[, fields] = []] = await suite.redis().xrange(crew.dlq, '-', '+', 'COUNT', 1);
    expect(fields?.slice(-2)).to.deep.equal(['_dlq_reason', 'tooLarge']);
    expect(fields?.[1]).to.equal(payload(names[0] as string, 1_500_000));
    const told = await member.awaitNews('StreamDeadLettered', 16);
    expect(new Set(told.map(({ stream, reason }) => `${stream} ${reason}`))).to.deep.equal(
      new Set(['null tooLarge']),
    );
    heldAllTheWhile(member);
  });

  it('are read as many at a time as the last ones were large [C-SIZE-1]', async () => {
    const reads = async () =>
      Number(/cmdstat_xreadgroup:calls=(\d+)/.exec(await suite.redis().info('commandstats'))?.[1] ?? 0);
    const member = await crew.start();
    const isAside = (count: number) =>
      eventually('they are dead letters', async () => (await suite.redis().xlen(crew.dlq)) === count);
    await announceLarge(suite, crew, ['first'], 1_500_000);
    await isAside(1);
    await member.runtime.pause();
    const names = streamNames(8);
    await announceLarge(suite, crew, names, 1_500_000);
    const before = await reads();
    member.runtime.resume();
    await isAside(1 + names.length);
    // A page has at most 1 MiB, so each comes alone; the first of several answers would have all of them.
    expect((await reads()) - before).to.be.at.least(names.length);
  });

  it('that do not arrive in time even alone are moved aside, and what comes behind them is adopted [C-POI-5, C-POI-10]', async () => {
    // Three times in vain, each as long as a command may take, and every time from small pages on.
    const heartbeatMs = keepable(2000);
    const member = await crew.start({
      redis: proxy().url,
      heartbeatMs,
      // What a machine keeps is measured anew, and may have become more than all of this suite has.
      minIdleMs: heartbeatMs,
      maxEntryBytes: 100_000_000,
    });
    await member.runtime.pause();
    await announceLarge(suite, crew, ['huge'], 6_000_000);
    await announceLarge(suite, crew, ['large'], 30_000);
    proxy().limit(300);
    await deliverUnheard(suite, crew, member.name);
    proxy().cut();
    member.runtime.resume();
    await member.awaitNews('StreamAdded');
    expect(added(member)).to.deep.equal(['large']);
    const [told] = await member.awaitNews('StreamDeadLettered');
    const letters = await suite.redis().xrange(crew.dlq, '-', '+');
    expect(told).to.include({ stream: null, reason: 'tooLarge', letterId: letters[0]?.[0] });
    expect(letters).to.have.length(1);
    const fields = letters[0]?.[1] ?? [];
    expect(fields.slice(0, 2)).to.deep.equal(['lbs-input', payload('huge', 6_000_000)]);
    expect(fields.slice(-2)).to.deep.equal(['_dlq_reason', 'tooLarge']);
    heldAllTheWhile(member);
  });

  it('among the dead letters cost no heartbeat when somebody looks at them: they are not parsed [C-SIZE-1, C-POI-5]', async () => {
    const member = await crew.start({ redis: proxy().url });
    await crew.announce('small');
    await member.awaitNews('StreamAdded');
    // Small objects: of such a text JSON.parse makes dozens of times as much.
    const costly = `{"DataStreamName":"costly","Info":{"a":[${'{},'.repeat(1_000_000)}{}]}}`;
    const ids: string[] = [];
    for (let n = 0; n < 16; n += 1) {
      ids.push(
        String(await suite.redis().xadd(crew.dlq, '*', 'lbs-input', costly, '_dlq_reason', 'tooLarge')),
      );
    }
    proxy().limit(BYTES_PER_MS);
    // What the inspector asks, a page of 60 at a time.
    const { deadLetters } = insideOf(member.runtime);
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const page = await deadLetters.list(60, after);
      for (const { id, problem } of page.letters) {
        seen.push(id);
        expect(problem).to.match(/more than this consumer parses/);
      }
      after = page.after;
    } while (after !== null && seen.length < 12);
    expect(seen).to.deep.equal(ids.reverse().slice(0, seen.length));
    const { validUntil } = member.runtime.snapshot().lease;
    await eventually('two beats have come since', () => {
      const now = member.runtime.snapshot().lease.validUntil;
      return (now ?? 0) >= (validUntil ?? 0) + HEARTBEAT_MS;
    });
    heldAllTheWhile(member);
    expect(member.told('StreamUncertain')).to.deep.equal([]);
  });
});
