import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { startRedis } from '../../src/testing/index.js';
import { askedOnTerminal } from '../support/asked.js';
import { useCli } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { needTerminals } from '../support/terminal.js';

const LBS = 'orders-input';
const DLQ = 'orders-input-dlq';
const POISON = ['_retry_count', '4', '_dlq_reason', 'max_retries_exceeded'];
const BYTES = Buffer.from([0xff, 0x00, 0xfe]);
const HOUR = 3_600_000;

const payload = (name: string) => JSON.stringify({ DataStreamName: name, Info: { of: name } });

describe('streamwarden dlq', () => {
  const suite = useRedis();
  const { redis, server } = suite;
  const cli = useCli();
  const dlq = (...args: string[]) =>
    cli.run(['dlq', ...args, '--service', 'orders'], { env: { REDIS_URL: server().url } });
  const jsonLines = (text: string) =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const announced = async () =>
    (await redis().xrange(LBS, '-', '+')).map(([, [, text = '']]) => JSON.parse(text).DataStreamName);
  const lettersThere = async () => (await redis().xrange(DLQ, '-', '+')).map(([id]) => id);

  const write = async (id: string, ...fields: (string | Buffer)[]) =>
    String(await redis().xadd(DLQ, id, ...fields));

  async function writeMany(count: number): Promise<void> {
    for (let at = 0; at < count; at += 500) {
      const pipeline = redis().pipeline();
      for (let n = at; n < Math.min(count, at + 500); n += 1) {
        pipeline.xadd(DLQ, '*', 'lbs-input', payload(`stream-${n}`), ...POISON);
      }
      await pipeline.exec();
    }
  }

  function auditOf(stderr: string): Record<string, unknown> {
    const lines = stderr.split('\n').filter((line) => line.startsWith('audit: '));
    expect(lines, stderr).to.have.length(1);
    return JSON.parse((lines[0] as string).slice('audit: '.length));
  }

  it('list, show and export write integers that no number can hold as texts of their digits, and redrive adds them as they were [C-POI-8]', async () => {
    const large = '{"DataStreamName":"one","Info":{"id":9007199254740993,"small":42}}';
    const info = { id: '9007199254740993', small: 42 };
    await write('1000-0', 'lbs-input', large, ...POISON);
    for (const args of [['list', '--json'], ['show', '1000-0', '--json'], ['export']]) {
      const { code, stdout } = await dlq(...args);
      expect({ args, code, info: jsonLines(stdout)[0]?.info }).to.deep.equal({ args, code: 0, info });
    }
    expect((await dlq('show', '1000-0')).stdout).to.contain('info     {"id":"9007199254740993","small":42}');
    expect((await dlq('redrive', '1000-0', '--yes')).code).to.equal(0);
    expect((await redis().xrange(LBS, '-', '+')).map(([, [, text]]) => text)).to.deep.equal([large]);
  });

  describe('list', () => {
    it('--json prints a line for each letter, the newest first, with every byte', async () => {
      const first = await write(
        '1000-0',
        'lbs-input',
        payload('one'),
        'raw',
        BYTES,
        'raw',
        'again',
        ...POISON,
      );
      const second = await write('2000-0', 'lbs-input', 'junk', '_dlq_reason', 'unparseable');
      const { code, stdout, stderr } = await dlq('list', '--json');
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
      const [newest, oldest] = jsonLines(stdout);
      expect(Object.keys(newest ?? {})).to.deep.equal([
        'at', 'type', 'id', 'stream', 'reason', 'retryCount', 'failures', 'deaths', 'owner', 'error', 'problem', 'info',
        'fields',
      ]); // biome-ignore format: one list
      expect(newest).to.deep.include({
        id: second,
        at: 2000,
        stream: null,
        reason: 'unparseable',
        info: null,
      });
      expect(newest?.problem).to.match(/expected lbs-input to be JSON/);
      expect(oldest).to.deep.equal({
        at: 1000,
        type: 'DeadLetter',
        id: first,
        stream: 'one',
        reason: 'max_retries_exceeded',
        retryCount: 4,
        failures: 0,
        deaths: 0,
        owner: null,
        error: null,
        problem: null,
        info: { of: 'one' },
        fields: [
          ['lbs-input', payload('one')],
          ['raw', { base64: BYTES.toString('base64') }],
          ['raw', 'again'],
          ['_retry_count', '4'],
          ['_dlq_reason', 'max_retries_exceeded'],
        ],
      });
    });

    it('goes through more than a page, and through no more than --limit', async () => {
      await writeMany(250);
      const ids = (await lettersThere()).reverse();
      const all = jsonLines((await dlq('list', '--json')).stdout);
      expect(all.map(({ id }) => id)).to.deep.equal(ids);
      const some = jsonLines((await dlq('list', '--json', '--limit', '101')).stdout);
      expect(some.map(({ id }) => id)).to.deep.equal(ids.slice(0, 101));
    });

    it('filters by reason, name and age, which is measured by the clock of Redis', async () => {
      const [seconds] = await redis().time();
      const now = Number(seconds) * 1_000;
      const old = await write(`${now - 3 * HOUR}-0`, 'lbs-input', payload('one'), ...POISON);
      const junk = await write(`${now - 2 * HOUR}-0`, 'lbs-input', 'junk', '_dlq_reason', 'unparseable');
      const young = await write(`${now - 60_000}-0`, 'lbs-input', payload('two'), ...POISON);
      const found = async (...args: string[]) =>
        jsonLines((await dlq('list', '--json', ...args)).stdout).map(({ id }) => id);
      expect(await found('--older-than', '1h')).to.deep.equal([junk, old]);
      expect(await found('--newer-than', '1h')).to.deep.equal([young]);
      expect(await found('--older-than', '90m', '--newer-than', '150m')).to.deep.equal([junk]);
      expect(await found('--reason', 'unparseable')).to.deep.equal([junk]);
      expect(await found('--name', 'two')).to.deep.equal([young]);
      expect(await found('--reason', 'unparseable', '--name', 'two')).to.deep.equal([]);
    });

    it('says why and from whose hands a letter came, and filters by that [C-POI-9]', async () => {
      const error = JSON.stringify({
        name: 'TypeError',
        message: 'no such order',
        stack: 'TypeError: x\n    at y (z.ts:1)',
      });
      const facts = ['_failures', '3', '_deaths', '1', '_dlq_error', error, '_dlq_owner', 'pod-a~00000001'];
      const failed = await write(
        '1000-0',
        'lbs-input',
        payload('one'),
        ...facts,
        '_dlq_at',
        '900',
        ...POISON,
      );
      const died = await write(
        '2000-0',
        'lbs-input',
        payload('two'),
        '_dlq_owner',
        'pod-ab~00000002',
        ...POISON,
      );
      const [newest, oldest] = jsonLines((await dlq('list', '--json')).stdout);
      expect(newest).to.deep.include({
        id: died,
        at: 2000,
        failures: 0,
        error: null,
        owner: 'pod-ab~00000002',
      });
      expect(oldest).to.deep.include({
        id: failed,
        at: 900,
        failures: 3,
        deaths: 1,
        owner: 'pod-a~00000001',
        error: JSON.parse(error),
      });
      const found = async (...args: string[]) =>
        jsonLines((await dlq('list', '--json', ...args)).stdout).map(({ id }) => id);
      expect(await found('--error', 'such order')).to.deep.equal([failed]);
      expect(await found('--error', 'TypeError')).to.deep.equal([failed]);
      expect(await found('--error', 'other')).to.deep.equal([]);
      expect(await found('--error-name', 'TypeError')).to.deep.equal([failed]);
      expect(await found('--error-name', 'Type')).to.deep.equal([]);
      expect(await found('--find', 'SUCH ORDER')).to.deep.equal([failed]);
      expect(await found('--find', 'nowhere')).to.deep.equal([]);
      expect(await found('--owner', 'pod-a')).to.deep.equal([failed]);
      expect(await found('--owner', 'pod-ab~00000002')).to.deep.equal([died]);
      const { stdout } = await dlq('show', failed);
      expect(stdout).to.match(/counts +3 failures, 1 death\n/);
      expect(stdout).to.match(
        /owner +pod-a~00000001\n +error +TypeError: no such order\n +at y \(z\.ts:1\)\n/,
      );
      expect((await dlq('list', '--owner', 'pod-a')).stdout).to.match(/one {2}TypeError: no such order\n/);
    });

    it('is a table for people, on which no name can write elsewhere', async () => {
      await write('1000-0', 'lbs-input', payload('one'), ...POISON);
      await write('2000-0', 'lbs-input', payload('evil\u001b[2J\nname'));
      const { code, stdout } = await dlq('list');
      expect(code).to.equal(0);
      const [head, evil, one] = stdout.split('\n');
      expect(head).to.match(/^ID +AGE +RETRIES +REASON +STREAM$/);
      expect(evil).to.match(/^2000-0 +\d+ h +0 +none +evil\\u001b\[2J\\u000aname$/);
      expect(one).to.match(/^1000-0 +\d+ h +4 +max_retries_exceeded +one$/);
      expect((await dlq('list', '--name', 'nobody')).stdout).to.equal('no dead letters\n');
    });

    it('ends without a word when nobody reads it any more', async () => {
      await writeMany(5000);
      const one = cli.spawn(['dlq', 'list', '--service', 'orders'], { env: { REDIS_URL: server().url } });
      one.stopReading();
      expect(await one.exit).to.deep.equal({ code: 0, signal: null });
      expect(one.stderr).to.equal('');
    });
  });

  describe('show', () => {
    it('shows one letter with all its fields', async () => {
      const id = await write('1000-0', 'lbs-input', payload('one'), 'raw', BYTES, ...POISON);
      const { code, stdout } = await dlq('show', id);
      expect(code).to.equal(0);
      expect(stdout).to.match(/^1000-0 {2}1970-01-01T00:00:01\.000Z, \d+ h ago\n/);
      expect(stdout).to.contain('  stream   one\n').and.to.contain('max_retries_exceeded, after 4 retries\n');
      expect(stdout).to.contain('    raw: base64 /wD+\n').and.to.contain('  4 fields\n');
      expect(JSON.parse((await dlq('show', id, '--json')).stdout)).to.deep.include({ id, stream: 'one' });
    });

    it('says that there is no such letter, or that it is no id', async () => {
      await write('1000-0', 'a', 'b');
      expect(await dlq('show', '1000-1')).to.deep.include({
        code: 2,
        stderr: `error: no dead letter 1000-1 in ${DLQ}\n`,
      });
      expect(await dlq('show', '1000')).to.deep.include({
        code: 2,
        stderr: 'error: expected ids such as 1795431863930-0, got: 1000\n',
      });
    });
  });

  describe('redrive', () => {
    it('announces all anew, the oldest first, as if never retried, and says who did it', async () => {
      await writeMany(250);
      const ids = await lettersThere();
      const { code, stdout, stderr } = await dlq('redrive', '--all', '--yes', '--json');
      const lines = jsonLines(stdout);
      expect(code).to.equal(0);
      expect(lines.at(-1)).to.deep.include({ type: 'Summary', redriven: 250, gone: 0 });
      const entries = await redis().xrange(LBS, '-', '+');
      expect(lines.slice(0, -1).map(({ type, id, entry }) => ({ type, id, entry }))).to.deep.equal(
        ids.map((id, index) => ({ type: 'Redriven', id, entry: entries[index]?.[0] })),
      );
      for (const [, fields] of entries) expect(fields.slice(2)).to.deep.equal(['_retry_count', '0']);
      expect(await announced()).to.deep.equal(Array.from({ length: 250 }, (_, n) => `stream-${n}`));
      expect(await lettersThere()).to.deep.equal([]);

      const { at, who, ...line } = auditOf(stderr);
      expect(line).to.deep.equal({
        redisUser: 'default',
        redis: `${server().host}:${server().port}`,
        command: 'dlq redrive',
        service: 'orders',
        dlq: DLQ,
        chosen: '--all',
        redriven: 250,
        gone: 0,
        result: 'done',
      });
      expect(Date.parse(String(at))).to.be.closeTo(Date.now(), 60_000);
      expect(who).to.match(/^[^@]+@.+$/);
    });

    it('takes ids, and fails when there is no such letter, having redriven the others', async () => {
      const [one, two] = [
        await write('1000-0', 'lbs-input', payload('one'), ...POISON),
        await write('2000-0', 'lbs-input', payload('two'), ...POISON),
      ];
      const { code, stdout, stderr } = await dlq('redrive', two, '1500-0', '--yes');
      expect({ code, stdout }).to.deep.equal({
        code: 1,
        stdout: '1 dead letter redriven, 1 no longer there\n',
      });
      expect(auditOf(stderr)).to.deep.include({ chosen: '2000-0 1500-0', redriven: 1, gone: 1 });
      expect(await announced()).to.deep.equal(['two']);
      expect(await lettersThere()).to.deep.equal([one]);
    });

    it('takes filters, and leaves alone what they do not let through and what comes meanwhile', async () => {
      await write('1000-0', 'lbs-input', payload('one'), ...POISON);
      await write('2000-0', 'lbs-input', 'junk', '_dlq_reason', 'unparseable');
      await write('3000-0', 'lbs-input', payload('three'), ...POISON);
      const args = ['--all', '--reason', 'max_retries_exceeded', '--older-than', '1h', '--yes'];
      const { code, stderr } = await dlq('redrive', ...args);
      expect(code).to.equal(0);
      expect(auditOf(stderr)).to.deep.include({
        chosen: '--all --reason max_retries_exceeded --older-than 3600000ms',
        redriven: 2,
      });
      expect(await announced()).to.deep.equal(['one', 'three']);
      expect(await lettersThere()).to.deep.equal(['2000-0']);
    });

    it('--dry-run shows what it would do, and does nothing', async () => {
      await writeMany(3);
      const ids = await lettersThere();
      const { code, stdout, stderr } = await dlq('redrive', '--all', '--dry-run');
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
      expect(
        stdout
          .split('\n')
          .slice(1, 4)
          .map((line) => line.split(' ')[0]),
      ).to.deep.equal(ids);
      expect(stdout).to.match(/^would redrive 3 dead letters$/m);
      const byId = await dlq('redrive', ids[1] as string, '9-9', '--dry-run', '--json');
      expect(byId.code).to.equal(1);
      expect(jsonLines(byId.stdout).map(({ type, id }) => [type, id])).to.deep.equal([
        ['DeadLetter', ids[1]],
        ['Gone', '9-9'],
        ['Summary', undefined],
      ]);
      expect(await announced()).to.deep.equal([]);
      expect(await lettersThere()).to.deep.equal(ids);
    });

    it('gives a consumer the stream again, with all its retries', async () => {
      const consumer = cli.startConsumer({ redis: server().url, service: 'orders', hold: 1 });
      await consumer.waitFor(({ type }) => type === 'Ready', { name: 'the consumer is ready' });
      const id = await write('1000-0', 'lbs-input', payload('one'), ...POISON);
      await dlq('redrive', id, '--yes');
      const added = await consumer.waitFor(({ type }) => type === 'StreamAdded', { name: 'it is owned' });
      expect(added).to.deep.include({ stream: 'one', retryCount: 0, info: { of: 'one' } });
    });

    it('has nothing to do where there is nothing', async () => {
      await redis().xadd(LBS, '*', 'lbs-input', payload('one'));
      expect(await dlq('redrive', '--all', '--yes')).to.deep.include({
        code: 0,
        stdout: 'no dead letters to redrive\n',
        stderr: '',
      });
    });
  });

  describe('delete', () => {
    it('deletes what it is told to, and nothing else', async () => {
      await write('1000-0', 'lbs-input', payload('one'), ...POISON);
      await write('2000-0', 'lbs-input', 'junk', '_dlq_reason', 'unparseable');
      await write('3000-0', 'lbs-input', payload('three'), ...POISON);
      const { code, stdout, stderr } = await dlq('delete', '--all', '--reason', 'unparseable', '--yes');
      expect({ code, stdout }).to.deep.equal({ code: 0, stdout: '1 dead letter deleted\n' });
      expect(auditOf(stderr)).to.deep.include({ command: 'dlq delete', deleted: 1, gone: 0, result: 'done' });
      expect(await lettersThere()).to.deep.equal(['1000-0', '3000-0']);
      expect((await dlq('delete', '3000-0', '--yes', '--json')).code).to.equal(0);
      expect(await lettersThere()).to.deep.equal(['1000-0']);
      expect(await announced()).to.deep.equal([]);
    });
  });

  describe('export', () => {
    it('writes every letter, however deep one is nested and however large another is', async () => {
      const nested = `{"DataStreamName":"deep","Info":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}`;
      const large = JSON.stringify({ DataStreamName: 'large', Info: { filling: 'x'.repeat(10_000_000) } });
      await write('1000-0', 'lbs-input', nested, '_dlq_reason', 'unparseable');
      await write('2000-0', 'lbs-input', large, '_dlq_reason', 'tooLarge');
      await write('3000-0', 'lbs-input', payload('fine'), ...POISON);
      const { code, stdout } = await dlq('export');
      expect(code).to.equal(0);
      const lines = jsonLines(stdout);
      expect(lines.map(({ stream }) => stream)).to.deep.equal([null, 'large', 'fine']);
      expect((lines[0] as { fields?: unknown[] }).fields?.[0]).to.deep.equal(['lbs-input', nested]);
      expect((lines[1] as { fields?: unknown[] }).fields?.[0]).to.deep.equal(['lbs-input', large]);
      const listed = jsonLines((await dlq('list', '--json')).stdout);
      expect(listed[1]).to.include({ id: '2000-0', reason: 'tooLarge', stream: null, isWhole: false });
      expect(listed[1]?.fields).to.deep.equal([['_dlq_reason', 'tooLarge']]);
    });

    let folder: string;
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'streamwarden-export-'));
    });
    afterEach(() => rm(folder, { recursive: true }));

    it('writes the lines of list, the oldest first, to stdout or to a file', async () => {
      await writeMany(150);
      await write('*', 'lbs-input', payload('bytes'), 'raw', BYTES);
      const listed = jsonLines((await dlq('list', '--json')).stdout).reverse();
      expect(jsonLines((await dlq('export')).stdout)).to.deep.equal(listed);
      const out = join(folder, 'letters.jsonl');
      const { code, stdout } = await dlq('export', '--out', out);
      expect({ code, stdout }).to.deep.equal({ code: 0, stdout: `151 dead letters written to ${out}\n` });
      expect(jsonLines(await readFile(out, 'utf8'))).to.deep.equal(listed);
      expect(await readdir(folder)).to.deep.equal(['letters.jsonl']);
      expect((await stat(out)).mode & 0o777, 'for its owner alone').to.equal(0o600);
    });

    it('overwrites nothing unless it is told to', async () => {
      await writeMany(1);
      const out = join(folder, 'letters.jsonl');
      await writeFile(out, 'precious');
      const { code, stderr } = await dlq('export', '--out', out);
      expect(code).to.equal(2);
      expect(stderr).to.equal(`error: expected no file ${out} yet, got: one; --overwrite replaces it\n`);
      expect(await readFile(out, 'utf8')).to.equal('precious');
      expect((await dlq('export', '--out', out, '--overwrite')).code).to.equal(0);
      expect(jsonLines(await readFile(out, 'utf8'))).to.have.length(1);
      expect(await readdir(folder)).to.deep.equal(['letters.jsonl']);
    });

    it('leaves no file behind that is not whole', async () => {
      await redis().set(DLQ, 'no stream');
      const broken = await dlq('export', '--out', join(folder, 'letters.jsonl'));
      expect(broken.stderr).to.match(/^error: [^\n]*WRONGTYPE[^\n]*\n$/);
      expect(await readdir(folder)).to.deep.equal([]);
      await redis().del(DLQ);
      await writeMany(1);
      const nowhere = await dlq('export', '--out', join(folder, 'none', 'letters.jsonl'));
      expect(nowhere.code).to.equal(2);
      expect(nowhere.stderr).to.match(/^error: cannot write [^\n]*ENOENT[^\n]*\n$/);
    });
  });

  describe('before it changes anything', () => {
    it('needs --yes where nobody can be asked: nothing is done', async () => {
      await writeMany(2);
      for (const command of ['redrive', 'delete']) {
        expect(await dlq(command, '--all')).to.deep.include({
          code: 2,
          stdout: '',
          stderr: 'error: expected --yes, since there is no terminal to ask on, got: neither\n',
        });
      }
      expect(await lettersThere()).to.have.length(2);
      expect(await announced()).to.deep.equal([]);
    });

    const deleteAll = () => ['dlq', 'delete', '--all', '--service', 'orders', '--redis', server().url];

    it('asks on a terminal, does it for a yes, and leaves alone what came after it had asked', async function () {
      needTerminals(this);
      await writeMany(2);
      const seen = await askedOnTerminal(deleteAll(), 'y\n', () => writeMany(3));
      expect(seen)
        .to.contain(`delete 2 dead letters of ${DLQ}? [y/N]`)
        .and.to.match(/2 dead letters deleted\s+ended 0\s/);
      expect(await lettersThere()).to.have.length(3);
    });

    it('takes nothing but a yes for one, and neither Ctrl-C nor the end of the input', async () => {
      await writeMany(3);
      for (const no of ['n\n', '\n', 'yo\n', '\u0003', '\u0004']) {
        const one = cli.start(deleteAll(), { onTerminal: true });
        const question = `delete 3 dead letters of ${DLQ}? [y/N]`;
        await eventually('it asks', () => one.stdout.includes(question));
        one.type(no);
        expect((await one.exit).code).to.equal(1);
        expect(one.stdout).to.match(/error: not confirmed: nothing was done\n$/);
        expect(await lettersThere()).to.have.length(3);
      }
    });

    const mistakes: [what: string, args: string[], says: RegExp][] = [
      ['neither ids nor --all', ['redrive', '--yes'], /expected ids or --all, got: neither/],
      ['both', ['delete', '1-1', '--all', '--yes'], /expected ids or --all, got: both/],
      ['ids and filters', ['redrive', '1-1', '--name', 'a', '--yes'], /expected filters together with --all/],
      ['half an id', ['delete', '1795431863930', '--yes'], /expected ids such as/],
      ['a range', ['delete', '-', '--yes'], /expected ids such as .*got: -/],
      [
        'an age that is none',
        ['list', '--older-than', '1 hour'],
        /Expected a time such as 90s, 30m, 1h or 7d/,
      ],
      ['--overwrite without a file', ['export', '--overwrite'], /expected --overwrite together with --out/],
      [
        'the stream itself',
        ['delete', '--all', '--yes', '--dlq-stream', LBS],
        /expected dlqStream to be another/,
      ],
      ['an unknown command', ['lst'], /unknown command 'lst' \(Did you mean list\?\)/],
    ];
    for (const [what, args, says] of mistakes) {
      it(`refuses ${what}, in one line`, async () => {
        await redis().xadd(LBS, '*', 'lbs-input', payload('one'));
        await writeMany(1);
        const { code, stdout, stderr } = await dlq(...args);
        expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
        expect(stderr)
          .to.match(says)
          .and.match(/^error: [^\n]*\n$/);
        expect(await redis().xlen(LBS)).to.equal(1);
        expect(await lettersThere()).to.have.length(1);
      });
    }

    it('has help with examples for each command', async () => {
      const ofDlq = ['list', 'show', 'redrive', 'delete', 'export'].map((name) => ['dlq', name]);
      for (const command of [['dlq'], ...ofDlq, ['pending'], ['owner'], ['claim']]) {
        const { code, stdout, stderr } = await cli.run([...command, '--help']);
        expect({ command, code, stderr }).to.deep.equal({ command, code: 0, stderr: '' });
        expect(stdout).to.contain(`Usage: streamwarden ${command.join(' ')}`);
        expect(stdout).to.contain('Examples:\n  $ streamwarden');
      }
    });

    it('refuses no command at all', async () => {
      expect(await cli.run(['dlq'])).to.deep.include({
        code: 2,
        stderr: 'error: expected a command, got: none; --help lists them\n',
      });
    });

    it('says that the server cannot be reached, or does not answer, without its password', async () => {
      await using frozen = await startRedis();
      await frozen.pause();
      const givenUpMs = String(keepable(300));
      const given = ['--service', 'orders', '--start-timeout', givenUpMs, '--redis'];
      for (const command of [['dlq', 'redrive', '--all', '--yes'], ['pending'], ['claim', '1-1', '--yes']]) {
        const [nobody, silent] = await Promise.all([
          cli.run([...command, ...given, 'redis://admin:hunter2@127.0.0.1:1']),
          cli.run([...command, ...given, frozen.url.replace('://', '://admin:hunter2@')]),
        ]);
        for (const { code, stdout, stderr } of [nobody, silent]) {
          expect({ command, code, stdout }).to.deep.equal({ command, code: 2, stdout: '' });
          expect(stderr).to.match(
            new RegExp(`^error: no connection to Redis within ${givenUpMs} ms: [^\n]*\n$`),
          );
          expect(stderr).to.not.contain('hunter2');
        }
        expect(nobody.stderr).to.contain('ECONNREFUSED');
      }
      frozen.resume();
    });

    it('says that there is no such service', async () => {
      for (const args of [['list'], ['show', '1-1'], ['redrive', '--all', '--yes'], ['export']]) {
        const { code, stdout, stderr } = await dlq(...args);
        expect({ args, code, stdout }).to.deep.equal({ args, code: 2, stdout: '' });
        expect(stderr).to.equal(
          'error: no service orders here: there is neither a stream orders-input nor orders-input-dlq\n',
        );
      }
      expect(await redis().dbsize()).to.equal(0);
    });

    it('says what this user may not do, and does nothing', async () => {
      await writeMany(3);
      const rules = ['on', '>secret', '~*', '+@all', '-xdel'];
      await redis().call('ACL', 'SETUSER', 'visitor', 'reset', ...rules);
      const { host, port } = server();
      for (const command of ['redrive', 'delete']) {
        const { code, stderr } = await cli.run(['dlq', command, '--all', '--yes', '--service', 'orders'], {
          env: { REDIS_URL: `redis://visitor:secret@${host}:${port}` },
        });
        expect(code).to.equal(2);
        expect(stderr)
          .to.match(/^error: Redis refused (script redrive|XDEL): [^\n]*\n$/m)
          .and.not.contain('secret');
        expect(auditOf(stderr)).to.deep.include({ redisUser: 'visitor', result: 'failed' });
        expect(await lettersThere()).to.have.length(3);
        expect(await announced()).to.deep.equal([]);
      }
    });
  });

  describe('interrupted', () => {
    const redriveAll = ['dlq', 'redrive', '--all', '--yes', '--json', '--service', 'orders'];

    // As many letters as last until the signal has come, which another process gets later than this one.
    for (const [signal, how, count] of [
      ['SIGINT', 'spawn', 20_000],
      ['SIGTERM', 'start', 2_000],
    ] as const) {
      it(`redrive says on ${signal} how far it came, and the rest is there for the next one`, async () => {
        await writeMany(count);
        const one = cli[how](redriveAll, { env: { REDIS_URL: server().url } });
        await one.waitFor(({ type }) => type === 'Redriven', { name: 'the first letter is redriven' });
        one.kill(signal);
        expect(await one.exit).to.deep.equal({ code: 1, signal: null });
        const told = one.lines.filter(({ type }) => type === 'Redriven').length;
        expect(told).to.be.below(count);
        expect(await redis().xlen(LBS)).to.equal(told);
        expect(await redis().xlen(DLQ)).to.equal(count - told);
        expect(one.stderr).to.contain(
          `error: interrupted: ${told} dead letters redriven; run it again for the rest: no letter is announced twice\n`,
        );
        expect(auditOf(one.stderr)).to.deep.include({ redriven: told, result: 'interrupted' });
        expect(one.lines.at(-1)).to.deep.include({ type: 'Error', code: 'Interrupted' });
      });
    }

    it('redrive ends when nobody reads what it does, and says how far it came', async () => {
      await writeMany(2_000);
      const one = cli.spawn(redriveAll, { env: { REDIS_URL: server().url } });
      one.stopReading();
      expect(await one.exit).to.deep.equal({ code: 1, signal: null });
      const { redriven } = auditOf(one.stderr);
      expect(redriven).to.be.below(2_000);
      expect(await redis().xlen(LBS)).to.equal(redriven);
      expect(await redis().xlen(DLQ)).to.equal(2_000 - Number(redriven));
    });

    it('by the death of Redis: says how far it came, and that it may be run again', async () => {
      await writeMany(5_000);
      const timeout = ['--start-timeout', String(keepable(500))];
      const one = cli.start([...redriveAll, ...timeout], { env: { REDIS_URL: server().url } });
      await one.waitFor(({ type }) => type === 'Redriven', { name: 'the first letter is redriven' });
      await server().kill();
      expect((await one.exit).code).to.equal(1);
      expect(one.stderr).to.match(
        /^error: [^\n]*; \d+ dead letters redriven, and perhaps those under way; run it/m,
      );
      expect(auditOf(one.stderr)).to.deep.include({ result: 'failed' });
      await server().restart();
      await eventually('the server is back', async () => (await redis().ping()) === 'PONG');
    });
  });
});
