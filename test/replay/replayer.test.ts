import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { expect } from 'chai';
import type { EventLine, Line } from '../../src/replay/format.js';
import type { Machine } from '../../src/replay/fingerprint.js';
import { machinesById, presentMachines } from '../../src/replay/machines.js';
import { stateMachine } from '../../src/replay/state-machine.js';
import type { Recording } from '../../src/replay/recording.js';
import { replay, replayFile } from '../../src/replay/replayer.js';
import { scenario } from '../../src/replay/scenario.js';
import { Trim } from '../../src/replay/trim.js';
import { wordsOfReport } from '../../src/replay/words.js';
import { compiled } from '../support/programs.js';
import { useFolder } from '../support/recordings.js';

const input = (id: string) => ({ input: { id, name: `stream-${id}`, retryCount: 0 } });

/** Two streams: one done, one lost. */
const made = scenario('orders')
  .actor('consumer/ownership/1-0', input('1-0'))
  .send('verified')
  .actor('consumer/ownership/2-0', input('2-0'))
  .send('verified')
  .actor('consumer/ownership/1-0')
  .send('done.requested', { type: 'acked', lockReleased: true } as { type: string })
  .actor('consumer/ownership/2-0')
  .send('handed', { type: 'lost', reason: 'takenOver' } as { type: string })
  .recording();

function changed(recording: Recording, change: (line: EventLine) => Partial<EventLine>): Recording {
  const lines = recording.lines.map((line) => (line.kind === 'event' ? { ...line, ...change(line) } : line));
  return { ...recording, lines: lines as Line[] };
}

