import { FOR_PICTURES, useBrowser } from '../support/browser.js';
import { useCluster } from '../support/cluster.js';
import { useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { useInspectors } from '../support/inspector.js';
import { keepable } from '../support/pace.js';

describe("the inspector's page of a cluster", () => {
  const browser = useBrowser();
  const suite = useCluster({});
  const crew = useCrew(suite, { heartbeatMs: keepable(1000), minIdleMs: keepable(3000) });
  const inspectors = useInspectors();

  it('shows masters, slots, replicas, and the one of them that refuses to be set up, until it heals', async () => {
    const cluster = suite.cluster();
    const home = await cluster.masterOf(crew.lbs);
    const masters = await cluster.masters();
    for (const node of cluster.nodes) await node.call('CONFIG', 'SET', 'notify-keyspace-events', '');
    const refusing = masters.find(({ id }) => id !== home.id) ?? home;
    await refusing.call('ACL', 'SETUSER', 'default', '-config');
    const { runtime } = await crew.start();
    const inspector = await inspectors.open();
    inspector.attach(runtime);
    const page = await browser.open(`${inspector.url}#/topology`, FOR_PICTURES);

    const table = page.getByRole('region', { name: 'Masters' });
    for (const { address } of masters) await table.getByRole('row', { name: address }).waitFor();
    const refused = table.getByRole('row', { name: refusing.address });
    await refused.getByText('KeyspaceConfigForbidden').waitFor();
    const fine = table.getByRole('row', { name: home.address });
    await fine.getByText('(empty) → KEx').waitFor();
    await fine.getByText('live').waitFor();
    await fine.getByText(/\d+ slots: /).waitFor();
    await page.picture('topology');
    await page.goto(`${inspector.url}#/overview`);
    await page.getByRole('region', { name: 'Consumer', exact: true }).getByText('degraded').waitFor();

    await refusing.call('ACL', 'SETUSER', 'default', '+config');
    await eventually('it is healed', () => runtime.state === 'running');
    await page.goto(`${inspector.url}#/topology`);
    await refused.getByText('live').waitFor();
    await refused.getByText('(empty) → KEx').waitFor();
  });
});
