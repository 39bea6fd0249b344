import { expect } from 'chai';
import type { FleetAccess } from '../../src/admin/fleet-access.js';
import { FleetView } from '../../src/inspector/fleet-view.js';
import type { FleetReply, FleetStreamReply, FleetStreamsReply } from '../../src/inspector/protocol.js';
import type { MemberFacts } from '../../src/runtime/fleet.js';
import { ready, useCli } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { ask, useInspectors } from '../support/inspector.js';
import { manualClock } from '../support/manual-clock.js';
import { aRound, memberRecord } from '../support/member-record.js';
import { useRedis } from '../support/redis.js';
import { streamNames, useFleet } from '../support/runtimes.js';

const TOKEN = 'a-token-that-is-long-enough';

function member(name: string, owned: number, handOver = 0): MemberFacts {
  const process = memberRecord({ owned });
  return { name, pending: owned, presenceMs: 1_000, idleMs: 0, owned, handOver, process };
}

/** A fleet whose processes are those of the next look. */
function aFleet() {
  const clock = manualClock();
  const looks: MemberFacts[][] = [];
  let asked = 0;
  const access: FleetAccess = {
    async look() {
      asked += 1;
      return { members: looks.shift() ?? [], round: aRound({ level: 10 }) };
    },
    streams: () => Promise.reject(new Error('not asked for')),
    find: () => Promise.reject(new Error('not asked for')),
    suggest: () => Promise.reject(new Error('not asked for')),
  };
  return { clock, looks, view: new FleetView(access, clock, null), asked: () => asked };
}

describe('what the inspector tells of a fleet', () => {
  it('is asked of Redis once a second, however many look on, and anew where that failed [C-FLT-4]', async () => {
    const { clock, view, asked } = aFleet();
    await Promise.all(Array.from({ length: 16 }, () => view.look()));
    clock.advance(999);
    await view.look();
    expect(asked()).to.equal(1);
    clock.advance(1);
    await view.look();
    expect(asked()).to.equal(2);

    let calls = 0;
    const failing = new FleetView(
      {
        look: () => {
          calls += 1;
          return calls === 1
            ? Promise.reject(new Error('away'))
            : Promise.resolve({ members: [], round: undefined });
        },
        streams: () => Promise.reject(new Error('not asked for')),
        find: () => Promise.reject(new Error('not asked for')),
        suggest: () => Promise.reject(new Error('not asked for')),
      },
      clock,
      null,
    );
    const why = await failing.look().then(
      () => 'none',
      (error: Error) => error.message,
    );
    expect(why).to.equal('away');
    expect(await failing.look()).to.deep.include({ members: [], balance: null, moves: [] });
  });

  it('remembers who gained and lost streams, newest first, as much as a page can show [C-FLT-3]', async () => {
    const { clock, looks, view } = aFleet();
    const next = async (...members: MemberFacts[]) => {
      looks.push(members);
      clock.advance(1_000);
      return await view.look();
    };
    await next(member('a~00000001', 20, 10));
    const { members, moves } = await next(member('a~00000001', 12), member('b~00000002', 8));
    expect(members.map(({ share, isAlive, kind }) => [share, isAlive, kind])).to.deep.equal([
      [10, true, 'streamwarden'],
      [10, true, 'streamwarden'],
    ]);
    expect(moves.map(({ moves: some }) => some)).to.deep.equal([
      [
        { consumer: 'a~00000001', before: 20, now: 12, ordered: 10 },
        { consumer: 'b~00000002', before: null, now: 8, ordered: 0 },
      ],
    ]);
    // Nobody has looked for a while: what has happened meanwhile is no move.
    clock.advance(60_000);
    expect((await next(member('a~00000001', 3))).moves).to.have.length(1);

    const many = (owned: number) =>
      Array.from({ length: 30 }, (_, at) => member(`m~000000${String(at).padStart(2, '0')}`, owned));
    let last: FleetReply | undefined;
    for (let look = 0; look < 120; look += 1) last = await next(...many(look));
    expect(last?.moves).to.have.length(100);
    const numbers = last?.moves.map(({ number }) => number) ?? [];
    expect(numbers).to.deep.equal(numbers.toSorted((a, b) => b - a));
    expect(last?.moves[0]).to.deep.include({ more: 10 });
    expect(last?.moves[0]?.moves).to.have.length(20);
  });
});

