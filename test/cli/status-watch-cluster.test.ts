import { expect } from 'chai';
import { useCli } from '../support/cli.js';
import { useCluster } from '../support/cluster.js';
import { eventually } from '../support/eventually.js';

describe('streamwarden status --watch on a cluster', () => {
  const { cluster } = useCluster();
  const cli = useCli();

  it('follows the stream to another master when its own is killed', async () => {
    await cli.run(['produce', '--redis', cluster().url, '--service', 'orders', '--count', '3']);
    const watcher = cli.start([
      'status',
      '--redis',
      cluster().url,
      '--service',
      'orders',
      '--watch',
      '--interval',
      '100',
      '--json',
    ]);
    await watcher.waitFor(({ type }) => type === 'Status', { name: 'the first look' });
    await cluster().killMaster(await cluster().masterOf('orders-input'));
    const since = watcher.lines.length;
    const seen = await eventually(
      'it is seen again',
      () => watcher.lines.slice(since).find(({ type }) => type === 'Status') ?? null,
    );
    expect(seen.stream).to.deep.equal({ name: 'orders-input', length: 3 });
    watcher.kill('SIGINT');
    expect(await watcher.exit).to.deep.equal({ code: 0, signal: null });
  });
});
