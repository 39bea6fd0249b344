/** What a process says of its handlers that nobody has told where to say it. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';

const run = promisify(execFile);
const SIMULATION = new URL('../../dist/simulation/index.js', import.meta.url).href;
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Two streams whose handlers fail, in a process of its own; what it writes to stderr. */
async function stderrWith(options: string): Promise<string> {
  const program = `
    const { simulate } = await import(${JSON.stringify(SIMULATION)});
    const world = simulate({ seed: 3 });
    const runtime = world.runtime({ service: 'orders', maxRetries: 0, ...(${options}) });
    runtime.process(() => { throw new Error('the payment is late') });
    await world.announce('one');
    await world.announce('two');
    await world.until(() => world.letters().length === 2);
  `;
  const { stderr } = await run(process.execPath, ['--input-type=module', '-e', program], { cwd: ROOT });
  return stderr;
}

describe('a process whose handlers fail', () => {
  it('says so once on stderr, with the stack and what to do, when it has no logger and no onError [C-FAIL-2]', async () => {
    const stderr = await stderrWith('{}');
    expect(stderr.match(/STREAMWARDEN_HANDLER_FAILED/g)).to.have.length(1);
    expect(stderr).to.include('a handler of service orders failed: the payment is late');
    expect(stderr).to.include('give createRuntime() a logger, or onError');
    expect(stderr).to.match(/Error: the payment is late\n\s+at /);
  });

  it('writes nothing by itself when it has either [C-FAIL-2]', async () => {
    expect(await stderrWith('{ onError() {} }')).to.equal('');
    const logger = '{ debug() {}, info() {}, warn() {}, error() {} }';
    expect(await stderrWith(`{ logger: ${logger} }`)).to.equal('');
  });
});
