import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import type { AnyActor } from 'xstate';
import { startActor } from '../../src/actors/host.js';
import { leaseKeeperMachine } from '../../src/machines/lease-keeper.machine.js';
import { ownershipMachine } from '../../src/machines/ownership.machine.js';
import type { EventLine, Line } from '../../src/replay/format.js';
import { loadRecording, parseRecording, type Recording } from '../../src/replay/recording.js';
import { replay } from '../../src/replay/replayer.js';
import { eventually } from '../support/eventually.js';
import { createStage, useFolder } from '../support/recordings.js';

const read = (file: string): Recording => parseRecording(readFileSync(file, 'utf8'), file);
const kinds = ({ lines }: Recording) => lines.map(({ kind }) => kind);
const events = ({ lines }: Recording) => lines.filter((line): line is EventLine => line.kind === 'event');

describe('recording', () => {
  const folder = useFolder();

  describe('everything, to a file', () => {
    it('writes what each event led to, and where the recording ends', async () => {
      const stage = createStage();
      const recording = stage.record({ file: folder('deep/down/a.jsonl') });
      const actor = stage.own('1-0');
      actor.send({ type: 'verified' });
      stage.time.now = 2_000;
      actor.send({ type: 'lost', reason: 'takenOver' });
      const report = await recording.stop();
      expect(report).to.include({ events: 3, lost: 0, error: null });

      const [file = ''] = report.files;
      const made = read(file);
      expect(readFileSync(file).length).to.equal(report.bytes);
      expect(statSync(file).mode & 0o777, 'for its owner alone').to.equal(0o600);
      expect(made.header).to.include({
        service: 'orders',
        consumer: 'me~1',
        startedAt: 1_000,
        why: 'record',
      });
      const base = { actor: 'consumer/ownership/1-0', machine: 'ownership' };
      const context = { id: '1-0', name: 'stream-1-0', retryCount: 0, reason: null, unheard: false };
      expect(made.lines).to.deep.equal([
        {
          kind: 'spawn',
          seq: 0,
          at: 1_000,
          ...base,
          input: { id: '1-0', name: 'stream-1-0', retryCount: 0 },
          state: 'acquiring',
          context,
        },
        { kind: 'event', seq: 1, at: 1_000, ...base, event: { type: 'verified' }, state: 'acquired' },
        {
          kind: 'event',
          seq: 2,
          at: 2_000,
          ...base,
          event: { type: 'lost', reason: 'takenOver' },
          state: 'lost',
          patch: [['/reason', 'takenOver']],
          status: 'done',
        },
        { kind: 'end', seq: 3, at: 2_000, why: 'stopped', events: 3, lost: 0 },
      ]);
      expect(replay(made).agrees).to.equal(true);
    });

    it('begins with how everything stands when it begins late', async () => {
      const stage = createStage();
      const [first, second, third] = [stage.own('1-0'), stage.own('2-0'), stage.own('3-0')];
      first.send({ type: 'verified' });
      third.send({ type: 'refused' });
      const recording = stage.record({ file: folder('a.jsonl') });
      first.send({ type: 'lost', reason: 'entryGone' });
      second.send({ type: 'contended' });
      const made = read((await recording.stop()).files[0] as string);
      expect(kinds(made)).to.deep.equal(['join', 'join', 'event', 'event', 'end']);
      expect(made.lines[0]).to.include({ actor: 'consumer/ownership/1-0', state: 'acquired' });
      expect(replay(made)).to.include({ agrees: true, events: 2, actorCount: 2 });
    });

    it('says under which event something was sent', async () => {
      const stage = createStage();
      const recording = stage.record({ file: folder('a.jsonl') });
      const target = stage.own('1-0');
      const machine = ownershipMachine.provide({
        actions: { tellUncertain: () => target.send({ type: 'verified' }) },
      });
      const options = { path: 'consumer/ownership/2-0', input: { id: '2-0', name: 's', retryCount: 0 } };
      const source = startActor({ clock: stage.clock, seam: stage.seam }, machine, {
        ...options,
        onError: () => {},
      });
      for (const type of ['verified', 'handed', 'lease.missed'] as const) source.send({ type });
      target.send({ type: 'handed' });
      const made = read((await recording.stop()).files[0] as string);
      const told = events(made).map(({ actor, seq, by }) => [actor.at(-3), seq, by]);
      expect(told).to.deep.equal([
        ['2', 2, undefined],
        ['2', 3, undefined],
        ['2', 4, undefined],
        ['1', 5, 4],
        ['1', 6, undefined],
      ]);
    });

    it('leaves actors alone that nobody records', async () => {
      const stage = createStage();
      const before = stage.own('1-0') as AnyActor;
      const { logic } = before;
      const one = stage.record({ file: folder('a.jsonl') });
      const other = stage.record({ file: folder('b.jsonl') });
      const during = stage.own('2-0') as AnyActor;
      expect(before.logic).not.to.equal(logic);
      await one.stop();
      expect(before.logic).not.to.equal(logic);
      await other.stop();
      expect(before.logic).to.equal(logic);
      // Each has a copy of the machine, for its first context; one that is listened to has a `transition` of its own as well.
      expect(Object.hasOwn(during.logic, 'transition')).to.equal(false);
      before.send({ type: 'verified' });
      expect(before.getSnapshot().value).to.equal('acquired');
    });

    it('never overwrites a file', async () => {
      writeFileSync(folder('a.jsonl'), 'evidence');
      const stage = createStage();
      for (const name of ['a-2.jsonl', 'a-3.jsonl']) {
        const report = await stage.record({ file: folder('a.jsonl') }).stop();
        expect(report.files).to.deep.equal([folder(name)]);
      }
      expect(readFileSync(folder('a.jsonl'), 'utf8')).to.equal('evidence');
    });

    it('ends at its size, and at its time', async () => {
      const stage = createStage();
      const sized = stage.record({ file: folder('size.jsonl'), maxBytes: 2_000 });
      const timed = stage.record({ file: folder('time.jsonl'), maxMs: 20 });
      for (let n = 0; n < 2_000; n++) stage.own(`${n}-0`).send({ type: 'refused' });
      const lastLine = (file: string) =>
        JSON.parse(readFileSync(file, 'utf8').trim().split('\n').at(-1) ?? '') as Line;
      await eventually('the big one ends', () =>
        expect(lastLine(folder('size.jsonl'))).to.include({ kind: 'end', why: 'size' }),
      );
      await eventually('the long one ends', () =>
        expect(lastLine(folder('time.jsonl'))).to.include({ kind: 'end', why: 'time' }),
      );
      // A slice is the least that is written at once.
      expect((await sized.stop()).bytes).to.be.within(2_000, 100_000);
      expect((await timed.stop()).events).to.equal(4_000);
      expect(replay(read(folder('size.jsonl'))).agrees).to.equal(true);
    });

    it('counts and writes down what it could not keep up with, and replays around it', async () => {
      const stage = createStage({ maxWaiting: 10_000 });
      const actors = Array.from({ length: 100 }, (_, n) => stage.own(`${n}-0`));
      const recording = stage.record({ file: folder('a.jsonl') });
      for (const actor of actors) actor.send({ type: 'verified' });
      for (const actor of actors) actor.send({ type: 'handed' });
      // Everything in one turn of the event loop: nothing can be written meanwhile.
      for (let n = 0; n < 100; n++)
        for (const actor of actors) actor.send({ type: n % 2 ? 'lease.confirmed' : 'lease.missed' });
      await eventually('it has written', () => (recording.report.bytes > 100_000 ? true : null));
      for (const actor of actors) actor.send({ type: 'done.requested' });
      const report = await recording.stop();
      expect(report.lost).to.equal(300);

      const made = read(report.files[0] as string);
      const found = replay(made);
      expect(found).to.include({ agrees: true, lost: 300, actorCount: 100 });
      expect(found.events).to.equal(report.events - report.lost);
      expect(
        new Set(
          events(made)
            .slice(-100)
            .map(({ state }) => state),
        ),
      ).to.deep.equal(new Set(['acking']));
    });

    it('tells of a disk that takes nothing, and nobody else hears of it', async () => {
      writeFileSync(folder('file'), '');
      const stage = createStage();
      const recording = stage.record({ file: folder('file/a.jsonl') });
      const actor = stage.own('1-0');
      actor.send({ type: 'verified' });
      expect(actor.getSnapshot().value).to.equal('acquired');
      const { error, files } = await recording.stop();
      expect(error).to.include({ code: 'RecordingFailed' });
      expect(files).to.deep.equal([]);
    });

    it('has no flight recorder to dump', async () => {
      const recording = createStage().record({ file: folder('a.jsonl') });
      const problem = await recording.dump().catch((error: unknown) => error);
      expect(problem).to.include({ code: 'InvalidState' });
      await recording.stop();
    });
  });

  describe('an event whose action throws', () => {
    it('ends the actor there, and replays', async () => {
      const stage = createStage();
      const recording = stage.record({ file: folder('a.jsonl') });
      const machine = leaseKeeperMachine.provide({
        actions: {
          report: (_, { error }) => {
            throw error;
          },
        },
      });
      const failed = new Promise((resolve) => {
        const host = { clock: stage.clock, seam: stage.seam };
        const options = { path: 'consumer/leaseKeeper', input: { heartbeatMs: 1_000 }, onError: resolve };
        startActor(host, machine, options).send({ type: 'connection.up' });
      });
      expect(String(await failed)).to.include('not provided: raise');
      const made = read((await recording.stop()).files[0] as string);
      const last = events(made).at(-1);
      expect(last?.event.type).to.equal('xstate.error.actor.raise');
      expect(JSON.stringify(last?.threw)).to.include('not provided: raise');
      expect(replay(made)).to.include({ agrees: true, events: 2 });
    });
  });

  describe('what the application is told', () => {
    const told = {
      type: 'StreamAdded',
      at: 1,
      stream: 's',
      id: '1-0',
      retryCount: 0,
      info: { card: '4711' },
    };

    async function recorded(info?: 'keep' | ((info: unknown) => unknown)) {
      const stage = createStage();
      const recording = stage.record({ file: folder('a.jsonl'), ...(info ? { info } : {}) });
      stage.seam.emit('notification', told);
      const [line] = read((await recording.stop()).files[0] as string).lines;
      return line;
    }

    it('is recorded without the producers’ info', async () => {
      const { info: _, ...rest } = told;
      expect(await recorded()).to.deep.include({ kind: 'notification', notification: rest });
    });

    it('is recorded with it on request', async () => {
      expect(await recorded('keep')).to.deep.include({ notification: told });
    });

    it('is recorded with what is made of it', async () => {
      const line = await recorded((info) => ({ keys: Object.keys(info as object) }));
      expect(line).to.deep.include({ notification: { ...told, info: { keys: ['card'] } } });
    });

    it('is recorded without it when making something of it fails', async () => {
      const line = await recorded(() => {
        throw new Error('no');
      });
      const { info: _, ...rest } = told;
      expect(line).to.deep.include({ notification: rest });
    });
  });

  describe('a flight recorder', () => {
    it('remembers the latest and writes it when asked, again and again', async () => {
      const stage = createStage();
      const recording = stage.record({ file: folder('a.jsonl'), ring: { lastMs: 1_000, maxEvents: 100 } });
      const old = stage.own('1-0');
      const silent = stage.own('2-0');
      silent.send({ type: 'contended' });
      old.send({ type: 'verified' });
      stage.time.now = 5_000;
      old.send({ type: 'handed' });
      stage.time.now = 5_500;
      const file = await recording.dump('asked');
      expect(file).to.equal(folder('a.jsonl'));

      const made = await loadRecording(file);
      expect(made.header).to.include({ why: 'asked', startedAt: 5_000 });
      expect(kinds(made)).to.deep.equal(['join', 'join', 'event', 'end']);
      expect(made.lines[0]).to.include({ actor: 'consumer/ownership/2-0', state: 'contended' });
      expect(made.lines[1]).to.include({ actor: 'consumer/ownership/1-0', state: 'acquired' });
      expect(replay(made)).to.include({ agrees: true, complete: true, events: 1 });

      old.send({ type: 'handler.failed', error: { code: 'Error', message: 'no' } });
      expect(await recording.dump()).to.equal(folder('a-2.jsonl'));
      expect(events(await loadRecording(folder('a-2.jsonl'))).map(({ event }) => event.type)).to.deep.equal([
        'handed',
        'handler.failed',
      ]);
      expect((await recording.stop()).files).to.deep.equal([folder('a.jsonl'), folder('a-2.jsonl')]);
    });

    it('remembers no more than it may', async () => {
      const stage = createStage();
      const recording = stage.record({ file: folder('a.jsonl'), ring: { maxEvents: 10 } });
      for (let n = 0; n < 50; n++) stage.own(`${n}-0`).send({ type: 'refused' });
      const made = await loadRecording(await recording.dump());
      expect(made.lines.slice(0, -1).map(({ seq }) => seq)).to.deep.equal([
        90, 91, 92, 93, 94, 95, 96, 97, 98, 99,
      ]);
      expect(replay(made)).to.include({ agrees: true, actorCount: 5 });
      await recording.stop();
    });

    it('writes once at what it was told to look for, with what comes of it', async () => {
      const stage = createStage();
      const options = { file: folder('a.jsonl'), ring: { dumpOn: ['StreamDisowned'], lastMs: 1_000 } };
      const recording = stage.record(options);
      const actor = stage.own('1-0');
      stage.seam.emit('notification', { type: 'StreamUncertain' });
      stage.seam.emit('notification', { type: 'StreamDisowned' });
      actor.send({ type: 'verified' });
      stage.seam.emit('notification', { type: 'StreamDisowned' });
      await eventually('it has written', () => recording.report.files.length === 1);
      const made = await loadRecording(folder('a.jsonl'));
      expect(made.header.why).to.equal('StreamDisowned');
      expect(kinds(made)).to.deep.equal([
        'spawn',
        'notification',
        'notification',
        'event',
        'notification',
        'end',
      ]);

      stage.time.now += 1_000;
      stage.seam.emit('notification', { type: 'StreamDisowned' });
      await recording.stop();
      expect(existsSync(folder('a-2.jsonl')), 'a later incident').to.equal(true);
      expect(existsSync(folder('a-3.jsonl'))).to.equal(false);
    });

    it('holds no actor that has ended', () => {
      const stage = createStage();
      const recording = stage.record({ file: folder('a.jsonl'), ring: {} });
      stage.own('1-0').send({ type: 'refused' });
      expect(stage.seam.actors.size).to.equal(0);
      return recording.stop();
    });
  });

  it('disturbs no actor, whoever else listens', () => {
    const stage = createStage();
    const leave = stage.recorder.tap.listen(() => {
      throw new Error('a listener with a fault');
    });
    const actor = stage.own('1-0');
    actor.send({ type: 'verified' });
    expect(actor.getSnapshot()).to.include({ value: 'acquired', status: 'active' });
    leave();
  });

  it('of a runtime ends with it', async () => {
    const stage = createStage();
    stage.record({ file: folder('a.jsonl') });
    const ring = stage.record({ file: folder('b.jsonl'), ring: { dumpOn: ['StreamTerminated'] } });
    stage.seam.emit('notification', { type: 'StreamTerminated' });
    await stage.recorder.end();
    expect((await loadRecording(folder('a.jsonl'))).lines.at(-1)).to.include({ kind: 'end', why: 'closed' });
    expect(ring.report.files).to.deep.equal([folder('b.jsonl')]);
  });
});
