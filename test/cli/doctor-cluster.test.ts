import { expect } from 'chai';
import { ready, useCli } from '../support/cli.js';
import { useCluster } from '../support/cluster.js';
import { findings, useDoctor } from '../support/doctor.js';
import { eventually } from '../support/eventually.js';

describe('streamwarden doctor of a cluster', () => {
  const { cluster } = useCluster({ appendOnly: true, config: { 'notify-keyspace-events': 'KEx' } });
  const cli = useCli();
  const doctor = useDoctor(cli);
  const addressOf = ({ host, port }: { host: string; port: number }) => `${host}:${port}`;

  it('finds everything good that is: exit code 0', async () => {
    const { code, checks, stderr } = await doctor(cluster().url);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    expect(findings(checks, 'warning')).to.deep.equal([]);
    expect(checks.reachable?.found).to.equal('6 servers answered');
    expect(checks['cluster-slots']?.found).to.equal('all 16384 slots are served, by 3 masters');
    expect(checks['node-clock-skew']?.found).to.match(/^\d+ ms apart at most, ± \d+ ms$/);
  });

  it('looks at a service that is at work there, whose locks are on all masters', async () => {
    await ready(cli.startConsumer({ redis: cluster().url, service: 'orders', history: false }));
    await cli.run(['produce', '--redis', cluster().url, '--service', 'orders', '--count', '5']);
    await eventually('all are owned', async () => {
      const { checks } = await doctor(cluster().url, '--service', 'orders');
      return checks.service?.found.startsWith('orders-input: 5 entries, 5 pending') ?? false;
    });
    const { code, checks } = await doctor(cluster().url, '--service', 'orders');
    expect(code).to.equal(0);
    for (const check of ['consumers', 'consumer-settings', 'dead-owners', 'go-consumers', 'dead-letters']) {
      expect(checks[check], check).to.deep.include({ result: 'good' });
    }
  });

  it('names the one master that has lost its setting', async () => {
    const [master] = await cluster().masters();
    if (master === undefined) throw new Error('expected a master, got: none');
    await master.call('CONFIG', 'SET', 'notify-keyspace-events', '');
    try {
      const { code, checks } = await doctor(cluster().url);
      expect(code).to.equal(1);
      expect(findings(checks, 'bad')).to.deep.equal(['keyspace-events']);
      expect(checks['keyspace-events']?.found).to.match(new RegExp(`^${addressOf(master)}: not set, `));
      expect(checks['keyspace-events']?.remedy).to.match(
        new RegExp(`^on ${addressOf(master)}: CONFIG SET notify-keyspace-events KEx,`),
      );
    } finally {
      await master.call('CONFIG', 'SET', 'notify-keyspace-events', 'KEx');
    }
  });

  it('says of a user who may not ask the cluster what is missing', async () => {
    for (const node of cluster().nodes) {
      await node.call(
        'ACL',
        'SETUSER',
        'limited',
        'reset',
        'on',
        '>change-me',
        '~*',
        '&*',
        '+@all',
        '-cluster',
        '-acl',
      );
    }
    const { code, checks, stdout } = await doctor(cluster().url.replace('//', '//limited:change-me@'));
    expect(code).to.equal(1);
    expect(checks.topology).to.deep.include({ result: 'warning' });
    expect(checks.topology?.remedy).to.contain('+cluster|nodes');
    expect(checks.permissions?.found).to.equal('refused: CLUSTER INFO, CLUSTER NODES, CLUSTER SLOTS');
    expect(stdout).to.not.contain('change-me');
  });

  it('says which node does not know the user', async () => {
    const [node] = cluster().nodes;
    for (const other of cluster().nodes.slice(1))
      await other.call('ACL', 'SETUSER', 'app', 'on', 'nopass', '~*', '&*', '+@all');
    const { code, checks } = await doctor(cluster().url, '--acl-user', 'app');
    expect(code).to.equal(1);
    expect(checks.permissions?.found).to.match(
      new RegExp(`^${addressOf(node as never)}: there is no such user; `),
    );
  });

  it('says what is out of reach when a master and its replica are down', async () => {
    const master = await cluster().masterOf('orders-input');
    for (const replica of await cluster().replicasOf(master)) await cluster().kill(replica);
    await cluster().kill(master);
    const { code, checks } = await doctor(cluster().url, '--service', 'orders');
    expect(code).to.equal(1);
    expect(checks.reachable).to.deep.include({ result: 'bad' });
    expect(checks.reachable?.found)
      .to.contain(`${addressOf(master)}: `)
      .and.to.contain('ECONNREFUSED');
    expect(checks['cluster-slots']?.found).to.match(/^109\d\d of 16384 slots are served$/);
    expect(checks.service).to.deep.include({ result: 'warning' });
  });
});