describe('replay', () => {
  const folder = useFolder();

  it('says of each actor what it found', () => {
    const report = replay(made);
    expect(report).to.deep.include({
      agrees: true,
      complete: true,
      cut: null,
      lost: 0,
      missing: 0,
      events: 6,
      actorCount: 2,
      diverged: 0,
      unlisted: 0,
      machines: [{ machine: 'ownership', definition: 'same', actors: 2, events: 6, diverged: 0 }],
    });
    expect(report.actors[1]).to.deep.equal({
      actor: 'consumer/ownership/2-0',
      machine: 'ownership',
      lives: 1,
      events: 3,
      last: { state: 'lost', status: 'done' },
      verdict: 'agrees',
      divergence: null,
    });
    expect(wordsOfReport(report)).to.equal('6 events of 2 actors lead where they were recorded to lead');
  });

  it('goes on after an actor that diverges, and names the first place of each', () => {
    const report = replay(
      changed(made, ({ state }) => ({ state: state === 'acquired' ? 'extending' : state })),
    );
    expect(report).to.include({ agrees: false, diverged: 2, events: 6 });
    const [first, second] = report.actors.map(({ divergence }) => divergence);
    expect(first).to.deep.include({
      actor: 'consumer/ownership/1-0',
      reason: 'state',
      step: 1,
      seq: 1,
      event: { type: 'verified' },
      from: 'acquiring',
      recorded: { state: 'extending', status: 'active' },
      replayed: { state: 'acquired', status: 'active' },
      context: [],
      effects: null,
      definitionChanged: false,
    });
    expect(second).to.include({ actor: 'consumer/ownership/2-0', seq: 3 });
    expect(wordsOfReport(report)).to.match(
      /^2 of 2 actors diverge\nconsumer\/ownership\/1-0 diverges at its event 1 \(seq 1\)/,
    );
  });

  it('notices what is to be done, and what is remembered', () => {
    const report = replay(
      changed(made, ({ event }) => (event.type === 'lost' ? { effects: ['tellConfirmed'] } : {})),
    );
    const [, found] = report.actors.map(({ divergence }) => divergence);
    expect(found).to.deep.include({
      reason: 'effects',
      effects: { recorded: ['tellConfirmed'], replayed: ['disown'] },
    });
    const other = replay(
      changed(made, ({ event }) => (event.type === 'lost' ? { patch: [['/reason', 'entryGone']] } : {})),
    );
    const [, remembered] = other.actors.map(({ divergence }) => divergence);
    expect(remembered).to.deep.include({
      reason: 'context',
      context: [{ path: '/reason', recorded: 'entryGone', replayed: 'takenOver' }],
    });
    expect(wordsOfReport(other)).to.include('/reason: recorded "entryGone", replayed "takenOver"');
  });

  it('says whether the definition has changed since', () => {
    const { header } = made;
    const before = { ...header, machines: { ...header.machines, ownership: '0123456789abcdef' } };
    const [machine] = replay({ ...made, header: before }).machines;
    expect(machine?.definition).to.equal('changed');
    const [unknown] = replay({ ...made, header: { ...header, machines: {} } }).machines;
    expect(unknown?.definition).to.equal('unknown');
    const broken = changed({ ...made, header: before }, () => ({ state: 'lost' }));
    expect(replay(broken).actors[0]?.divergence?.definitionChanged).to.equal(true);
    expect(wordsOfReport(replay(broken))).to.include(
      'the definition of ownership has changed since this was recorded',
    );
  });

  it('does not know a machine that is gone, nor a state, and goes on with the others', () => {
    const machines = new Map(presentMachines);
    machines.delete('ownership');
    expect(replay(made, { machines }).actors.map(({ divergence }) => divergence?.reason)).to.deep.equal([
      'unknownMachine',
      'unknownMachine',
    ]);
    const trim = new Trim({ from: 4, to: 7 });
    const part = made.lines.flatMap((line) => trim.take(line));
    const lines = part.map((line) =>
      line.kind === 'join' && line.actor.includes('/1-0') ? { ...line, state: 'limbo' } : line,
    );
    const verdicts = replay({ ...made, lines }).actors.map(({ verdict, divergence }) => [
      verdict,
      divergence?.reason,
    ]);
    expect(verdicts).to.deep.equal([
      ['diverges', 'unknownState'],
      ['agrees', undefined],
    ]);
  });

  it('finds what contradicts itself, and what was taken out', () => {
    const headless = replay({ ...made, lines: made.lines.slice(1) });
    expect(headless.actors[0]?.divergence).to.include({ reason: 'inconsistent' });
    const misfit = replay(
      changed(made, ({ event }) => (event.type === 'lost' ? { patch: [['/no/where', 1]] } : {})),
    );
    expect(misfit.actors[1]?.divergence).to.include({ reason: 'inconsistent' });
    const shorter = replay({ ...made, lines: made.lines.toSpliced(-2, 1) });
    expect(shorter).to.include({ agrees: false, diverged: 0, missing: 1 });
    expect(wordsOfReport(shorter)).to.include('1 lines have been taken out');
  });

  it('says that a machine throws', () => {
    const ownership = stateMachine(presentMachines.get('ownership') as Machine);
    const machines = machinesById([
      ownership.provide({
        guards: {
          isLockReleased: () => {
            throw new Error('no such thing');
          },
        },
      }) as NonNullable<typeof ownership>,
    ]);
    const [found] = replay(made, { machines }).actors;
    expect(found?.divergence).to.include({ reason: 'threw', step: 3 });
    expect(found?.divergence?.detail).to.include('no such thing');
  });

  it('replays one actor only, when asked to', () => {
    const report = replay(made, { actor: 'consumer/ownership/2-0' });
    expect(report).to.include({ events: 3, actorCount: 1, agrees: true });
  });

  it('counts an actor that is started again as another life of one path', () => {
    const twice = scenario('x')
      .actor('consumer/leaseKeeper', { input: { heartbeatMs: 1000 } })
      .send('connection.up')
      .actor('consumer/leaseKeeper', { input: { heartbeatMs: 1000, asked: 1 } })
      .send('connection.up')
      .recording();
    expect(replay(twice)).to.include({ actorCount: 2, agrees: true });
    expect(replay(twice).actors).to.have.length(1);
    expect(replay(twice).actors[0]).to.include({ lives: 2, events: 2 });
  });

  it('gives the same report of a file as of what was loaded', async () => {
    const file = folder('a.jsonl');
    writeFileSync(file, `${[made.header, ...made.lines].map((line) => JSON.stringify(line)).join('\n')}\n`);
    expect(await replayFile(file)).to.deep.equal(replay(made));
  });

  describe('a part', () => {
    const cut = (from: number, to: number, actor?: string): Recording => {
      const trim = new Trim({ from, to, ...(actor === undefined ? {} : { actor }) });
      const lines = [...made.lines.flatMap((line) => trim.take(line)), trim.end()];
      return { ...made, header: trim.header(made.header), lines };
    };

    it('is a recording, wherever it is cut', () => {
      const last = made.lines.length - 2;
      for (let from = 0; from <= last; from++) {
        for (let to = from; to <= last; to++) {
          const report = replay(cut(from, to));
          expect(report, `${from}..${to}`).to.include({ agrees: true, complete: true });
        }
      }
      expect(cut(4, 5).lines.map(({ kind, seq }) => [kind, seq])).to.deep.equal([
        ['join', 4],
        ['event', 4],
        ['event', 5],
        ['end', 6],
      ]);
    });

    it('of one actor misses nothing', () => {
      const report = replay(cut(0, 7, 'consumer/ownership/2-0'));
      expect(report).to.include({ agrees: true, actorCount: 1, events: 3, missing: 0 });
    });
  });

  it('reads a file in less memory than it is large', async () => {
    const { input: small } = input('1-0');
    const one = scenario('x')
      .actor('a', { machine: 'ownership', input: { ...small, name: 'n'.repeat(20_000) } })
      .send('verified', 'handed', 'lease.missed', 'lease.confirmed')
      .recording();
    const file = folder('large.jsonl');
    const out = createWriteStream(file);
    out.write(`${JSON.stringify(one.header)}\n`);
    const parts = one.lines.slice(0, -1).map((line) => JSON.stringify(line));
    let seq = 0;
    for (let n = 0; n < 2_000; n++) {
      let text = '';
      for (const part of parts) {
        text += `${part.replace(/"seq":\d+/, `"seq":${seq}`).replace('"actor":"a"', `"actor":"a${n % 100}"`)}\n`;
        seq += 1;
      }
      if (!out.write(text)) await once(out, 'drain');
    }
    out.end();
    await once(out, 'finish');
    // The file is larger than what it may have: it does not fit.
    expect((await stat(file)).size).to.be.above(32 * 2 ** 20);
    const options = ['--max-old-space-size=32', await compiled('test/support/replay-main'), file];
    const child = spawn(process.execPath, options, { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', (text: Buffer) => {
      said += text;
    });
    const [code] = (await once(child, 'close')) as [number];
    expect(code, said).to.equal(0);
    expect(JSON.parse(said)).to.deep.equal({ agrees: true, events: 8_000, actorCount: 2_000 });
  });
});
