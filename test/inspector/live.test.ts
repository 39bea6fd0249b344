import { expect } from 'chai';
import type { Detail, OverviewChanged } from '../../src/inspector/protocol.js';
import type { Json } from '../../src/replay/json-safe.js';
import { applyPatch } from '../../src/replay/patch.js';
import { wordsOfState } from '../../src/replay/state-path.js';
import { eventually } from '../support/eventually.js';
import { ask, listenersOf, useInspectors, type View } from '../support/inspector.js';
import { keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { streamNames, type TestRuntime, useFleet } from '../support/runtimes.js';

describe('the inspector, live', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);
  const inspectors = useInspectors();

  function detailsOf(view: View, actor: string): Detail[] {
    return view.messages.filter(
      (message): message is Detail => message.kind === 'detail' && message.actor === actor,
    );
  }

  it('tells a late viewer everything that is, before anything that happens', async () => {
    const { runtime, log } = await fleet().listening();
    await fleet().announce(streamNames(1200));
    await log.count('StreamAdded', 1200);
    const inspector = await inspectors.open();
    inspector.attach(runtime);
    const view = await inspectors.view(inspector);
    const known = await view.ready(runtime);

    expect(view.hello).to.include({ kind: 'hello', protocol: 1, actions: false, dropped: null, file: null });
    expect(view.hello.runtimes.map(({ id }) => id)).to.deep.equal([runtime.consumer]);
    const kinds = view.messages.map(({ kind }) => kind);
    expect(kinds.slice(0, 6)).to.deep.equal(['hello', 'runtime', 'overview', 'ticks', 'news', 'recordings']);
    expect(kinds.filter((kind) => kind === 'actors')).to.have.length.greaterThan(2);
    const live = [...runtime.seam.actors].map(({ path }) => path);
    const machines = [...known.actors.values()].filter(({ machine }) => machine !== null);
    expect(machines.map(({ path }) => path)).to.have.members(live);
    // What is supervised and is no machine is there as well.
    expect(known.actors.get('consumer/toucher')).to.include({
      machine: null,
      state: 'running',
      parent: 'consumer',
      restarts: 0,
    });
    expect(known.actors.get('supervisor')).to.include({ parent: null, machine: 'supervisor' });
    expect(known.actors.get('consumer')).to.include({ parent: 'supervisor', state: 'running' });
    const { streams, at, ...overview } = runtime.snapshot();
    expect(Object.keys(known.overview)).to.have.members(Object.keys(overview));
    expect(known.overview).to.include({ owned: 1200, state: 'running', consumer: runtime.consumer });
    expect(at).to.be.a('number');
    expect(Object.keys(known.owned())).to.have.members(streams.map(({ name }) => name));
  });

  it('comes to what snapshot() says, by changes alone', async () => {
    const { runtime, log } = await fleet().listening({
      maxRetries: 0,
      handlerBackoff: { initialMs: 1, maxMs: 1 },
    });
    const inspector = await inspectors.open();
    inspector.attach(runtime);
    const view = await inspectors.view(inspector);
    const known = await view.ready(runtime);
    expect(known.owned()).to.deep.equal({});

    await fleet().announce(streamNames(900));
    await log.count('StreamAdded', 900);
    let at = 0;
    for (const stream of [...runtime.ownedStreams()]) {
      at += 1;
      if (at % 3 === 0) await stream.done();
      if (at % 10 === 0) await runtime.pause();
    }
    await eventually('the page knows what the snapshot says', () => {
      const { streams, at: _, ...overview } = runtime.snapshot();
      expect(known.owned()).to.deep.equal(
        Object.fromEntries(streams.map(({ name, state }) => [name, state])),
      );
      const { lease, ...told } = known.overview;
      const { lease: present, ...snapshot } = overview;
      expect(told).to.deep.equal(JSON.parse(JSON.stringify(snapshot)));
      expect(lease.generation).to.equal(present.generation);
    });
    const done = known.ended.filter(({ machine }) => machine === 'ownership');
    expect(done).to.have.length(300);
    expect(done.every(({ state, status }) => state === 'released' && status === 'done')).to.equal(true);
  });

  it('tells who told whom what, and where it led', async () => {
    const { runtime, log } = await fleet().listening();
    const inspector = await inspectors.open();
    inspector.attach(runtime);
    const view = await inspectors.view(inspector);
    const known = await view.ready(runtime);
    await fleet().announce(['one']);
    await log.count('StreamAdded', 1);
    await runtime.owned('one')?.done();
    await eventually('its end is told', () => known.ended.length > 0);
    const walk = known.messages.filter(({ label }) => label === 'one');
    const told = walk.filter(({ to }) => to === null);
    expect(told.map(({ type, before, after }) => [type, before, after])).to.deep.equal([
      ['StreamAdded', null, null],
    ]);
    const steps = walk.filter(({ to }) => to !== null);
    expect(steps.map(({ type }) => type)).to.include.members(['handed', 'done.requested', 'acked']);
    // Each begins where the one before led to.
    const states = steps.map(({ after }) => after);
    expect(steps.map(({ before }) => before)).to.deep.equal(['acquiring', ...states.slice(0, -1)]);
    expect(states.at(-1)).to.equal('released');
    const seqs = known.messages.map(({ seq }) => seq);
    expect(seqs).to.deep.equal([...seqs].sort((a, b) => a - b));

    await runtime.stop();
    await eventually('its end is told', () => known.hasEnded);
    const stop = known.messages.find(({ to, type }) => to === 'consumer' && type === 'stop.requested');
    expect(stop).to.include({ from: null, before: 'running', after: 'draining' });
    expect(known.overview.state).to.equal('stopped');
  });

  it('tells of a watched actor what it remembers and what changes, and of others nothing', async () => {
    const { runtime, log } = await fleet().listening();
    const inspector = await inspectors.open();
    inspector.attach(runtime);
    const view = await inspectors.view(inspector);
    await view.ready(runtime);
    await fleet().announce(['one', 'two']);
    await log.count('StreamAdded', 2);
    const actor = `consumer/ownership/${runtime.owned('one')?.id}`;
    const watched = await ask(inspector.url, `api/viewers/${view.hello.viewer}/watch`, {
      method: 'PUT',
      body: { actors: [{ runtime: runtime.consumer, actor }] },
    });
    expect(watched.status).to.equal(204);
    const [history] = await eventually('its history comes', () => {
      const details = detailsOf(view, actor);
      return details.length > 0 && details;
    });
    expect(history).to.include({ isHistory: true, skipped: 0 });
    const kinds = history?.lines.map((line) => line.kind) ?? [];
    expect(kinds[0]).to.equal('spawn');
    expect(new Set(kinds.slice(1))).to.deep.equal(new Set(['event']));

    await runtime.owned('one')?.release();
    await runtime.owned('two')?.release();
    const lines = await eventually('its end is told', () => {
      const all = detailsOf(view, actor).flatMap((detail) => detail.lines);
      return all.some((line) => 'status' in line && line.status === 'done') && all;
    });
    let context: Json = null;
    for (const line of lines) {
      if (line.kind === 'spawn' || line.kind === 'join') context = line.context;
      else if (line.kind === 'event' && line.patch) context = applyPatch(context, line.patch);
    }
    expect(context).to.include({ name: 'one', reason: 'released' });
    const states = lines.flatMap((line) => ('state' in line ? [wordsOfState(line.state)] : []));
    expect(states[0]).to.equal('acquiring');
    expect(states.slice(-3)).to.deep.equal(['extending', 'givingBack', 'handedOver']);
    expect(
      view.messages.filter((message) => message.kind === 'detail' && message.actor !== actor),
    ).to.deep.equal([]);

    const unwatched = await ask(inspector.url, `api/viewers/${view.hello.viewer}/watch`, {
      method: 'PUT',
      body: { actors: [] },
    });
    expect(unwatched.status).to.equal(204);
  });

  it('shows a late viewer how a watched actor stands that nothing has happened to', async () => {
    const { runtime, log } = await fleet().listening();
    await fleet().announce(['one']);
    await log.count('StreamAdded', 1);
    const inspector = await inspectors.open();
    inspector.attach(runtime);
    const view = await inspectors.view(inspector);
    await view.ready(runtime);
    const actor = `consumer/ownership/${runtime.owned('one')?.id}`;
    await ask(inspector.url, `api/viewers/${view.hello.viewer}/watch`, {
      method: 'PUT',
      body: { actors: [actor, 'nobody'].map((path) => ({ runtime: runtime.consumer, actor: path })) },
    });
    await eventually('both are answered', () => detailsOf(view, 'nobody').length === 1);
    expect(detailsOf(view, 'nobody')[0]?.lines).to.deep.equal([]);
    const [detail] = detailsOf(view, actor);
    expect(detail?.lines).to.have.length(1);
    expect(detail?.lines[0]).to.include({ kind: 'join', actor, state: 'extending' });
  });

  it('remembers what a viewer watches until its runtime comes', async () => {
    const runtime = await fleet().start();
    const inspector = await inspectors.open();
    const view = await inspectors.view(inspector);
    await ask(inspector.url, `api/viewers/${view.hello.viewer}/watch`, {
      method: 'PUT',
      body: { actors: [{ runtime: runtime.consumer, actor: 'consumer' }] },
    });
    inspector.attach(runtime);
    await view.ready(runtime);
    expect(detailsOf(view, 'consumer')[0]?.lines[0]).to.include({ kind: 'join', state: 'running' });
  });

  it('listens to actors only while somebody watches', async () => {
    const { runtime, log } = await fleet().listening();
    const inspector = await inspectors.open();
    await fleet().announce(streamNames(5));
    await log.count('StreamAdded', 5);
    const isListenedTo = listenersOf(runtime);
    inspector.attach(runtime);
    await suite.redis().ping();
    expect(isListenedTo()).to.equal(false);
    const first = await inspectors.view(inspector);
    await first.ready(runtime);
    const second = await inspectors.view(inspector);
    await second.ready(runtime);
    expect(isListenedTo()).to.equal(true);
    first.close();
    await fleet().announce(['another']);
    await log.count('StreamAdded', 6);
    await eventually('the other one still sees', () => second.of(runtime).owned().another === 'extending');
    second.close();
    await eventually('nobody listens any more', () => !isListenedTo());
    const third = await inspectors.view(inspector);
    const known = await third.ready(runtime);
    expect(Object.keys(known.owned())).to.have.length(6);
  });

  it('leaves a recording alone that goes on when the last viewer leaves', async () => {
    const { runtime, log } = await fleet().listening();
    const inspector = await inspectors.open({ actions: true });
    inspector.attach(runtime);
    const view = await inspectors.view(inspector);
    await view.ready(runtime);
    const recordings = `api/runtimes/${encodeURIComponent(runtime.consumer)}/recordings`;
    expect((await ask(inspector.url, recordings, { method: 'POST', body: {} })).status).to.equal(200);
    view.close();
    await fleet().announce(['one']);
    await log.count('StreamAdded', 1);
    await runtime.owned('one')?.done();
    const stopped = await ask(inspector.url, `${recordings}/1/stop`, { method: 'POST', body: {} });
    expect(stopped.json()).to.include({ id: '1', active: false, lost: 0, error: null });
    const file = await ask(inspector.url, `${recordings}/1`);
    expect(file.text)
      .to.match(/"type":"acked"/)
      .and.to.match(/"kind":"end"/);
  });

  it('shows several runtimes, those that come and those that go', async () => {
    const inspector = await inspectors.open();
    const first = await fleet().start();
    const isListenedTo = listenersOf(first);
    const detach = inspector.attach(first);
    const view = await inspectors.view(inspector);
    await view.ready(first);
    const second = fleet().create();
    inspector.attach(second);
    // Before it is started: its first state is seen too.
    await view.ready(second);
    expect(view.of(second).overview.state).to.equal('idle');
    await second.start();
    await eventually('it runs', () => view.of(second).actors.get('consumer')?.state === 'running');
    await eventually('its children that are no machines are there', () =>
      ['consumer/toucher', 'consumer/prover'].every(
        (path) => view.of(second).actors.get(path)?.state === 'running',
      ),
    );
    await second.stop();
    await eventually('it has ended', () => view.of(second).hasEnded);
    detach();
    await eventually('it is not shown any more', () => view.of(first).hasEnded);
    expect(isListenedTo()).to.equal(false);
    expect(first.state).to.equal('running');
    const late = await inspectors.view(inspector);
    expect(late.hello.runtimes).to.deep.equal([]);
    expect(() => inspector.attach(second))
      .to.throw()
      .with.property('code', 'RuntimeStopped');
    expect(() => inspector.attach({ ...first } as TestRuntime))
      .to.throw()
      .with.property('code', 'InvalidOption');
  });

  it('keeps ticks and news while nobody watches', async () => {
    const runtime = await fleet().start();
    const inspector = await inspectors.open();
    inspector.attach(runtime);
    await runtime.pause();
    runtime.seam.emit('leaseLapsed', { lapses: 7 });
    for (let count = 0; count < 3; count++)
      runtime.seam.emit('lost', { reason: 'takenOver', name: `order-${count}`, id: `${count}-0` });
    const known = await eventually('a tick has been kept', async () => {
      const view = await inspectors.view(inspector);
      const seen = await view.ready(runtime);
      view.close();
      return seen.ticks.length > 0 && seen;
    });
    expect(known.ticks[0]).to.include({ owned: 0, state: 'running', certain: true });
    expect(known.ticks[0]?.leaseLeftMs).to.be.within(1, keepable(1000));
    expect(known.ticks[0]?.loopDelay.max).to.be.a('number').and.at.least(0);
    expect(known.news).to.deep.include.members(
      known.news.filter((item) => item.type === 'leaseLapsed' && item.lapses === 7),
    );
    expect(known.news.find(({ type }) => type === 'lost')).to.include({ reason: 'takenOver', count: 3 });
    expect(known.news.some(({ type }) => type === 'leaseLapsed')).to.equal(true);
  });

  it('tells each piece of news once, also to whoever comes when it has just happened', async () => {
    const runtime = await fleet().start();
    const inspector = await inspectors.open();
    inspector.attach(runtime);
    const first = await inspectors.view(inspector);
    await first.ready(runtime);
    runtime.seam.emit('leaseLapsed', { lapses: 7 });
    const second = await inspectors.view(inspector);
    await second.ready(runtime);
    runtime.seam.emit('leaseLapsed', { lapses: 8 });
    for (const view of [first, second]) {
      const lapses = () =>
        view.of(runtime).news.flatMap((item) => (item.type === 'leaseLapsed' ? [item.lapses] : []));
      await eventually('the last one is told', () => lapses().includes(8));
      expect(lapses()).to.deep.equal([7, 8]);
    }
  });

  it('tells of a child that failed and was started again', async () => {
    const runtime = await fleet().start();
    const inspector = await inspectors.open();
    inspector.attach(runtime);
    const view = await inspectors.view(inspector);
    const known = await view.ready(runtime);
    const subscription = 'consumer/masterSubscription/';
    const before = [...known.actors.values()].find(({ path }) => path.startsWith(subscription));
    expect(before).to.include({ machine: 'masterSubscription', restarts: 0, state: 'live' });
    await suite.redis().call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await eventually('it is live again', () => {
      const row = known.actors.get(before?.path ?? '');
      return row?.restarts === 1 && row.state === 'live';
    });
    expect(known.ended.map(({ path }) => path)).to.include(before?.path);
    const failure = known.news.find(({ type }) => type === 'childFailed');
    expect(failure).to.include({ child: before?.path.replace('consumer/', '') });
    await eventually('the overview lists it', () => known.overview.failures.length > 0);
  });

  it('sends of the overview only what changed', async () => {
    const runtime = await fleet().start();
    const inspector = await inspectors.open();
    inspector.attach(runtime);
    const view = await inspectors.view(inspector);
    await view.ready(runtime);
    const overviews = () =>
      view.messages.filter((message): message is OverviewChanged => message.kind === 'overview');
    const third = await eventually('time passes', () => overviews()[2] ?? null);
    expect(Object.keys(third.sections)).not.to.include.members(['server', 'service', 'failures']);
  });

  it('is made by the runtime itself, and ends with it', async () => {
    const runtime = await fleet().start();
    const { url } = await runtime.inspect();
    expect(new URL(url).hostname).to.equal('127.0.0.1');
    const view = await inspectors.view({ url });
    await view.ready(runtime);
    await runtime.stop();
    await eventually('the viewer is told', () => view.of(runtime).hasEnded && view.hasEnded);
    const refused = await ask(url, '/api/machines').catch((error: NodeJS.ErrnoException) => error.code);
    expect(refused).to.equal('ECONNREFUSED');
    const late = await runtime.inspect().catch((error: unknown) => error);
    expect(late).to.have.property('code', 'RuntimeStopped');
  });
});
