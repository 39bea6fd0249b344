/** XState has a second build, which tools such as vitest load, and which writes to stderr what it takes for mistakes. */
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';

const simulation = new URL('../../dist/simulation/index.js', import.meta.url);

/** Each way in which an actor ends while something is on its way to it: outages, crashes, lost leases, failures, stops. */
const PROGRAM = `
import { simulate } from ${JSON.stringify(simulation.href)};
const world = simulate({ seed: 3 });
const work = async ({ name, signal }) => {
  await Promise.race([world.sleep('300 ms'), new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))]);
  if (name.endsWith('3')) throw new Error('no');
};
const options = { service: 's', maxRetries: 1, onError: () => {} };
const [a, b] = [world.runtime(options), world.runtime(options)];
a.process(work);
b.process(work);
const announce = async (prefix) => {
  for (let at = 0; at < 15; at += 1) await world.announce(prefix + at);
};
await announce('a');
await world.advance('3 s');
world.outage('5 s');
await world.advance('8 s');
world.freeze(a, '6 s');
await announce('b');
await world.advance('8 s');
world.cut(b, '3 s');
await announce('c');
await world.advance('6 s');
world.crash(b);
await world.advance('5 s');
await world.end();
`;

describe('with the development build of XState', () => {
  it('nothing of ours is written to stderr', async () => {
    const worker = new Worker(PROGRAM, {
      eval: true,
      execArgv: ['--conditions=development', '--input-type=module'],
      stdout: true,
      stderr: true,
    });
    let said = '';
    for (const output of [worker.stdout, worker.stderr])
      output.on('data', (chunk) => (said += String(chunk)));
    await new Promise((resolve, reject) => {
      worker.once('exit', resolve);
      worker.once('error', reject);
    });
    expect(said).to.equal('');
  });
});
