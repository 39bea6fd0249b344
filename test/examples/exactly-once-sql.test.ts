import type { PGlite } from '@electric-sql/pglite';
import { expect } from 'chai';
import { applyOnce, claim, SCHEMA, StaleOwner } from '../../examples/exactly-once-sql/balances.js';
import { bookPayments } from '../../examples/exactly-once-sql/payments.js';
import { createProducer } from '../../src/index.js';
import { eventually } from '../support/eventually.js';
import { ended, outputOf, useExamples } from '../support/examples.js';
import { PGlite as Postgres } from '../support/postgres.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';
import { useFleet } from '../support/runtimes.js';

describe('the example exactly-once-sql', () => {
  const { start } = useExamples();
  const suite = useRedis();
  const fleet = useFleet(suite);
  let db: PGlite;

  before(async () => {
    db = await Postgres.create();
    await db.exec(SCHEMA);
  });
  beforeEach(() => db.exec('TRUNCATE positions, balances'));
  after(() => db.close());

  const owner = (fencingToken: string) => ({ name: 'one', fencingToken });
  const balance = async () => {
    const { rows } = await db.query<{ balance: string }>('SELECT sum(balance) AS balance FROM balances');
    return Number(rows[0]?.balance ?? 0);
  };
  const positionOf = async () => {
    const { rows } = await db.query<{ position: string }>('SELECT position FROM positions');
    return rows[0]?.position;
  };
  const add = (amount: number) => async (transaction: Pick<PGlite, 'query'>) => {
    await transaction.query(
      `INSERT INTO balances VALUES ('a', $1)
       ON CONFLICT (account) DO UPDATE SET balance = balances.balance + excluded.balance`,
      [amount],
    );
  };

  it('books every payment once while an owner is cut off in the middle [C-OVL-7, C-DATA-1]', async () => {
    const example = start('exactly-once-sql', { REDIS_URL: suite.server().url });
    await ended(example);
    expect(example.stdout, outputOf(example)).to.include('every payment was booked once');
    expect(example.stdout).to.match(/^A books no more: what follows \S+ of payments-eu is another owner's$/m);
    expect(example.stdout).to.include('B has booked all there is');
  });

  it('books what one process hands to the next once, whenever that is', async () => {
    await using producer = createProducer({ redis: suite.server().url, service: fleet().service });
    const entries = Array.from({ length: 300 }, (_, n) => ({
      name: 'one',
      fields: { n, account: 'a', amount: 1 },
    }));
    await producer.appendMany(entries);
    const begin = async () => {
      const runtime = fleet().create();
      runtime.process(bookPayments({ db, count: 7, before: async () => undefined }));
      await runtime.start();
      return runtime;
    };
    const first = await begin();
    await eventually('some are booked', async () => (await balance()) > 50);
    await first.stop({ mode: 'abandon' });
    const second = await begin();
    await producer.end('one');
    await eventually('it is finished', () => second.snapshot().counters.finished === 1);
    expect(await balance()).to.equal(300);
  });

  it('gives the position to the newest owner, who alone moves it, and once', async () => {
    expect(await claim(db, owner('9-0'))).to.equal('0-0');
    await applyOnce(db, owner('9-0'), '0-0', '1-0', add(1));
    expect(await claim(db, owner('10-0'))).to.equal('1-0');
    for (const stale of [
      claim(db, owner('9-18446744073709551615')),
      applyOnce(db, owner('9-0'), '1-0', '2-0', add(100)),
      // Sent again, or by another one with the same token.
      applyOnce(db, owner('10-0'), '0-0', '1-0', add(100)),
    ]) {
      expect(await rejection(stale)).to.be.instanceOf(StaleOwner);
    }
    const failing = applyOnce(db, owner('10-0'), '1-0', '2-0', async (transaction) => {
      await add(100)(transaction);
      throw new Error('the work fails');
    });
    expect(await rejection(failing)).to.have.property('message', 'the work fails');
    expect([await balance(), await positionOf()]).to.deep.equal([1, '1-0']);
    await applyOnce(db, owner('10-0'), '1-0', '2-0', add(1));
    expect([await balance(), await positionOf()]).to.deep.equal([2, '2-0']);
  });
});
