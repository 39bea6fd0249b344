import { copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { loadRecording, replay } from '../../src/testing/index.js';
import { ready, useCli } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { useFolder } from '../support/recordings.js';
import { useRedis } from '../support/redis.js';

const library = fileURLToPath(new URL('../recordings/', import.meta.url));

describe('streamwarden replay', () => {
  const cli = useCli();
  const folder = useFolder();
  const good = `${library}zombie.sleeper.jsonl`;

  /** A recording of which one state has been changed. */
  function bad(): string {
    const file = folder('bad.jsonl');
    const text = readFileSync(good, 'utf8').replace(
      '"event":{"type":"lease.missed"},"state":"uncertain"',
      '"event":{"type":"lease.missed"},"state":"lost"',
    );
    writeFileSync(file, text);
    return file;
  }

  it('shows a row for each actor, and exits with 0 when all agree', async () => {
    const { code, stdout, stderr } = await cli.run(['replay', good]);
    expect([code, stderr]).to.deep.equal([0, '']);
    expect(stdout).to.match(
      /sleeper~[0-9a-f]{8} of orders, \d+ events of \d+ actors, recorded by 0\.1\.0 \(record\)/,
    );
    expect(stdout).to.match(/^ACTOR +MACHINE +LIVES +EVENTS +LAST STATE +VERDICT$/m);
    expect(stdout).to.match(/^consumer\/leaseKeeper +leaseKeeper +1 +\d+ .*agrees$/m);
    expect(stdout).to.match(/^consumer\/ownership\/\S+ +ownership +1 +\d+ +lost \(done\) +agrees$/m);
    expect(stdout.trim()).to.match(/Every event leads where it was recorded to lead\.$/);
  });

  it('names what diverges, and exits with 1, having replayed every file', async () => {
    const { code, stdout } = await cli.run(['replay', bad(), good]);
    expect(code).to.equal(1);
    expect(stdout).to.match(
      /^consumer\/ownership\/\S+ diverges at its event \d+ \(seq \d+\): it came into another state$/m,
    );
    expect(stdout).to.match(/^ {2}event {5}\{"type":"lease\.missed"\}$/m);
    expect(stdout).to.match(/^ {2}recorded {2}lost$/m);
    expect(stdout).to.match(/^ {2}replayed {2}uncertain$/m);
    expect(stdout).to.include('the definition of ownership is the same as when this was recorded');
    expect(stdout).to.include(good);
  });

  it('prints lines for programs, the same every time', async () => {
    const run = () => cli.run(['replay', bad(), '--json']);
    const { code, stdout } = await run();
    expect(code).to.equal(1);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(new Set(lines.slice(0, -1).map(({ type }) => type))).to.deep.equal(new Set(['Actor']));
    expect(lines.at(-1)).to.include({ type: 'Replayed', agrees: false, diverged: 1, missing: 0 });
    expect(lines.filter(({ verdict }) => verdict === 'diverges')).to.have.length(1);
    expect((await run()).stdout).to.equal(stdout);
  });

  it('replays one actor only', async () => {
    const { code, stdout } = await cli.run(['replay', good, '--actor', 'consumer/leaseKeeper']);
    expect(code).to.equal(0);
    expect(stdout).to.include('consumer/leaseKeeper').and.not.to.include('consumer/ownership');
    const nobody = await cli.run(['replay', good, '--actor', 'consumer/nobody']);
    expect(nobody.code).to.equal(2);
    expect(nobody.stderr).to.match(
      /^error: expected .* to tell of the actor consumer\/nobody, got: no line about it \(--actor\)\n$/,
    );
  });

  it('walks through it step by step', async () => {
    const { code, stdout } = await cli.run(['replay', good, '--step', '--actor', 'consumer/leaseKeeper']);
    expect(code).to.equal(0);
    expect(stdout).to.match(/^\d+ {2}[\d:.]+ {2}consumer\/leaseKeeper {2}starts with \{"heartbeatMs":500/m);
    expect(stdout).to.match(/^ {4}→ lease\.raising\.asking \+ certainty\.doubted$/m);
    expect(stdout).to.match(/^ {6}asks for invoke raise \{"generation":1\}$/m);
    expect((await cli.run(['replay', bad(), '--step'])).code).to.equal(1);
  });

  it('draws who told whom what', async () => {
    const { code, stdout } = await cli.run(['replay', good, '--diagram', '--actor', 'consumer']);
    expect(code).to.equal(0);
    expect(stdout).to.match(/^sequenceDiagram\n {2}participant a0 as /);
    expect(stdout).to.match(/^ {2}participant a\d+ as consumer\/leaseKeeper$/m);
    expect(stdout).to.match(/^ {2}a\d+->>a\d+: start\.prepared$/m);
    expect(stdout).to.match(/^ {2}Note over a\d+: recovering$/m);
  });

  it('cuts a fixture out', async () => {
    const out = folder('part.jsonl');
    const { code, stdout } = await cli.run(['replay', good, '--trim', '20..40', '--out', out]);
    expect(code).to.equal(0);
    expect(stdout).to.match(/part\.jsonl: \d+ lines of /);
    expect(statSync(out).mode & 0o777, 'for its owner alone').to.equal(0o600);
    const part = await loadRecording(out);
    expect(replay(part)).to.include({ agrees: true, complete: true });
    expect(part.lines.every(({ seq }) => seq >= 20 && seq <= 41)).to.equal(true);
    expect(part.lines.some(({ kind }) => kind === 'join')).to.equal(true);
  });

  it('replaces no file with a part, unless it is told to: for its owner alone then, too', async () => {
    const out = folder('there.jsonl');
    writeFileSync(out, 'what was there, and longer than nothing', { mode: 0o644 });
    const args = ['replay', good, '--trim', '20..40', '--out', out];
    const { code, stderr } = await cli.run(args);
    expect({ code, stderr }).to.deep.equal({
      code: 2,
      stderr: `error: expected no file ${out} yet, got: one; --force replaces it\n`,
    });
    expect(readFileSync(out, 'utf8')).to.equal('what was there, and longer than nothing');
    expect((await cli.run([...args, '--force'])).code).to.equal(0);
    expect(statSync(out).mode & 0o777).to.equal(0o600);
    expect(replay(await loadRecording(out))).to.include({ agrees: true });
  });

  it('reads up to where a file was cut off, and says so', async () => {
    const file = folder('cut.jsonl');
    copyFileSync(good, file);
    writeFileSync(file, readFileSync(file, 'utf8').slice(0, -100));
    const { code, stdout } = await cli.run(['replay', file]);
    expect(code).to.equal(0);
    expect(stdout).to.match(/^ {2}cut off in line \d+: replayed up to there$/m);
  });

  const mistakes: Record<string, [args: string[], words: RegExp]> = {
    'no file': [['replay'], /missing required argument 'file'/],
    'a file that is not there': [
      ['replay', 'nowhere.jsonl'],
      /expected nowhere\.jsonl to be readable, got: ENOENT/,
    ],
    'a file that is no recording': [
      ['replay', 'package.json'],
      /expected line 1 of package\.json to be JSON/,
    ],
    'trim without out': [['replay', good, '--trim', '1..2'], /expected --trim and --out together/],
    'force without out': [['replay', good, '--force'], /expected --force with --out, got: it alone/],
    'a path that is none': [['replay', 'a\0b'], /expected .* to be readable, got: .*null bytes/],
    'out without trim': [
      ['replay', good, '--out', 'x'],
      /expected --out with --trim, --shrink, --accept or --merge, got: it alone/,
    ],
    'a range that is none': [['replay', good, '--trim', '5..2', '--out', 'x'], /Expected FROM\.\.TO/],
    'a part of nothing': [
      ['replay', good, '--trim', '999999..', '--out', 'x'],
      /expected .* to have lines from seq 999999/,
    ],
    'a part over itself': [
      ['replay', good, '--trim', '1..2', '--out', good],
      /expected --out to be another file/,
    ],
    'a part of several': [
      ['replay', good, good, '--trim', '1..2', '--out', 'x'],
      /expected one file with --trim, got: 2/,
    ],
    'two ways to look at it': [
      ['replay', good, '--step', '--diagram'],
      /option '--step' cannot be used with option '--diagram'/,
    ],
  };
  for (const [what, [args, words]] of Object.entries(mistakes)) {
    it(`says what is wrong: ${what}`, async () => {
      const { code, stderr } = await cli.run(args);
      expect(code).to.equal(2);
      expect(stderr)
        .to.match(words)
        .and.to.match(/^error: [^\n]*\n$/);
    });
  }
});

describe('streamwarden consume --record', () => {
  const { server } = useRedis();
  const cli = useCli();
  const folder = useFolder();
  const service = 'orders';

  const given = (args: readonly string[]) => ({ redis: server().url, service, consumerId: 'me', args });
  const consumer = (...args: string[]) => cli.startConsumer(given(args));
  const produce = () =>
    cli.run(['produce', '--redis', server().url, '--service', service, '--count', '3', '--prefix', 's']);

  it('records its life, and says where', async () => {
    const file = folder('life.jsonl');
    const one = consumer('--record', file);
    await ready(one);
    await produce();
    one.kill('SIGTERM');
    expect((await one.exit).code).to.equal(0);
    expect(one.lines.at(-2)).to.deep.include({ type: 'Recorded', file, why: 'end' });
    const recording = await loadRecording(file);
    expect(recording.lines.at(-1)).to.include({ kind: 'end', why: 'closed' });
    expect(replay(recording).agrees).to.equal(true);
  });

  it('leaves what it has written when it is killed', async () => {
    const file = folder('killed.jsonl');
    const one = cli.spawnConsumer(given(['--record', file]));
    await ready(one);
    await produce();
    await one.waitFor(({ type }) => type === 'StreamAdded', { name: 'a stream is owned' });
    await eventually('some of it is written', async () => replay(await loadRecording(file)).events > 5);
    one.kill('SIGKILL');
    await one.exit;
    const report = replay(await loadRecording(file));
    expect(report).to.include({ agrees: true, complete: false, missing: 0 });
    expect(report.events).to.be.above(5);
  });

  it('keeps a flight recorder that writes on SIGUSR2, as often as it comes', async () => {
    const file = folder('flight.jsonl');
    const one = consumer('--record', file, '--record-last', '30000', '--record-on', 'StreamTerminated');
    await ready(one);
    for (const expected of [file, folder('flight-2.jsonl')]) {
      one.kill('SIGUSR2');
      const line = await one.waitFor((each) => each.type === 'Recorded' && each.file === expected, {
        name: expected,
      });
      expect(line.why).to.equal('SIGUSR2');
      const recording = await loadRecording(expected);
      expect(recording.header.why).to.equal('SIGUSR2');
      expect(replay(recording)).to.include({ agrees: true, complete: true });
    }
    one.kill('SIGTERM');
    expect((await one.exit).code).to.equal(0);
    const last = await loadRecording(folder('flight-3.jsonl'));
    expect(last.header.why).to.equal('StreamTerminated');
  });

  it('does not die of SIGUSR2 without one', async () => {
    const one = cli.spawnConsumer(given([]));
    await ready(one);
    one.kill('SIGUSR2');
    one.kill('SIGTERM');
    expect((await one.exit).code).to.equal(0);
    expect(one.stderr).to.match(
      /^warning: SIGUSR2: expected --record and --record-last, got: no flight recorder\n$/,
    );
  });

  const base = ['consume', '--service', service, '--consumer-id', 'me'];
  const mistakes: Record<string, [args: string[], words: RegExp]> = {
    'a folder that cannot be': [
      ['--record', '/dev/null/a.jsonl'],
      /expected \/dev\/null\/a\.jsonl to be writable, got: .* \(--record\)/,
    ],
    'a ring without a file': [['--record-last', '1000'], /expected --record with --record-last/],
    'a reason without a ring': [
      ['--record', 'a', '--record-on', 'StreamDisowned'],
      /expected --record-last with --record-on/,
    ],
    'an unknown reason': [
      ['--record', 'a', '--record-last', '1', '--record-on', 'Nothing'],
      /Allowed choices are StreamAdded/,
    ],
    'no time at all': [
      ['--record', 'a', '--record-last', '0'],
      /record\.ring\.lastMs to be an integer from 1 to 3600000, got: 0 \(--record-last\)/,
    ],
  };
  for (const [what, [args, words]] of Object.entries(mistakes)) {
    it(`says what is wrong: ${what}`, async () => {
      const { code, stderr } = await cli.run([...base, ...args]);
      expect(code).to.equal(2);
      expect(stderr)
        .to.match(words)
        .and.to.match(/^error: [^\n]*\n$/);
    });
  }
});
