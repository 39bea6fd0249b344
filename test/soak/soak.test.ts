import { expect } from 'chai';
import { JsonLineProcess } from '../../src/testing/json-line-process.js';
import { hangingMs } from '../support/pace.js';
import { compiled } from '../support/programs.js';

const SECONDS = 6;

// Contract: C-OVL-1 and everything that is to hold with it. `npm run soak` runs it for longer.
describe('a fleet under kills, pauses, broken networks, lost replies and restarts', () => {
  let soak: JsonLineProcess | undefined;

  // It ends its own consumers and servers.
  after(async () => {
    soak?.kill('SIGTERM');
    await soak?.exit;
  });

  it(`finishes every stream once in ${SECONDS} s, whatever the schedule [C-OVL-1]`, async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const args = ['--json', '--minutes', String(SECONDS / 60), '--seed', String(seed)];
    soak = JsonLineProcess.spawn(
      process.execPath,
      [await compiled('soak/main'), ...args],
      process.env,
      hangingMs(),
    );
    const verdict = await soak.waitFor(({ type }) => type === 'Verdict', {
      name: `the verdict of seed ${seed}`,
    });
    expect(verdict.violations, `npm run soak -- --minutes ${SECONDS / 60} --seed ${seed}`).to.deep.equal([]);
    // One that met four deaths is dead-lettered, as it should be.
    const { finished, deadLettered, vanished } = verdict;
    expect(Number(finished) + Number(deadLettered) + Number(vanished)).to.equal(verdict.announced);
    // How much there was depends on the machine.
    expect(Number(verdict.announced)).to.be.above(0);
    // Every life was recorded and replayed, those that were killed as well.
    expect(verdict).to.include({ divergences: 0 });
    expect(Number(verdict.recordings)).to.be.above(0);
    expect(Number(verdict.recordedEvents)).to.be.above(Number(verdict.announced));
  });
});
