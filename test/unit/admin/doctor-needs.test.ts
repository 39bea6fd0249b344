import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { entryNeedsOf, type NeedsInput, needsOf } from '../../../src/admin/doctor/needs.js';
import { createNames } from '../../../src/redis/names.js';

const DOCUMENT = readFileSync(new URL('../../../docs/how-to/minimal-acl-user.md', import.meta.url), 'utf8');

/** The commands of a documented ACL line, sorted. */
function permittedBy(line: RegExp): string[] {
  const rules = line.exec(DOCUMENT)?.[1]?.split(' ') ?? [];
  return rules.filter((rule) => rule.startsWith('+')).sort();
}

function neededBy(input: Partial<NeedsInput>): string[] {
  const assumed = { heartbeatMs: 2_000, keyspaceEvents: 'require' as const, lockKeys: true };
  const names = createNames({ service: 'orders' });
  const needs = needsOf({ kind: 'single', database: 0, names, assumed, ...input });
  return [...new Set(needs.map(({ command }) => `+${command.toLowerCase().replace(' ', '|')}`))].sort();
}

describe('what doctor takes a consumer to need', () => {
  const onOneServer = permittedBy(/^ACL SETUSER orders-consumer reset (.+)$/m);
  // Where no administrator has set keyspace events.
  const toSetEvents = permittedBy(/^ACL SETUSER orders-consumer (\+config\|set)$/m);
  const inCluster = permittedBy(/^ACL SETUSER orders-consumer (\+cluster\|info .+)$/m);

  it('is what the documented minimal user may do, on one server and in a cluster', () => {
    expect(onOneServer).to.have.length.above(30);
    expect(neededBy({})).to.deep.equal([...onOneServer, ...toSetEvents].sort());
    expect(neededBy({ kind: 'cluster' })).to.deep.equal(
      [...onOneServer, ...toSetEvents, ...inCluster].sort(),
    );
  });

  it('is ROLE as well behind Sentinels, and SELECT in another database than 0', () => {
    expect(neededBy({ kind: 'sentinel' })).to.deep.equal([...onOneServer, ...toSetEvents, '+role'].sort());
    expect(neededBy({ database: 3 })).to.deep.equal([...onOneServer, ...toSetEvents, '+select'].sort());
  });

  it('is less without keyspace events', () => {
    const assumed = { heartbeatMs: 2_000, keyspaceEvents: 'off' as const, lockKeys: true };
    const events = ['+config|get', '+config|set', '+psubscribe'];
    expect(neededBy({ assumed })).to.deep.equal(onOneServer.filter((rule) => !events.includes(rule)));
  });

  it('is what the documented user may do in addition, where handlers read entries', () => {
    const documented = permittedBy(/^ACL SETUSER orders-consumer (~order-\* .+)$/m);
    const needed = entryNeedsOf(undefined).map(
      ({ command }) => `+${command.toLowerCase().replace(' ', '|')}`,
    );
    expect(needed.sort()).to.deep.equal(documented);
  });

  it('touches no lock key where none are kept', () => {
    const names = createNames({ service: 'orders' });
    const assumed = { heartbeatMs: 2_000, keyspaceEvents: 'off' as const, lockKeys: false };
    const args = needsOf({ kind: 'single', database: 0, names, assumed }).flatMap((need) => need.args);
    expect(args.filter((arg) => arg.includes('MUTEX'))).to.deep.equal([]);
  });
});
