/** What others choose reaches a terminal in every command: names, infos, fields, consumers' names, recordings, errors of the server. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import fc from 'fast-check';
import { heartbeatMs, ready, useCli } from '../support/cli.js';
import type { CliRun } from '../support/cli-run.js';
import { eventually } from '../support/eventually.js';
import { useFolder } from '../support/recordings.js';
import { useRedis } from '../support/redis.js';
import { type RefusingServer, startRefusingServer } from '../support/refusing-server.js';
import { ALL_CONTROLS, controlIn, hostileText, withoutDrawing } from '../support/terminal-text.js';

const LBS = 'orders-input';
const plain = fileURLToPath(new URL('../recordings/plain-life.jsonl', import.meta.url));

type Format = 'for people' | '--json';
/** Arguments, and the exit code that says that the command went the way that is meant. */
type Asked = readonly [args: readonly string[], code: number];

/** A command and what it is asked for: `dlq show`, not `dlq`. */
const commandOf = ([first = '', second = '']: readonly string[]) =>
  first === 'dlq' ? `${first} ${second}` : first;

describe('no command prints a control character', () => {
  const { redis, server } = useRedis();
  const cli = useCli();
  const folder = useFolder();

  function expectSafe(
    { stdout, stderr }: { readonly stdout: string; readonly stderr: string },
    what: string,
  ): void {
    expect(controlIn(stdout), `${what}: ${JSON.stringify(stdout)}`).to.equal(undefined);
    expect(controlIn(stderr), `${what}: ${JSON.stringify(stderr)}`).to.equal(undefined);
  }

  async function expectSafeRun([args, code]: Asked, format: Format, url: string): Promise<void> {
    const ended = await cli.run(format === '--json' ? [...args, format] : args, { env: { REDIS_URL: url } });
    const what = `${args.join(' ')} ${format}`;
    expectSafe(ended, what);
    expect(ended.code, `${what}: ${ended.stdout}${ended.stderr}`).to.equal(code);
  }

  async function expectAllSafe(commands: readonly Asked[]): Promise<void> {
    for (const asked of commands) {
      for (const format of ['for people', '--json'] as const)
        await expectSafeRun(asked, format, server().url);
    }
  }

  /** Stops what goes on by itself, once it has shown that much. */
  async function expectSafeWhile(run: CliRun, what: string, has: (stdout: string) => boolean): Promise<void> {
    await eventually(`${what} has shown it`, () => has(run.stdout) || !run.running);
    run.kill();
    expect(await run.exit, `${what}: ${run.stdout}${run.stderr}`).to.deep.equal({ code: 0, signal: null });
    expectSafe({ stdout: withoutDrawing(run.stdout), stderr: run.stderr }, what);
    expect(run.stdout, what).to.include('\\u0000');
  }

  /** Of a service in which everything that others choose is this text. */
  interface Hostile {
    readonly pending: string;
    readonly stranded: readonly string[];
    readonly letters: readonly string[];
  }

  async function prepare(service: string, name: string): Promise<Hostile> {
    const [lbs, group] = [`${service}-input`, `${service}-group`];
    const payload = JSON.stringify({ DataStreamName: name, Info: { [name]: name } });
    const entry = async () => String(await redis().xadd(lbs, '*', 'lbs-input', payload, name, name));
    const letter = async (...fields: string[]) => String(await redis().xadd(`${lbs}-dlq`, '*', ...fields));
    const read = (consumer: string, count: number) =>
      redis().xreadgroup('GROUP', group, consumer, 'COUNT', count, 'STREAMS', lbs, '>');
    const stranded = [await entry(), await entry()];
    await redis().xgroup('CREATE', lbs, group, '0');
    await read('gone~0123abcd', 2);
    await redis().xgroup('DELCONSUMER', lbs, group, 'gone~0123abcd');
    const pending = await entry();
    await read(`holder${name}~0123abcd`, 1);
    await redis().hset(`{${lbs}}:owners`, '', 'v1 x', name, pending);
    const letters: string[] = [];
    for (let count = 0; count < 2; count += 1) {
      const own = ['_dlq_reason', name, '_dlq_error', name, '_dlq_owner', name];
      letters.push(await letter('lbs-input', payload, ...own, name, name));
    }
    letters.push(await letter('lbs-input', name, '_dlq_error', name, '_dlq_owner', name));
    return { pending, stranded, letters };
  }

  function commandsOn(service: string, name: string, { pending, stranded, letters }: Hostile): Asked[] {
    const on = ['--service', service];
    return [
      [['produce', ...on, '--name', name], 0],
      [['pending', ...on], 0],
      [['append', ...on, `${name}-appended`, `${name}=${name}`], 0],
      [['end', ...on, `${name}-appended`], 0],
      [['cancel', ...on, `${name}.`], 1],
      [['pause', ...on, `${name}.`], 0],
      [['resume', ...on, `${name}.`], 0],
      [['owner', ...on, name], 0],
      [['owner', ...on, `${name}.`], 1],
      [['status', ...on], 0],
      [['doctor', ...on], 1],
      [['topology'], 0],
      [['dlq', 'list', ...on], 0],
      [['dlq', 'list', ...on, '--error', name, '--owner', name, '--reason', name], 0],
      [['dlq', 'show', ...on, letters[0] as string], 0],
      [['dlq', 'show', ...on, letters[2] as string], 0],
      [['dlq', 'export', ...on], 0],
      [['dlq', 'redrive', ...on, '--all', '--dry-run'], 0],
      [['dlq', 'redrive', ...on, letters[0] as string, '--yes'], 0],
      [['dlq', 'redrive', ...on, name, '--yes'], 2],
      [['dlq', 'delete', ...on, '--all', '--error', name, '--dry-run'], 0],
      [['dlq', 'delete', ...on, letters[1] as string, '--yes'], 0],
      [['dlq', 'delete', ...on, name, '--yes'], 2],
      [['claim', ...on, pending, '--yes'], 0],
      [['claim', ...on, stranded[0] as string, '--yes'], 0],
      [['claim', ...on, name, '--yes'], 2],
      [['adopt', ...on, stranded[1] as string, '--yes'], 0],
      [['adopt', ...on, name, '--yes'], 2],
      // No argument of a process holds a NUL.
      [['inspect', `${plain}.none${name.replaceAll('\0', '')}`], 2],
      [['replay', `${plain}.none${name.replaceAll('\0', '')}`], 2],
      [['compare', `${plain}.none${name.replaceAll('\0', '')}`, plain], 2],
      [['completion', `fish${name}`], 2],
      [['demo', '--streams', `1${name}`], 2],
      // What is refused is repeated in the message.
      [['consume', ...on, '--consumer-id', 'me', '--heartbeat', `1${name}`], 2],
      [['status', '--service', `a ${name}`], 2],
      [['status', ...on, '--redis', `x ${name}`], 2],
      [['inspect', '--service', `a ${name}`], 2],
      [['inspect', ...on, '--history-key', `x ${name}`], 2],
      [[`x${name}`], 2],
      [[`--${name}`], 2],
    ];
  }

  it('of a service, whatever names, infos, fields, errors and consumers are called', async () => {
    await fc.assert(
      fc.asyncProperty(hostileText, async (text) => {
        await redis().flushall();
        const name = `order${ALL_CONTROLS}${text}`;
        const both: readonly (readonly [string, Format])[] = [
          ['orders', 'for people'],
          ['invoices', '--json'],
        ];
        await Promise.all(
          both.map(async ([service, format]) => {
            const hostile = await prepare(service, name);
            for (const asked of commandsOn(service, name, hostile)) {
              await expectSafeRun(asked, format, server().url);
            }
          }),
        );
      }),
      // Each run asks for everything; shrinking would take minutes.
      { numRuns: 2, endOnFailure: true },
    );
  });

  it('is asked for all that there are', async () => {
    const namesIn = (help: string) =>
      [...(help.split('Commands:')[1] ?? '').matchAll(/^ {2}([a-z]+) /gm)].map(([, name = '']) => name);
    const all: string[] = [];
    for (const name of namesIn((await cli.run(['--help'])).stdout)) {
      const below = name === 'dlq' ? namesIn((await cli.run(['dlq', '--help'])).stdout) : [''];
      all.push(...below.map((one) => commandOf([name, one])));
    }
    const asked = commandsOn('orders', '', { pending: '', stranded: [], letters: [] });
    expect(all.filter((name) => !name.endsWith('help'))).to.have.members([
      ...new Set(asked.map(([args]) => commandOf(args)).filter((name) => /^[a-wyz]/.test(name))),
    ]);
  });

  it('that goes on: status --watch, also on a terminal', async () => {
    const name = `order${ALL_CONTROLS}`;
    await prepare('orders', name);
    const env = { REDIS_URL: server().url };
    const seen = (stdout: string) => stdout.includes('\\u0000');
    const watch = ['status', '--service', 'orders', '--watch', '--interval', '20'];
    for (const args of [watch, [...watch, '--json']]) {
      await expectSafeWhile(cli.start(args, { env }), args.join(' '), seen);
    }
    await expectSafeWhile(cli.start(watch, { env, onTerminal: true }), 'on a terminal', seen);
  });

  it('of a recording that is shown by inspect', async () => {
    const file = folder(`plain\u001b[31m.jsonl`);
    writeFileSync(file, readFileSync(plain));
    const run = cli.start(['inspect', file, '--port', '0'], { env: {} });
    await eventually('it says where', () => run.stdout.includes('http://') || !run.running);
    run.kill();
    expect(await run.exit).to.deep.include({ code: 0 });
    expectSafe(run, 'inspect');
  });

  it('that asks: what claim, adopt and dlq delete ask before', async () => {
    const name = `order${ALL_CONTROLS}`;
    const { pending, letters } = await prepare('orders', name);
    const env = { REDIS_URL: server().url };
    for (const args of [
      ['claim', pending],
      ['dlq', 'delete', ...letters.slice(0, 1)],
      ['dlq', 'redrive', '--all'],
    ]) {
      const run = cli.start([...args, '--service', 'orders'], { env, onTerminal: true });
      await eventually('it asks', () => run.stdout.includes('[y/N]') || !run.running);
      run.type('n\n');
      const what = args.join(' ');
      expect(await run.exit, `${what}: ${run.stdout}`).to.deep.include({ code: 1 });
      expectSafe({ stdout: withoutDrawing(run.stdout), stderr: '' }, what);
    }
  });

  describe('of a server whose errors', () => {
    let refusing: RefusingServer | undefined;
    afterEach(() => refusing?.close());

    for (const greets of [false, true]) {
      it(`hold them, ${greets ? 'once it has greeted' : 'from the first command on'}`, async () => {
        refusing = await startRefusingServer(`no${ALL_CONTROLS.replaceAll(/[\r\n]/g, '')}`, { greets });
        const { url } = refusing;
        const hostile = { pending: '1-1', stranded: ['1-2', '1-3'], letters: ['1-4', '1-5', '1-6'] };
        const all = commandsOn('orders', 'x', hostile).filter(
          ([args, code]) => code !== 2 && !args.includes('x.'),
        );
        all.push([['consume', '--service', 'orders', '--consumer-id', 'me'], 2]);
        const patient = (args: readonly string[]) =>
          /^(doctor|topology)$/.test(args[0] ?? '') ? '--timeout' : '--start-timeout';
        const one = new Map(all.map(([args]) => [commandOf(args), args]));
        const runs = [...one.values()].flatMap((args) =>
          [[], ['--json']].map((how) => [...args, patient(args), '1000', ...how]),
        );
        const ended = await Promise.all(
          [...runs, ['demo', '--redis', url]].map(async (args) => {
            const { code, stdout, stderr } = await cli.run(args, { env: { REDIS_URL: url } });
            expectSafe({ stdout, stderr }, args.join(' '));
            // Nothing that topology shows is out of reach there, and what it may not read is unknown.
            const codes = greets && args[0] === 'topology' ? [0] : [1, 2];
            expect(code, `${args.join(' ')}: ${stdout}`).to.be.oneOf(codes);
            return stdout + stderr;
          }),
        );
        // Some say only that there is no connection.
        const telling = ended.filter((text) => text.includes('\\u0001'));
        expect(telling.length).to.be.above(4);
      });
    }
  });

  for (const how of [[], ['--json', '--log-level', 'debug']]) {
    it(`of a consumer that is told of such streams ${how.join(' ')}`, async () => {
      const name = `order${ALL_CONTROLS}`;
      await redis().xadd(
        LBS,
        '*',
        'lbs-input',
        JSON.stringify({ DataStreamName: name, Info: { [name]: name } }),
      );
      await redis().xadd(LBS, '*', 'lbs-input', name);
      const args = ['consume', '--service', 'orders', '--consumer-id', 'c', '--hold', '1', ...how];
      const one = cli.start([...args, '--heartbeat', String(heartbeatMs())], {
        env: { REDIS_URL: server().url },
      });
      if (how.length > 0) {
        await ready(one);
        await one.waitFor(({ type }) => type === 'StreamDone', { name: 'it is done' });
      } else {
        while (!one.stdout.includes('done ')) await new Promise((resolve) => setImmediate(resolve));
      }
      await one.end();
      expectSafe(one, 'consume');
      expect(one.stdout).to.include('\\u001b');
    });
  }

  it('of a recording, whatever stands in it', async () => {
    const escaped = JSON.stringify(ALL_CONTROLS).slice(1, -1);
    const file = folder('hostile.jsonl');
    const text = readFileSync(plain, 'utf8')
      .replaceAll('consumer/ownership/', () => `consumer/ownership/${escaped}`)
      .replaceAll('"orders"', () => `"orders${escaped}"`)
      .replaceAll(/"why":"/g, () => `"why":"${escaped}`)
      .replaceAll('"effects":["', () => `"effects":["${escaped}`);
    writeFileSync(file, text);
    await expectAllSafe([
      [['replay', file], 1],
      [['replay', file, '--diagram'], 0],
      [['replay', file, '--shrink'], 1],
      [['replay', file, plain], 1],
      [['compare', file, plain], 1],
      [['replay', `${file}${ALL_CONTROLS.slice(1)}`], 2],
    ]);
    await expectSafeRun([['replay', file, '--step'], 1], 'for people', '');
  });
});
