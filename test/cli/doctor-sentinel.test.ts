import { expect } from 'chai';
import { useCli } from '../support/cli.js';
import { useSentinels } from '../support/cluster.js';
import { findings, useDoctor } from '../support/doctor.js';
import { eventually } from '../support/eventually.js';

describe('streamwarden doctor with Sentinels', () => {
  const { stand } = useSentinels({
    password: 'pass@word/1',
    appendOnly: true,
    config: { 'notify-keyspace-events': 'KEx' },
  });
  const cli = useCli();
  const doctor = useDoctor(cli);

  it('finds everything good that is: exit code 0', async () => {
    const { code, checks, stdout, stderr } = await doctor(stand().url);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    expect(findings(checks, 'warning')).to.deep.equal([]);
    expect(checks['sentinel-quorum']?.found).to.equal('3 Sentinels answer, and have the quorum');
    expect(checks.reachable?.found).to.equal('2 servers answered');
    expect(stdout).to.not.match(/pass(@|%40)word/);
  });

  it('says that a failover could not be agreed upon', async () => {
    const [first, second] = stand().sentinels;
    await first?.kill();
    await second?.kill();
    // The one that is left takes its time to notice.
    await eventually(
      'the Sentinel misses the others',
      async () => (await doctor(stand().url)).checks['sentinel-quorum']?.result === 'bad',
    );
    const { code, checks } = await doctor(stand().url);
    expect(code).to.equal(1);
    expect(checks['sentinel-quorum']?.found).to.contain('NOQUORUM');
    expect(checks.reachable).to.deep.include({ result: 'warning' });
  });

  it('says that nobody stands behind the Sentinels: exit code 2', async () => {
    for (const server of stand().servers) await server.kill();
    const { code, stderr } = await cli.run(['doctor', '--redis', stand().url]);
    expect(code).to.equal(2);
    expect(stderr).to.match(
      /^error: no server behind the Sentinels answers; 127\.0\.0\.1:\d+: .*ECONNREFUSED.*\n$/,
    );
  });
});
