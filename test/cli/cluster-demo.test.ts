import { expect } from 'chai';
import { useCli } from '../support/cli.js';
import { type RunLock, takeRunLock } from '../support/run-lock.js';

describe('streamwarden demo --cluster', () => {
  const cli = useCli();
  let lock: RunLock | undefined;

  // One cluster at a time, in all files: the others may take long.
  before(async function () {
    this.timeout(900_000);
    lock = await takeRunLock('cluster');
  });
  after(async () => await lock?.release());

  it('fails the master of the load balancer stream over as well, and nothing is lost', async () => {
    // A server that is named elsewhere does not keep it from starting its own.
    const env = { REDIS_URL: 'redis://127.0.0.1:1' };
    const { code, stdout, stderr } = await cli.run(['demo', '--cluster', '--json', '--streams', '60'], {
      env,
    });
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(stderr).to.equal('');
    expect(code).to.equal(0);
    const [started] = lines;
    expect(started).to.deep.include({ type: 'Started', ownServer: true, cluster: true, streams: 60 });
    expect(started.server.split(',')).to.have.length(6);
    const order = lines.map(({ type }) => type).filter((type) => /^(Killed|FailedOver|Stopping)$/.test(type));
    expect(order).to.deep.equal(['Killed', 'FailedOver', 'Stopping']);
    const failedOver = lines.find(({ type }) => type === 'FailedOver');
    expect(failedOver.stream).to.equal(`${started.service}-input`);
    expect(failedOver.from).to.not.equal(failedOver.to);
    const summary = lines.at(-1);
    expect(summary).to.deep.include({
      type: 'Summary',
      produced: 60,
      finished: 60,
      finishedTwice: 0,
      ownedByTwo: 0,
      lost: 0,
    });
    expect(summary.recovered).to.be.greaterThan(0);
    expect(summary.handedOver).to.be.greaterThan(0);
  });
});
