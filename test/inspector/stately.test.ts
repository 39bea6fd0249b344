import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'chai';
import type { WebSocket } from 'ws';
import { type AnyMachineSnapshot, type AnyStateMachine, createActor, createMachine } from 'xstate';
import type { Machine } from '../../src/replay/fingerprint.js';
import { machinesById, presentMachines } from '../../src/replay/machines.js';
import { stateMachine } from '../../src/replay/state-machine.js';
import { statesOf } from '../../src/replay/state-path.js';
import { eventually } from '../support/eventually.js';
import { listenersOf, useInspectors } from '../support/inspector.js';
import { keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { streamNames, type TestRuntime, useFleet } from '../support/runtimes.js';
import { openWebSocket, StatelyView, statelyUrl } from '../support/stately.js';

const SUBSCRIPTION = 'consumer/masterSubscription/master';

function typeOf(event: object): unknown {
  return (event as { readonly type?: unknown }).type;
}

function stateOf(view: StatelyView, actor: { readonly sessionId: string } | undefined): unknown {
  return actor && view.snapshots.get(actor.sessionId)?.value;
}

async function connected(url: string): Promise<WebSocket> {
  const socket = await openWebSocket(url);
  if (typeof socket === 'string') throw new Error(`expected to be let in at ${url}, got: ${socket}`);
  return socket;
}

describe("Stately's protocol", () => {
  const suite = useRedis();
  const fleet = useFleet(suite);
  const inspectors = useInspectors();

  /** Looks on until after the test. */
  async function watched(runtime: TestRuntime): Promise<StatelyView> {
    const inspector = await inspectors.open({ stately: true });
    inspector.attach(runtime);
    const view = StatelyView.at(statelyUrl(inspector));
    await eventually('its consumer is told', () => view.named('consumer').length > 0);
    return view;
  }

  /** What is told is behind what is, by a message at least. */
  async function standsAsTold(runtime: TestRuntime, view: StatelyView): Promise<void> {
    await eventually('it is told how the streams stand', () => {
      const { streams } = runtime.snapshot();
      const states = Object.fromEntries(streams.map(({ name, state }) => [name, state]));
      expect(view.streams()).to.deep.equal(states);
    });
  }

  it('tells every actor that lives first, each with the machine that it is drawn from', async () => {
    const { runtime, log } = await fleet().listening();
    await fleet().announce(streamNames(1200));
    await log.count('StreamAdded', 1200);
    const view = await watched(runtime);
    const live = [...runtime.seam.actors];
    await eventually('all are told', () => view.actors.size === live.length);

    const first = view.messages.slice(0, live.length);
    expect(first.every(({ type }) => type === '@xstate.actor')).to.equal(true);
    expect(view.strangers).to.deep.equal([]);
    const told = [...view.actors.values()];
    expect(told.map(({ name, sessionId }) => [name, sessionId])).to.have.deep.members(
      live.map(({ path, actor }) => [path, actor.sessionId]),
    );
    const [supervisor] = view.named('supervisor');
    const [consumer] = view.named('consumer');
    for (const { name, parentId, rootId, createdAt, _version } of told) {
      const parent =
        name === 'supervisor' ? undefined : (name.includes('/') ? consumer : supervisor)?.sessionId;
      expect([parentId, rootId, _version]).to.deep.equal([parent, supervisor?.sessionId, '0.7.2']);
      expect(Number(createdAt)).to.be.closeTo(Date.now(), 60_000);
    }
    expect(new Set(told.map(({ id }) => id)).size).to.equal(live.length);
    await standsAsTold(runtime, view);

    const machines = machinesById(
      told.map(({ definition = '{}' }) => createMachine(JSON.parse(definition) as object) as AnyStateMachine),
    );
    expect(machines).to.have.all.keys(...new Set(live.map(({ machine }) => machine)));
    for (const [id, machine] of machines) {
      const ours = presentMachines.get(id);
      expect(ours && statesOf(stateMachine(ours))).to.deep.equal(statesOf(stateMachine(machine)));
    }
    const drawn = createActor(stateMachine(machines.get('ownership') as Machine)).start();
    drawn.send({ type: 'verified' });
    expect((drawn.getSnapshot() as AnyMachineSnapshot).value).to.equal('acquired');
  });

  it('tells how streams go, those that were there before and those that come', async () => {
    const { runtime, log } = await fleet().listening();
    await fleet().announce(['before']);
    await log.count('StreamAdded', 1);
    const view = await watched(runtime);
    await eventually('what is there is told', () => view.sessionsOf('before').length > 0);
    await fleet().announce(['after']);
    await log.count('StreamAdded', 2);
    await runtime.owned('before')?.done();
    await runtime.owned('after')?.done();
    const [before, after] = await eventually('their ends are told', () => {
      const sessions = ['before', 'after'].flatMap((name) => view.sessionsOf(name));
      const hasEnded = (session: string) => view.snapshots.get(session)?.status === 'done';
      return sessions.length === 2 && sessions.every(hasEnded) && sessions;
    });
    expect(view.walkOf(before)).to.deep.equal(['extending', 'acking', 'released']);
    expect(view.walkOf(after)).to.deep.equal(['acquiring', 'acquired', 'extending', 'acking', 'released']);
    const steps = view.messages.filter(({ sessionId }) => sessionId === after);
    expect(
      steps.map((step) => [step.type, step.type === '@xstate.actor' ? null : typeOf(step.event)]),
    ).to.deep.equal([
      ['@xstate.actor', null],
      ...['verified', 'handed', 'done.requested', 'acked'].flatMap((type) => [
        ['@xstate.event', type],
        ['@xstate.snapshot', type],
      ]),
    ]);
    expect(view.strangers).to.deep.equal([]);
  });

  it('tells of several runtimes, from the start to the end of each, who told whom', async () => {
    const inspector = await inspectors.open({ stately: true });
    const other = await fleet().start();
    inspector.attach(other);
    const view = StatelyView.at(statelyUrl(inspector));
    await eventually('one is told', () => view.named('supervisor').length === 1);
    const runtime = fleet().create();
    inspector.attach(runtime);
    await runtime.start();
    const [supervisor, consumer, subscription] = await eventually('the other one runs', () => {
      const found = ['supervisor', 'consumer', SUBSCRIPTION].map((name) => view.named(name)[1]);
      return stateOf(view, found[2]) === 'live' && found;
    });
    expect(consumer?.rootId).to.equal(supervisor?.sessionId);
    const told = view
      .of('@xstate.event')
      .map(({ sessionId, sourceId, event }) => [sessionId, typeOf(event), sourceId]);
    expect(told).to.deep.include([consumer?.sessionId, 'start', undefined]);
    expect(told).to.deep.include([supervisor?.sessionId, 'child.started', consumer?.sessionId]);
    expect(told).to.deep.include([supervisor?.sessionId, 'child.healthy', subscription?.sessionId]);

    await runtime.stop();
    const ofRuntime = [...view.actors.values()].filter(({ rootId }) => rootId === supervisor?.sessionId);
    await eventually('all of its actors have ended', () =>
      ofRuntime.every(({ sessionId }) => view.snapshots.get(sessionId)?.status !== 'active'),
    );
    expect(view.snapshots.get(consumer?.sessionId ?? '')).to.include({ status: 'done', value: 'stopped' });
    const [first] = view.named('consumer');
    expect(view.snapshots.get(first?.sessionId ?? '')).to.include({ status: 'active', value: 'running' });
    expect(view.strangers).to.deep.equal([]);
  });

  it('tells of one that is started again as of another one', async () => {
    const runtime = await fleet().start();
    const view = await watched(runtime);
    await eventually('it is told', () => view.named(SUBSCRIPTION).length === 1);
    await suite.redis().call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    const [first, second] = await eventually('there is another one', () => {
      const all = view.named(SUBSCRIPTION);
      return stateOf(view, all[1]) === 'live' && all;
    });
    expect(first?.sessionId).not.to.equal(second?.sessionId);
    expect(view.snapshots.get(first?.sessionId ?? '')).to.include({ status: 'done', value: 'failed' });
  });

  it('tells the end of a runtime whose inspector ends with it, and then that it is going away', async () => {
    const { runtime, log } = await fleet().listening();
    await fleet().announce(streamNames(600));
    await log.count('StreamAdded', 600);
    const inspector = await runtime.inspect({ stately: true });
    const view = StatelyView.at(statelyUrl(inspector));
    const socket = await connected(statelyUrl(inspector));
    const closed = new Promise((resolve) => socket.on('close', resolve));
    await eventually('all are told', () => view.sessionsOf('stream-600').length === 1);
    await runtime.stop();
    expect(await closed).to.equal(1001);
    const states = [...view.snapshots.values()].map(({ status }) => status);
    expect(states.filter((status) => status === 'active')).to.deep.equal([]);
    expect([...view.snapshots.values()].filter(({ value }) => value === 'handedOver')).to.have.length(600);
  });

  it('tells of streams that are abandoned that they have stopped', async () => {
    const { runtime, log } = await fleet().listening();
    await fleet().announce(['one']);
    await log.count('StreamAdded', 1);
    const view = await watched(runtime);
    const [session = ''] = await eventually(
      'it is told',
      () => view.sessionsOf('one').length > 0 && view.sessionsOf('one'),
    );
    await runtime.stop({ mode: 'abandon' });
    await eventually('its end is told', () => view.snapshots.get(session)?.status === 'stopped');
    expect(view.snapshots.get(session)).to.include({ value: 'extending' });
  });

  it('tells the end of an actor also where that was not the outcome of an event', async () => {
    const { runtime, log } = await fleet().listening();
    await fleet().announce(['one']);
    await log.count('StreamAdded', 1);
    const view = await watched(runtime);
    await eventually('it is told', () => view.sessionsOf('one').length > 0);
    const ownership = [...runtime.seam.actors].find(({ machine }) => machine === 'ownership');
    if (ownership === undefined) throw new Error('expected an ownership to live');
    runtime.seam.emit('actorEnded', ownership);
    await eventually('its end is told', () => {
      expect(view.snapshots.get(ownership.actor.sessionId)).to.include({
        status: 'stopped',
        value: 'extending',
      });
    });
  });

  it('tells neither what producers attached nor credentials', async () => {
    const { runtime, log } = await fleet().listening();
    const view = await watched(runtime);
    await fleet().announce(['redis://user:password@host/0'], { secret: 'a payload' });
    await log.count('StreamAdded', 1);
    await eventually('the stream is told', () => view.sessionsOf('redis://***@host/0').length === 1);
    await eventually('it is told to be handed', () => Object.values(view.streams()).includes('extending'));
    expect(JSON.stringify(view.messages)).not.to.match(/password|secret|a payload/);
  });

  it('listens to actors only while somebody watches', async () => {
    const { runtime, log } = await fleet().listening();
    await fleet().announce(streamNames(5));
    await log.count('StreamAdded', 5);
    const inspector = await inspectors.open({ stately: true });
    const isListenedTo = listenersOf(runtime);
    inspector.attach(runtime);
    await suite.redis().ping();
    expect(isListenedTo()).to.equal(false);
    const first = await connected(statelyUrl(inspector));
    await eventually('somebody listens', isListenedTo);
    const second = await connected(statelyUrl(inspector));
    const page = await inspectors.view(inspector);
    await page.ready(runtime);
    first.terminate();
    second.close();
    page.close();
    await eventually('nobody listens any more', () => !isListenedTo());
    const view = StatelyView.at(statelyUrl(inspector));
    await eventually('who comes then is told everything', () => Object.keys(view.streams()).length === 5);
  });

  it('lets the event loop turn while it shows 5,000 actors, and the runtime go on', async () => {
    const { runtime, log } = await fleet().listening({ capacity: 10_000, heartbeatMs: keepable(4000) });
    await fleet().announce(streamNames(5_000));
    await eventually('all are owned', () => log.added.length === 5_000);
    const view = await watched(runtime);
    const some = [...runtime.ownedStreams()].filter((_, at) => at % 10 === 0);
    const done = Promise.all(some.map((stream) => stream.done()));
    await fleet().announce(streamNames(500, 'meanwhile'));
    let turns = 0;
    while (view.actors.size < 4_750) {
      turns += 1;
      await nextTurn();
    }
    // How many depends on the machine; without them it would be one or two.
    expect(turns).to.be.above(5);
    await done;
    await log.count('StreamAdded', 5_500);
    await eventually(
      'it is told how all stand',
      () => {
        const states = Object.values(view.streams());
        return states.length === 5_000 && states.every((state) => state === 'extending');
      },
      { everyMs: 100 },
    );
    expect(view.strangers).to.deep.equal([]);
    expect(log.of('StreamUncertain')).to.deep.equal([]);
  });

  it('says how every actor stands also where more happens than it tells', async () => {
    const { runtime, log } = await fleet().listening({ heartbeatMs: keepable(4000) });
    const view = await watched(runtime);
    await fleet().announce(streamNames(500));
    await log.count('StreamAdded', 500);
    await eventually('all are told', () => Object.keys(view.streams()).length === 500);
    // All at once: more than may wait.
    const ownerships = [...runtime.seam.actors].filter(({ machine }) => machine === 'ownership');
    for (let count = 0; count < 20; count++) {
      for (const { actor } of ownerships) actor.send({ type: 'lease.confirmed' });
    }
    for (const { actor } of ownerships.slice(0, 250)) actor.send({ type: 'lease.missed' });
    await standsAsTold(runtime, view);
    const told = (type: string) => view.of('@xstate.event').filter(({ event }) => typeOf(event) === type);
    expect(told('lease.confirmed')).to.have.length.within(1, 20 * 500 - 1);
    expect(told('lease.missed')).to.have.length.at.least(250);
    expect(view.strangers).to.deep.equal([]);
  });

  it('drops a viewer that does not read, and nobody else notices', async () => {
    const { runtime, log } = await fleet().listening({ heartbeatMs: keepable(4000) });
    const inspector = await inspectors.open(
      { stately: true },
      { viewerLimits: { maxWaiting: 512 * 1024, maxStallMs: 60_000 } },
    );
    inspector.attach(runtime);
    const isListenedTo = listenersOf(runtime);
    const stalled = await connected(statelyUrl(inspector));
    const closed = new Promise((resolve) => stalled.on('close', resolve));
    stalled.pause();
    await eventually('it is told of the runtime', isListenedTo);
    let count = 0;
    while (isListenedTo()) {
      count += 1;
      await fleet().announce(streamNames(100, `some-${count}`));
      await log.count('StreamAdded', count * 100);
      await Promise.all([...runtime.ownedStreams()].map((stream) => stream.done()));
      await delay(50);
    }
    const view = StatelyView.at(statelyUrl(inspector));
    await eventually('another one is told', () => view.named('consumer').length === 1);
    stalled.resume();
    // It was cut off, not told to go.
    expect(await closed).to.equal(1006);
    expect(log.of('StreamUncertain')).to.deep.equal([]);
    expect(runtime.snapshot().lease).to.include({ certain: true, lapses: 0, misses: 0 });
  });
});
