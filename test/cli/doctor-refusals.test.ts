/** States in which Redis refuses to write, or to connect: doctor names each, and what it says to do about it helps. */
import { expect } from 'chai';
import type { Redis } from 'ioredis';
import { startRedis } from '../../src/testing/redis-server.js';
import { useCli } from '../support/cli.js';
import { findings, useDoctor } from '../support/doctor.js';
import { eventually } from '../support/eventually.js';
import { passingStates, type RefusalCode } from '../support/passing-states.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';

describe('streamwarden doctor of a server that refuses', () => {
  const suite = useRedis({ appendOnly: true, config: { 'notify-keyspace-events': 'KEx' } });
  const redis = () => suite.redis();
  const cli = useCli();
  const doctor = useDoctor(cli);
  const states = passingStates(suite);
  const examined = () => doctor(suite.server().url);

  /** Runs the one `CONFIG SET` of a remedy. */
  async function configure(remedy: string): Promise<void> {
    const [, setting = '', value = ''] = /CONFIG SET (\S+) (\S+),/.exec(remedy) ?? [];
    await redis().config('SET', setting, value);
  }

  const cases: readonly [
    code: Exclude<RefusalCode, 'READONLY'>,
    check: string,
    remedy: RegExp,
    follow: (remedy: string) => Promise<void>,
  ][] = [
    // Room is made, and a snapshot taken, by the end of that state.
    ['MISCONF', 'persistence', /^make room on the disk.*; then BGSAVE$/, () => states.MISCONF.end()],
    ['NOREPLICAS', 'min-replicas', /CONFIG SET min-replicas-to-write 0,/, configure],
    ['OOM', 'memory', /^raise maxmemory/, async () => void (await redis().config('SET', 'maxmemory', '1gb'))],
  ];

  for (const [code, check, expected, follow] of cases) {
    it(`${code} is named by ${check}, whose remedy heals it`, async () => {
      expect(findings((await examined()).checks, 'bad')).to.deep.equal([]);
      await states[code].begin();
      let isOver = false;
      try {
        expect((await rejection(redis().set('refused', '1'))).message).to.match(new RegExp(`^${code} `));
        const { code: exit, checks } = await examined();
        expect(findings(checks, 'bad')).to.deep.equal([check]);
        expect(exit).to.equal(1);
        const remedy = checks[check]?.remedy ?? '';
        expect(remedy).to.match(expected);
        await follow(remedy);
        isOver = code === 'MISCONF';
        expect((await examined()).checks[check]).to.deep.include({ result: 'good' });
        await redis().set('accepted', '1');
      } finally {
        if (!isOver) await states[code].end();
      }
    });
  }

  it('READONLY is named by topology, whose remedy leads to the master', async () => {
    await using master = await startRedis({ appendOnly: true });
    await redis().replicaof(master.host, master.port);
    try {
      await eventually('it follows', async () =>
        (await redis().info('replication')).includes('master_link_status:up'),
      );
      expect((await rejection(redis().set('refused', '1'))).message).to.match(/^READONLY /);
      const { checks } = await examined();
      expect(findings(checks, 'bad')).to.deep.equal(['topology']);
      const place = `${master.host}:${master.port}`;
      expect(checks.topology?.found).to.include(`is a replica of ${place}`);
      expect(checks.topology?.remedy).to.equal('give the URL of the master with --redis');
      expect((await doctor(`redis://${place}`)).checks.topology).to.deep.include({ result: 'good' });
    } finally {
      await states.READONLY.end();
    }
  });

  describe('connections', () => {
    const MOST = 40;
    let usual = '';

    beforeEach(async () => {
      [, usual = ''] = (await redis().config('GET', 'maxclients')) as [string, string];
    });
    afterEach(async () => {
      await redis().config('SET', 'maxclients', usual);
      // What was refused is counted.
      await redis().config('RESETSTAT');
    });

    it('that are nearly used up are named, and the remedy heals it', async () => {
      await redis().config('SET', 'maxclients', String(MOST));
      const connected = async () =>
        Number(/connected_clients:(\d+)/.exec(await redis().info('clients'))?.[1]);
      // Doctor itself takes two or three.
      const more: Redis[] = Array.from({ length: MOST - 3 - (await connected()) }, () => suite.connect());
      await Promise.all(more.map((client) => client.ping()));
      const { checks } = await examined();
      expect(findings(checks, 'bad')).to.deep.equal(['connections']);
      expect(checks.connections?.found).to.match(/^(38|39|40) of 40 connections in use$/);
      expect(checks.connections?.remedy).to.match(/^raise maxclients/);
      await redis().config('SET', 'maxclients', usual);
      expect((await examined()).checks.connections).to.deep.include({ result: 'good' });
    });

    it('of which none is left for doctor are an error with the reason: exit code 2', async () => {
      await redis().config('SET', 'maxclients', '1');
      const { code, stdout, stderr } = await cli.run(['doctor', '--redis', suite.server().url]);
      expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
      expect(stderr).to.match(/^error: .*max number of clients reached/);
    });
  });
});
