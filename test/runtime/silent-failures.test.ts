/** What a process says of its handlers that nobody has told where to say it. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';

const run = promisify(execFile);
const SIMULATION = new URL('../../dist/simulation/index.js', import.meta.url).href;
/** Between what is written for one and for the next. */
const END = '<end>';
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Two streams whose handlers fail with each of these options, one after the other in a process of their own; what it writes to stderr for each. */
async function stderrWith(...options: readonly string[]): Promise<string[]> {
  const program = `
    const { setImmediate: turn } = await import('node:timers/promises');
    const { simulate } = await import(${JSON.stringify(SIMULATION)});
    for (const options of [${options.join()}]) {
      const world = simulate({ seed: 3 });
      const runtime = world.runtime({ service: 'orders', maxRetries: 0, ...options });
      runtime.process(() => { throw new Error('the payment is late') });
      await world.announce('one');
      await world.announce('two');
      await world.until(() => world.letters().length === 2);
      // What Node.js has been told to warn of is written in a later tick.
      await turn();
      process.stderr.write('${END}');
    }
  `;
  const { stderr } = await run(process.execPath, ['--input-type=module', '-e', program], { cwd: ROOT });
  return stderr.split(END);
}

describe('a process whose handlers fail', () => {
  it('says so once on stderr, with the stack and what to do, only when it has no logger and no onError [C-FAIL-2]', async () => {
    const logger = '{ debug() {}, info() {}, warn() {}, error() {} }';
    const [withOnError, withLogger, stderr = '', ...rest] = await stderrWith(
      '{ onError() {} }',
      `{ logger: ${logger} }`,
      '{}',
    );
    expect([withOnError, withLogger, rest]).to.deep.equal(['', '', ['']]);
    expect(stderr.match(/STREAMWARDEN_HANDLER_FAILED/g)).to.have.length(1);
    expect(stderr).to.include('a handler of service orders failed: the payment is late');
    expect(stderr).to.include('give createRuntime() a logger, or onError');
    expect(stderr).to.match(/Error: the payment is late\n\s+at /);
  });
});
