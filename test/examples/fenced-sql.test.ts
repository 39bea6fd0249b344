import type { PGlite } from '@electric-sql/pglite';
import { expect } from 'chai';
import { SCHEMA, StaleOwner, writeState } from '../../examples/fenced-sql/orders-table.js';
import { writeSteps } from '../../examples/fenced-sql/steps.js';
import { compareFencingTokens } from '../../src/index.js';
import { simulate } from '../../src/simulation/index.js';
import { ended, outputOf, useExamples } from '../support/examples.js';
import { PGlite as Postgres } from '../support/postgres.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';

describe('the example fenced-sql', () => {
  let db: PGlite;

  before(async () => {
    db = await Postgres.create();
    await db.exec(SCHEMA);
  });
  beforeEach(() => db.exec('TRUNCATE orders, order_log'));
  after(() => db.close());

  describe('as it runs', () => {
    const { start } = useExamples();
    const { server } = useRedis();

    it('refuses what a stale owner writes, says so, and changes nothing [C-OVL-7]', async () => {
      const example = start('fenced-sql', { REDIS_URL: server().url });
      await ended(example);
      const lines = example.stdout.split('\n');
      const tokensOf = (worker: string) => [
        ...new Set(
          lines.flatMap((line) => new RegExp(`^${worker} has written .* under (.*)$`).exec(line)?.[1] ?? []),
        ),
      ];
      const [a, b] = [tokensOf('A'), tokensOf('B')];
      expect([a.length, b.length], outputOf(example)).to.deep.equal([1, 1]);
      expect(compareFencingTokens(String(a), String(b))).to.be.lessThan(0);
      expect(example.stdout).to.include(
        `A is refused: order-7 has been written under a newer token than ${a}`,
      );
      expect(example.stdout).to.include(`the row: { name: 'order-7', state: 'step 3 by B', token: '${b}' }`);
      expect(example.stdout).to.match(new RegExp(`^the log: 3 writes under ${b}`, 'm'));
      expect(example.stdout).to.include('nothing was written under the old token after the new one');
    });
  });

  describe('its handler, in a simulation', () => {
    it('writes nothing under an old token after a new one, and the new owner finishes [C-OVL-7]', async () => {
      await using world = simulate({ seed: 7 });
      const news: string[] = [];
      const worker = (name: string, steps: number) => {
        const runtime = world.runtime({ service: 'orders', consumerId: name });
        const handler = writeSteps({
          name,
          steps,
          write: (stream, state) => world.real(() => writeState(db, stream, state)),
          sleep: world.sleep,
          tell: (what) => news.push(`${name} ${what}`),
        });
        runtime.process(handler);
        return runtime;
      };
      const a = worker('A', Number.POSITIVE_INFINITY);
      await world.announce('order-7');
      await world.until(() => news.includes('A 3'));
      worker('B', 3);
      await world.advance('1 s');
      const steps = news.length;

      world.freeze(a);
      await world.until(() => news.includes('B done'));
      world.thaw(a);
      await world.until(() => news.includes('A refused'));

      expect(news.slice(steps)).to.deep.equal(['B 1', 'B 2', 'B 3', 'B done', 'A refused']);
      const { rows } = await db.query('SELECT state FROM orders');
      expect(rows).to.deep.equal([{ state: 'step 3 by B' }]);
      const owned = world.history().records.filter(({ op }) => op === 'acquired');
      expect(owned.map((record) => 'owner' in record && record.owner[0])).to.deep.equal(['A', 'B']);
    });
  });

  describe('its statement', () => {
    const write = (fencingToken: string, state: string) =>
      writeState(db, { name: 'order', fencingToken }, state);
    const log = async () => (await db.query('SELECT state, token FROM order_log ORDER BY id')).rows;

    it('compares tokens as numbers of 64 bits, and lets an owner write again', async () => {
      const largest = '18446744073709551615';
      const accepted = ['9-0', '9-0', '10-0', '10-9', '10-10', `10-${largest}`, `${largest}-${largest}`];
      for (const token of accepted) await write(token, 'newer');
      const before = await log();
      expect(before).to.deep.equal(accepted.map((token) => ({ state: 'newer', token })));

      for (const token of ['9-0', `10-${largest}`, `${largest}-9`]) {
        expect(await rejection(write(token, 'older'))).to.be.instanceOf(StaleOwner);
      }
      expect(await log()).to.deep.equal(before);
      expect((await db.query('SELECT state FROM orders')).rows).to.deep.equal([{ state: 'newer' }]);
    });
  });
});
