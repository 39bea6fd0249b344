/** The tutorial about an incident, gone through with its own code: what it says happens. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { createProducer } from '../../src/index.js';
import { guardProcess } from '../../src/testing/process-guard.js';
import { eventually } from '../support/eventually.js';
import { useRedis } from '../support/redis.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PAGE = readFileSync(join(ROOT, 'docs/tutorial/from-incident-to-test.md'), 'utf8');

/** Code blocks of a file that the tutorial names before each. */
function blocksOf(name: string): string[] {
  return [...PAGE.matchAll(/```js\n(.*?)```/gs)].flatMap(({ 1: code = '', index }) => {
    const named = [...PAGE.slice(0, index).matchAll(/`([a-z.]+\.mjs)`/g)].at(-1)?.[1];
    return named === name ? [code] : [];
  });
}

interface Run {
  readonly process: ChildProcess;
  readonly output: () => string;
}

describe('the tutorial from an incident to a failing test', () => {
  const { server } = useRedis();
  const started: ChildProcess[] = [];
  let folder: string;

  before(() => {
    // Within the package, so that its name leads to what is built.
    folder = mkdtempSync(join(ROOT, '.cache', 'tutorial-'));
  });

  afterEach(() => {
    for (const child of started.splice(0)) child.kill('SIGKILL');
  });

  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);

  function run(args: readonly string[], pod = 'none'): Run {
    const env = { ...process.env, NODE_OPTIONS: '', POD_NAME: pod, REDIS_URL: server().url };
    // A runner of tests in a runner of tests would report to that one.
    delete (env as NodeJS.ProcessEnv).NODE_TEST_CONTEXT;
    const child = spawn(process.execPath, args, { cwd: folder, env, stdio: 'pipe' });
    started.push(child);
    if (child.pid !== undefined) child.once('exit', guardProcess(child.pid, undefined));
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text: Buffer) => (output += text));
    return { process: child, output: () => output };
  }

  async function testRun(): Promise<{ code: unknown; output: string }> {
    const { process: child, output } = run(['--test', 'incident.test.mjs']);
    const [code] = await once(child, 'close');
    return { code, output: output() };
  }

  it('freezes a process that then writes where it owns nothing, and plays that to its handler until it is mended', async () => {
    const [careless = '', mended = ''] = blocksOf('handler.mjs');
    write('handler.mjs', careless);
    write('worker.mjs', blocksOf('worker.mjs')[0] ?? '');
    write('incident.test.mjs', blocksOf('incident.test.mjs')[0] ?? '');

    const a = run(['worker.mjs'], 'pod-a');
    await eventually('pod-a is ready', () => a.output().includes('is ready'));
    const producer = createProducer({ redis: server().url, service: 'orders' });
    await producer.addMany([{ name: 'order-1' }, { name: 'order-2' }]);
    await producer.close();
    await eventually('pod-a ships both', () => /order-2: step 2/.test(a.output()));
    const b = run(['worker.mjs'], 'pod-b');
    await eventually('pod-b is ready', () => b.output().includes('is ready'));
    a.process.kill('SIGSTOP');
    await eventually('pod-b ships both', () =>
      ['order-1', 'order-2'].every((order) => b.output().includes(order)),
    );
    const before = a.output().length;
    a.process.kill('SIGCONT');
    await eventually('pod-a writes once more', () => a.output().length > before);
    for (const { process: child } of [a, b]) child.kill('SIGTERM');
    await Promise.all([a, b].map(async ({ process: child }) => await once(child, 'exit')));

    const failing = await testRun();
    expect(failing.code, failing.output).to.equal(1);
    expect(failing.output).to.match(/pod-a~\w+ writes order-\d: step \d+, owned by \S*pod-b~/);
    write('handler.mjs', mended);
    const passing = await testRun();
    expect(passing.code, passing.output).to.equal(0);
  });
});
