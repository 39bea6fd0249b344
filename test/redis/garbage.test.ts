/** The hashes beside the load balancer stream are open to whoever may write there. */
import { expect } from 'chai';
import fc from 'fast-check';
import { isEntryId } from '../../src/core/entry-id.js';
import { createOwnerRecords } from '../../src/redis/owner-records.js';
import { SCRIPTS } from '../../src/redis/scripts.js';
import { useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { useRedis } from '../support/redis.js';

const GARBAGE = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.constantFrom(
    '',
    '-',
    '0',
    '5',
    '5-',
    '-5',
    '1-1-1',
    ' 1-1',
    '1-1 ',
    '1.5-0',
    '-1-0',
    'nil',
    'v1',
    '1e3-0',
    '９-0',
  ),
  fc.bigInt({ min: 2n ** 64n, max: 2n ** 80n }).map((big) => `${big}-0`),
  fc.bigInt({ min: 2n ** 64n, max: 2n ** 80n }).map((big) => `1-${big}`),
);

describe('what is no entry id where entry ids are recorded', () => {
  const suite = useRedis();
  const crew = useCrew(suite, { reconcileEveryMs: 200 });
  const owners = `{${crew.lbs}}:owners`;
  const endings = [0, 1].map((window) => `{${crew.lbs}}:ended:${window}`);

  it('is told from ids by the scripts as by this side', async () => {
    const { source } = SCRIPTS['prune-owners'];
    const library = source.slice(0, source.indexOf('local cleared'));
    const ids = fc
      .tuple(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }))
      .map(([ms, sequence]) => `${ms}-${sequence}`);
    await fc.assert(
      fc.asyncProperty(fc.oneof(ids, GARBAGE), async (text) => {
        const said = await suite.redis().eval(`${library} return isId(ARGV[1]) and 1 or 0`, 0, text);
        expect(said === 1).to.equal(isEntryId(text));
      }),
      { numRuns: 300 },
    );
  });

  it('stops no assigning, no done and no hand-over, whatever it is: it counts as none, and is overwritten [C-ADD-9]', async () => {
    const names = ['a', 'b', 'c'];
    const warned: string[] = [];
    const nothing = () => {};
    const warn = (_fields: object, message: string) => void warned.push(message);
    const member = await crew.start({ logger: { debug: nothing, info: nothing, error: nothing, warn } });
    let added = 0;
    await fc.assert(
      fc.asyncProperty(GARBAGE, GARBAGE, GARBAGE, async (record, ending, window) => {
        for (const name of names) {
          await suite.redis().hset(owners, name, record);
          for (const key of endings) await suite.redis().hset(key, name, ending, '', window);
        }
        await crew.announce(...names);
        added += names.length;
        await member.awaitNews('StreamAdded', added);
        const [a, b, c] = names.map((name) => member.runtime.owned(name));
        await a?.done();
        await b?.release();
        added += 1;
        await member.awaitNews('StreamAdded', added);
        await member.runtime.owned('b')?.done();
        await c?.done();
      }),
      { numRuns: 30 },
    );
    expect(warned).to.include('the owner record of a stream held no entry id; it was written anew');
    expect(member.runtime.snapshot().failures).to.deep.equal([]);
    expect(member.told('StreamDisowned')).to.deep.equal([]);
  });

  it('is removed by the scan, which says so, and read as none meanwhile', async () => {
    const warned: string[] = [];
    const nothing = () => {};
    const warn = (_fields: object, message: string) => void warned.push(message);
    const member = await crew.start({ logger: { debug: nothing, info: nothing, error: nothing, warn } });
    await suite.redis().hset(owners, 'nobody', 'nonsense');
    const commands = {
      isUp: true,
      run: <T>(_command: string, send: (client: never) => Promise<T>) => send(suite.redis() as never),
      script: () => Promise.reject(new Error('expected no script')),
    };
    const records = createOwnerRecords(commands, { owners } as never);
    expect(await records.of(['nobody'])).to.deep.equal([null]);
    await eventually('it is gone', async () => (await suite.redis().hexists(owners, 'nobody')) === 0);
    await eventually('it was said', () =>
      warned.includes('owner records held no entry id; they were removed'),
    );
    expect(member.runtime.state).to.equal('running');
  });
});
