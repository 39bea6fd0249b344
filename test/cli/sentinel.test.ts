import { expect } from 'chai';
import { ready, useCli } from '../support/cli.js';
import { expectFleetShown } from '../support/fleet-page.js';
import { useSentinels } from '../support/cluster.js';
import { eventually } from '../support/eventually.js';
import { keepable } from '../support/pace.js';

describe('the command line with Sentinels', () => {
  const { stand } = useSentinels({ password: 'pass@word/1' });
  const cli = useCli();
  const service = 'orders';
  const withSentinels = (...args: string[]) => cli.run(args, { env: { REDIS_URL: stand().url } });

  it('topology shows the master, its replicas, and what each Sentinel says', async () => {
    const { code, stdout, stderr } = await withSentinels('topology', '--json');
    const { type, kind, settled, problems, epoch, masters, sentinels } = JSON.parse(stdout);
    const master = await stand().master();
    const addressOf = ({ host, port }: { host: string; port: number }) => `${host}:${port}`;
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    expect({ type, kind, settled, problems, epoch }).to.deep.equal({
      type: 'Topology',
      kind: 'sentinel',
      settled: true,
      problems: [],
      epoch: null,
    });
    expect(masters).to.have.length(1);
    expect(masters[0]).to.deep.include({ address: addressOf(master), id: null, slots: null, state: 'up' });
    const replicas = stand()
      .servers.filter((server) => server !== master)
      .map(addressOf);
    expect(masters[0].replicas.map(({ address }: { address: string }) => address)).to.deep.equal(replicas);
    expect(masters[0].replicas[0]).to.deep.include({ state: 'up', error: null, subscribers: 0 });
    expect(sentinels).to.deep.equal(
      stand().addresses.map((address) => ({
        address: addressOf(address),
        state: 'up',
        error: null,
        master: addressOf(master),
      })),
    );
    const { stdout: text } = await withSentinels('topology');
    expect(text).to.match(/^master named by Sentinels, settled: 1 master, 1 replica\n/);
    expect(text).to.match(/^SENTINEL +MASTER +STATE$/m);
  });

  it('announces, owns and finishes, and says what is there', async () => {
    const worker = cli.startConsumer({ redis: stand().url, service, hold: 20 });
    const name = await ready(worker);
    expect(await withSentinels('produce', '--service', service, '--count', '5')).to.deep.include({ code: 0 });
    await eventually(
      'all are done',
      () => worker.lines.filter(({ type }) => type === 'StreamDone').length === 5,
    );
    const status = JSON.parse((await withSentinels('status', '--service', service, '--json')).stdout);
    expect(status.stream.length).to.equal(0);
    expect(status.consumers[0]).to.deep.include({ name, pending: 0 });
    await expectFleetShown(cli, stand().url, service, name);
    worker.kill('SIGTERM');
    expect(await worker.exit).to.deep.equal({ code: 0, signal: null });
  });

  it('topology --watch follows the master', async () => {
    const watcher = cli.start(['topology', '--watch', '--interval', '100', '--json'], {
      env: { REDIS_URL: stand().url },
    });
    await watcher.waitFor(({ settled }) => settled === true, { name: 'the first picture' });
    const { port } = await stand().failOver();
    await watcher.waitFor(
      ({ settled, masters }) =>
        settled === true && (masters as { address: string }[])[0]?.address === `127.0.0.1:${port}`,
      { name: 'the picture after the failover' },
    );
    watcher.kill('SIGTERM');
    expect(await watcher.exit).to.deep.equal({ code: 0, signal: null });
  });

  const commands: readonly string[][] = [
    ['topology'],
    ['status', '--service', service],
    ['produce', '--service', service, '--start-timeout', String(keepable(500))],
    ['consume', '--service', service, '--consumer-id', 'me', '--start-timeout', String(keepable(500))],
    ['demo', '--streams', '1'],
  ];
  const refuses = async (url: string, says: RegExp) => {
    for (const args of commands) {
      const { code, stdout, stderr } = await cli.run(args, { env: { REDIS_URL: url } });
      expect({ args, code, stdout }).to.deep.equal({ args, code: 2, stdout: '' });
      expect(stderr).to.match(says);
      expect(stderr).to.not.contain('pass');
    }
  };

  it('is told of a master that the Sentinels do not know, and which one they do', async () => {
    const url = stand().url.replace(/[^/]*$/, 'mian');
    await refuses(url, /^error: the Sentinels know no master mian; they know: main\n$/);
  });

  it('is told to take a Sentinel URL when it was given another one', async () => {
    const hosts = stand().addresses.map(({ host, port }) => `${host}:${port}`);
    const [first] = hosts;
    const says = (list: string) =>
      new RegExp(`^error: ${first} is a Sentinel: use redis-sentinel://${list}/main\n$`);
    await refuses(`redis://${first}`, says(String(first)));
    await refuses(`redis-cluster://${hosts}`, says(String(hosts)));
  });

  it('is told when no Sentinel answers; topology shows it', async () => {
    const url = 'redis-sentinel://u:password@127.0.0.1:1,127.0.0.1:2/main';
    const { code, stderr } = await cli.run(['status', '--service', service, '--redis', url]);
    expect(code).to.equal(2);
    expect(stderr).to.match(/^error: no Sentinel answers; 127\.0\.0\.1:1: [^\n]*ECONNREFUSED[^\n]*\n$/);
    const shown = await cli.run(['topology', '--redis', url]);
    expect(shown).to.deep.include({ code: 1, stderr: '' });
    expect(shown.stdout).to.contain('  no Sentinel names a master\n');
    expect(shown.stdout).to.match(/^127\.0\.0\.1:2 +- +unreachable: .*ECONNREFUSED/m);
  });
});
