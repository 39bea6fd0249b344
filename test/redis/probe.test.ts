import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import { systemClock } from '../../src/core/clock.js';
import { silentLogger } from '../../src/core/logger.js';
import { probe } from '../../src/redis/capabilities.js';
import { createCommands } from '../../src/redis/commands.js';
import { createConnections } from '../../src/redis/connections.js';
import { createNames } from '../../src/redis/names.js';
import { useCli } from '../support/cli.js';
import { useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { useRedis } from '../support/redis.js';
import { Masks, pictureOf } from '../support/redis-picture.js';

/** The least and the largest ids that an entry can have, and those that look like nothing. */
const EXTREME_IDS = [
  '0-1',
  '0-2',
  '0-18446744073709551615',
  '1-0',
  '1-1',
  '18446744073709551615-18446744073709551615',
];
const names = createNames({ service: 'orders' });

describe('what is tried before a start', () => {
  const suite = useRedis();
  const crew = useCrew(suite, { historyKey: undefined as unknown as string });
  const cli = useCli();

  /** Both streams hold these entries; of those on the load balancer stream so many have been delivered. */
  async function arrange(ids: readonly string[], delivered: number): Promise<void> {
    const redis = suite.redis();
    await redis.flushall();
    await redis.xgroup('CREATE', names.lbs, names.group, '0', 'MKSTREAM');
    for (const id of ids) {
      for (const stream of [names.lbs, names.dlq]) {
        await redis.xadd(stream, id, 'lbs-input', `{"DataStreamName":"of ${id}"}`);
      }
    }
    for (let count = 0; count < Math.min(delivered, ids.length); count += 1) {
      await redis.xreadgroup('GROUP', names.group, 'gone~0123abcd', 'COUNT', 1, 'STREAMS', names.lbs, '>');
    }
  }

  const arrangements = fc.tuple(fc.subarray(EXTREME_IDS, { minLength: 1 }), fc.nat(EXTREME_IDS.length));

  it('changes nothing, whatever ids are there', async () => {
    const connections = createConnections({
      target: suite.server().url,
      clock: systemClock,
      logger: silentLogger,
      heartbeatMs: 10_000,
      connectionName: 'probe',
      home: names.lbs,
    });
    try {
      await connections.commands.whenUp();
      const commands = createCommands(connections.commands, systemClock, 5_000);
      const settings = { lockKeys: true, historyKey: '{orders-input}:history' };
      await fc.assert(
        fc.asyncProperty(arrangements, fc.boolean(), async ([ids, delivered], apart) => {
          await arrange(ids, delivered);
          const before = await pictureOf(suite.redis(), new Masks());
          const elsewhere = apart ? { dlq: commands, locks: commands } : undefined;
          await probe(commands, names, 'c~00000001', settings, elsewhere);
          expect(await pictureOf(suite.redis(), new Masks())).to.deep.equal(before);
        }),
        { numRuns: 50 },
      );
    } finally {
      connections.close();
    }
  });

  it('changes nothing when doctor tries it', async () => {
    await fc.assert(
      fc.asyncProperty(arrangements, async ([ids, delivered]) => {
        await arrange(ids, delivered);
        // A user who may not ask what another one may do has to try.
        await suite
          .redis()
          .call('ACL', 'SETUSER', 'app', 'reset', 'on', '>secret', '~*', '&*', '+@all', '-acl');
        const before = await pictureOf(suite.redis(), new Masks());
        const url = suite.server().url.replace('//', '//app:secret@');
        await cli.run(['doctor', '--redis', url, '--service', names.service]);
        expect(await pictureOf(suite.redis(), new Masks())).to.deep.equal(before);
      }),
      { numRuns: 5 },
    );
  });

  it('leaves entries with the least ids to whoever starts: they are delivered', async () => {
    await arrange(['0-1', '0-2', '5-0'], 0);
    const { runtime } = await crew.start();
    await eventually('all are owned', () => runtime.snapshot().owned === 3);
    expect(await suite.redis().xlen(names.dlq)).to.equal(3);
  });

  it('names no id that an entry can have, in any script or list of commands', () => {
    const root = new URL('../../src/', import.meta.url);
    // Whatever folder a probe moves to.
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) =>
      /\.(?:ts|lua)$/.test(file),
    );
    expect(files).to.include('admin/doctor/needs.ts').and.to.include('redis/scripts/done.lua');
    for (const file of files) {
      const code = readFileSync(new URL(file, root), 'utf8')
        .replace(/(?:--|\/\/|\*)[^\n]*/g, '')
        // Words for people, which quote an example.
        .replace(/"[^"\n]*"/g, file.endsWith('.ts') ? '' : '$&');
      const literals = [...code.matchAll(/'(\d+-\d+)'/g)]
        .map(([, id]) => id)
        // Reads that ask for what comes after it are given nothing, or the very last id, when it is the reader's own already.
        .filter(
          (id) => !(file === 'actors/intake/reader.ts' && id === '18446744073709551615-18446744073709551614'),
        );
      expect(new Set([...literals, '0-0']), file).to.deep.equal(new Set(['0-0']));
    }
  });
});
