/** What `replay`, `compare` and `inspect` make of recordings: stories, parts, several as one, and what is accepted as it is now. */
import { copyFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { loadRecording, replay } from '../../src/testing/index.js';
import { useCli } from '../support/cli.js';
import { Recorded } from '../support/recorded.js';
import { useFolder } from '../support/recordings.js';

const library = fileURLToPath(new URL('../recordings/', import.meta.url));

describe('streamwarden replay, of several files and parts', () => {
  const cli = useCli();
  const folder = useFolder();
  const sleeper = `${library}zombie.sleeper.jsonl`;
  const heir = `${library}zombie.heir.jsonl`;
  const jsonOf = (stdout: string) =>
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  function written(name: string, text: string | Uint8Array): string {
    const file = folder(name);
    writeFileSync(file, text);
    return file;
  }

  /** A recording of which one state has been changed. */
  const bad = (name = 'bad.jsonl') =>
    written(
      name,
      readFileSync(sleeper, 'utf8').replace(
        '"event":{"type":"lease.missed"},"state":"uncertain"',
        '"event":{"type":"lease.missed"},"state":"lost"',
      ),
    );

  it('begins with what happened, in words: lost, silent, started again, how it ended', async () => {
    const victim = new Recorded('victim')
      .assigned(0, '1-0', 'order-1')
      .assigned(5, '2-0', 'order-2')
      .timer(100, 100, 4_600)
      .line(4_610, { kind: 'spawn', actor: 'consumer', machine: 'consumer', state: 'idle', context: {} })
      .lost(4_700, '1-0')
      .line(4_750, { kind: 'lost', lines: 3 });
    const file = written('victim.jsonl', victim.failed(4_800, '2-0', 4_900).text);
    const { stdout } = await cli.run(['replay', file]);
    const words = stdout.split('\n').slice(1, 7);
    expect(words).to.deep.equal([
      '  Lost 1 stream: order-1 (takenOver).',
      '  Silent for 4.5 s, once, although a timer was due: 4.5 s after seq 9.',
      '  Started again: consumer once.',
      '  In 4.9 s 2 streams assigned, 1 given back, handlers failed once.',
      '  3 lines missing before seq 14.',
      '  It has no end: the process died, or it is still being written.',
    ]);
    const replayed = jsonOf((await cli.run(['replay', file, '--json'])).stdout).find(
      ({ type }) => type === 'Replayed',
    );
    expect(replayed?.story).to.deep.include({
      assigned: 2,
      lost: 1,
      silences: 1,
      silentMs: 4_500,
      restarts: { consumer: 1 },
      gaps: [{ seq: 14, lines: 3 }],
      terminated: null,
    });
    const step = await cli.run(['replay', file, '--step']);
    expect(step.stdout).to.match(/… silent for 4\.5 s, although a timer was due\n10 /);
  });

  it('begins at a number, with those introduced that were there before', async () => {
    const whole = await loadRecording(sleeper);
    const from =
      whole.lines.find((line) => line.kind === 'event' && line.event.type === 'lease.missed')?.seq ?? 0;
    const walked = await cli.run(['replay', sleeper, '--from', String(from), '--step']);
    expect(walked.stdout.startsWith(`${from} `)).to.equal(true);
    const { code, stdout } = await cli.run(['replay', sleeper, '--from', String(from), '--json']);
    expect(code).to.equal(0);
    const last = jsonOf(stdout).at(-1) ?? {};
    expect(last).to.include({ type: 'Replayed', agrees: true, complete: true });
    expect(last.events).to.be.below(whole.lines.filter(({ kind }) => kind === 'event').length);
  });

  it('says of several files who had which stream, and whether two at once', async () => {
    const { code, stdout } = await cli.run(['replay', sleeper, heir]);
    expect(code).to.equal(0);
    expect(stdout).to.match(/^STREAM +OWNERS +TWO AT ONCE$/m);
    expect(stdout).to.match(/^one +sleeper~\w+ \S+ – \S+ lost · heir~\w+ \S+ – \S+ \w+ +yes$/m);
    const together = stdout.slice(stdout.indexOf('Together:'));
    expect(together.split('\n').slice(1, 4)).to.deep.equal([
      '  2 recordings of 2 consumers: 437 events, all as recorded.',
      '  2 streams assigned 4 times, 2 lost, 2 with two owners at once.',
      '  1 consumer silent for 796 ms in all.',
    ]);
    const json = jsonOf((await cli.run(['replay', sleeper, heir, '--json'])).stdout);
    expect(json.at(-1)).to.include({
      type: 'Together',
      recordings: 2,
      consumers: 2,
      streams: 2,
      lost: 2,
      overlapping: 2,
    });
    const owners = json.filter(({ type }) => type === 'Owners');
    expect(owners.map(({ stream, overlaps }) => [stream, overlaps])).to.deep.equal([
      ['one', true],
      ['two', true],
    ]);
  });

  it('walks through several on one axis of time, and writes them as one that replays', async () => {
    const { code, stdout } = await cli.run(['replay', sleeper, heir, '--step']);
    expect(code).to.equal(0);
    const actors = [...stdout.matchAll(/^\d+ {2}\S+ {2}(sleeper|heir)~\w+:\S+/gm)].map(([, who]) => who);
    expect(new Set(actors)).to.deep.equal(new Set(['sleeper', 'heir']));
    expect(actors.lastIndexOf('sleeper'), 'in turn').to.be.above(actors.indexOf('heir'));
    expect(stdout, 'that of one process, while the other one goes on').to.match(
      /… silent for \S+ m?s, although/,
    );
    const diagram = await cli.run(['replay', sleeper, heir, '--diagram']);
    expect(diagram.stdout)
      .to.match(/^sequenceDiagram/)
      .and.match(/heir~\w+ consumer/);

    const out = folder('both.jsonl.gz');
    const merged = await cli.run(['replay', sleeper, heir, '--merge', '--out', out, '--json']);
    expect(jsonOf(merged.stdout)[0]).to.include({ type: 'Merged', out });
    const both = await loadRecording(out);
    expect(replay(both)).to.include({ agrees: true, complete: true, missing: 0 });
    expect(both.lines.map(({ at }) => at)).to.deep.equal(
      both.lines.map(({ at }) => at).sort((a, b) => a - b),
    );
  });

  it('shrinks what diverges to one actor and the fewest events', async () => {
    const file = bad();
    const out = folder('small.jsonl');
    const { code, stdout } = await cli.run(['replay', file, '--shrink', '--out', out, '--json']);
    expect(code).to.equal(1);
    expect(jsonOf(stdout)[0]).to.include({ type: 'Shrunk', diverges: true, reason: 'state', events: 1, out });
    const small = await loadRecording(out);
    expect(small.lines.map(({ kind }) => kind)).to.deep.equal(['join', 'event', 'end']);
    expect(replay(small).diverged).to.equal(1);
    const shown = await cli.run(['replay', file, '--shrink']);
    expect(shown.stdout).to.match(/1 event of consumer\/ownership\/\S+ is enough/);
    const fine = await cli.run(['replay', sleeper, '--shrink']);
    expect([fine.code, fine.stdout]).to.deep.equal([
      0,
      `${sleeper}: nothing diverges, so that there is nothing to shrink\n`,
    ]);
  });

  it('accepts what the machines do now, once that has been shown and agreed to', async () => {
    const file = bad();
    const before = readFileSync(file, 'utf8');
    const unasked = await cli.run(['replay', file, '--accept']);
    expect(unasked.code).to.equal(2);
    expect(unasked.stderr).to.match(/expected --yes/);
    expect(readFileSync(file, 'utf8')).to.equal(before);
    const { code, stdout } = await cli.run(['replay', file, '--accept', '--yes']);
    expect(code).to.equal(0);
    expect(stdout)
      .to.match(/diverges at its event/)
      .and.match(/written anew, 1 line changed\n$/);
    expect(statSync(file).mode & 0o777).to.equal(0o600);
    expect(replay(await loadRecording(file))).to.include({ agrees: true, complete: true });
    expect(readFileSync(file, 'utf8')).to.equal(readFileSync(sleeper, 'utf8'));
    const again = await cli.run(['replay', file, '--accept', '--yes', '--json']);
    expect(jsonOf(again.stdout)).to.deep.equal([
      { type: 'Accepted', file, out: null, changed: 0, diverged: 0 },
    ]);
  });

  it('accepts a recording of an earlier format, and writes it in the present one', async () => {
    const first = fileURLToPath(new URL('../replay/version-1.jsonl', import.meta.url));
    const file = folder('first.jsonl');
    copyFileSync(first, file);
    expect((await loadRecording(file)).header.version).to.equal(1);
    const { code, stdout } = await cli.run(['replay', file, '--accept', '--yes']);
    expect(code, stdout).to.equal(0);
    const now = await loadRecording(file);
    expect(now.header.version).to.equal(2);
    expect(replay(now)).to.include({ agrees: true, complete: true, missing: 0, diverged: 0 });
    // What happened is what happened before; the parameters of what machines ask for are told now.
    const eventsOf = ({ lines }: typeof now) =>
      lines.flatMap((line) => (line.kind === 'event' ? [[line.actor, line.event, line.state]] : []));
    expect(eventsOf(now)).to.deep.equal(eventsOf(await loadRecording(first)));
    const again = await cli.run(['replay', file, '--accept', '--yes']);
    expect(again.stdout).to.match(/nothing to accept/);
  });

  it('writes where --out says, compressed by its name, and replaces nothing without --force', async () => {
    const out = folder('part.jsonl.gz');
    const trim = (...more: string[]) =>
      cli.run(['replay', sleeper, '--trim', '30..60', '--out', out, ...more]);
    expect((await trim()).code).to.equal(0);
    expect(gunzipSync(readFileSync(out)).toString()).to.match(/^\{"kind":"header"/);
    const refused = await trim();
    expect([refused.code, refused.stderr.includes('--force')]).to.deep.equal([2, true]);
    expect((await trim('--force')).code).to.equal(0);
    const compressed = written('whole.gz', gzipSync(readFileSync(sleeper)));
    expect((await cli.run(['replay', compressed])).code).to.equal(0);
    const accepted = folder('accepted.jsonl');
    expect((await cli.run(['replay', bad(), '--accept', '--yes', '--out', accepted])).code).to.equal(0);
    expect(existsSync(accepted)).to.equal(true);
  });

  it('refuses options that make no sense together', async () => {
    const refused = async (...args: string[]) => {
      const { code, stderr } = await cli.run(['replay', sleeper, ...args]);
      return [code, stderr.trim()];
    };
    expect(await refused('--out', 'x')).to.deep.equal([
      2,
      'error: expected --out with --trim, --shrink, --accept or --merge, got: it alone',
    ]);
    expect((await refused('--merge', '--out', 'x'))[1]).to.match(
      /expected several files with --merge, got: one/,
    );
    expect((await refused(heir, '--shrink'))[1]).to.match(/expected one file with --shrink, got: 2/);
    expect((await refused(heir, '--from', '3'))[1]).to.match(/expected one file with --from, got: 2/);
    expect((await refused('--yes'))[1]).to.match(/expected --yes with --accept/);
    expect((await refused('--accept', '--step'))[0]).to.equal(2);
    expect((await refused('--merge'))[1]).to.match(/expected --merge and --out together/);
  });
});

describe('streamwarden compare', () => {
  const cli = useCli();
  const folder = useFolder();
  const scene = (ending: (recorded: Recorded) => Recorded, id = '1-0') =>
    ending(new Recorded(`a~${id}`).assigned(0, id, 'order-1')).end(100).text;

  it('says where actors went another way, times and ids aside', async () => {
    const [one, same, other] = ['one', 'same', 'other'].map((name) => folder(`${name}.jsonl`)) as [
      string,
      string,
      string,
    ];
    writeFileSync(
      one,
      scene((recorded) => recorded.lost(50, '1-0')),
    );
    writeFileSync(
      same,
      scene((recorded) => recorded.lost(70, '7-0'), '7-0'),
    );
    writeFileSync(
      other,
      scene((recorded) => recorded.done(50, '1-0', 60)),
    );
    const agreeing = await cli.run(['compare', one, same]);
    expect([agreeing.code, agreeing.stdout]).to.deep.equal([0, '2 actors went the same way in both.\n']);
    const { code, stdout } = await cli.run(['compare', one, other]);
    expect(code).to.equal(1);
    expect(stdout).to.include('ownership of order-1, 1: the same for 3 steps, then');
    expect(stdout)
      .to.include(`${one}: lost → lost (seq 5)`)
      .and.include(`${other}: done.requested → acking (seq 5)`);
    const json = await cli.run(['compare', one, other, '--json']);
    expect(JSON.parse(json.stdout.trim().split('\n').at(-1) ?? '')).to.deep.equal({
      type: 'Compared',
      first: one,
      second: other,
      same: 1,
      parted: 1,
    });
    copyFileSync(one, folder('copy.jsonl'));
    expect((await cli.run(['compare', one, folder('missing.jsonl')])).code).to.equal(2);
  });
});