describe('the addresses of the page Fleet', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);
  const inspectors = useInspectors();
  const cli = useCli();
  const get = async <T>(url: string, path: string) => (await ask(url, path)).json<T>();
  const at = (consumer: string, rest = '') => `api/fleets/${encodeURIComponent(consumer)}${rest}`;

  it('tell what one process owns a page at a time, and who owns a stream [C-FLT-4]', async () => {
    const { runtime, log } = await fleet().listening({ notificationBuffer: 1_000 });
    await fleet().announce(streamNames(250, 'tenant'));
    await log.count('StreamAdded', 250);
    const other = await fleet().start();
    const { url } = await other.inspect();
    const found: string[] = [];
    for (let after: string | null = ''; after !== null; ) {
      const query: URLSearchParams = new URLSearchParams({ consumer: runtime.consumer });
      if (after !== '') query.set('after', after);
      const page: FleetStreamsReply = await get<FleetStreamsReply>(
        url,
        at(other.consumer, `/streams?${query}`),
      );
      expect(page.rows.length).to.be.at.most(100);
      found.push(...page.rows.map(({ name }) => name ?? ''));
      after = page.after;
    }
    expect(found).to.deep.equal(streamNames(250, 'tenant'));
    const stream = await get<FleetStreamReply>(url, at(other.consumer, '/stream?name=tenant-7'));
    expect(stream.ownership).to.include({ state: 'owned', owner: runtime.consumer, retryCount: 0 });
    expect(stream.history?.map(({ op, owner }) => [op, owner])).to.deep.equal([
      ['acquired', runtime.consumer],
    ]);
    const none = await get<FleetStreamReply>(url, at(other.consumer, '/stream?name=none'));
    expect(none).to.deep.equal({
      ownership: { state: 'unknown' },
      history: [],
      pausedAt: null,
      checkpoint: null,
      letters: { found: [], looked: 0, areAll: true },
    });
  });

  it('say nothing of former owners where no history is kept [C-FLT-4]', async () => {
    const redis = suite.server().url;
    const { service } = fleet();
    const args = ['--inspect', '--no-lock-keys'];
    const consumer = cli.startConsumer({ redis, service, history: false, args });
    const { url } = await consumer.waitFor(({ type }) => type === 'Inspector', { name: 'it serves a page' });
    const name = await ready(consumer);
    await fleet().announce(['tenant-1']);
    await consumer.waitFor(({ type }) => type === 'StreamAdded', { name: 'it owns the stream' });
    const stream = await get<FleetStreamReply>(String(url), at(name, '/stream?name=tenant-1'));
    expect(stream).to.deep.include({ history: null });
    expect(stream.ownership).to.include({ owner: name });
  });

  it('are for those who may look, and refuse what they cannot read', async () => {
    const runtime = await fleet().start();
    const inspector = await inspectors.open({ token: TOKEN });
    inspector.attach(runtime);
    const headers = { authorization: `Bearer ${TOKEN}` };
    for (const rest of ['', '/streams?consumer=a', '/stream?name=a']) {
      expect((await ask(inspector.url, at(runtime.consumer, rest))).status).to.equal(401);
      expect((await ask(inspector.url, at('nobody', rest), { headers })).status).to.equal(404);
      const posted = await ask(inspector.url, at(runtime.consumer, rest), { headers, method: 'POST' });
      expect(posted.status).to.equal(405);
    }
    for (const rest of ['/streams', '/streams?consumer=a&after=b', '/stream', '/stream?name=']) {
      expect((await ask(inspector.url, at(runtime.consumer, rest), { headers })).status).to.equal(400);
    }
    const reply = await eventually('it has told of itself', async () => {
      const told = (await ask(inspector.url, at(runtime.consumer), { headers })).json<FleetReply>();
      return told.members[0]?.process?.state === 'running' && told;
    });
    expect(reply.members[0]).to.include({ name: runtime.consumer, self: true, isAlive: true });
    expect(JSON.stringify(reply)).not.to.include(TOKEN);
  });
});
