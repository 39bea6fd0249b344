/**
 * Payments that are booked exactly once. A is cut off from Redis in the middle of a stream of 1,000 payments, and B is given the stream. What A has read and not booked it books no more; what B
 * reads again it does not book again. Postgres is a real one, in WebAssembly.
 *
 *   npx tsx examples/exactly-once-sql.ts
 *
 * Ends by itself in some five seconds, with 0 when the proof holds. Redis at $REDIS_URL, or a server of its own.
 */
import { once } from 'node:events';
import { PGlite } from '@electric-sql/pglite';
import { createProducer, createRuntime, type Runtime } from 'streamwarden';
import { startFaultProxy } from 'streamwarden/testing';
import { SCHEMA } from './exactly-once-sql/balances.js';
import { bookPayments } from './exactly-once-sql/payments.js';
import { redisUrl } from './support/redis.js';

const PAYMENTS = 1000;
const COUNT = 20;
const url = await redisUrl();
const db = await PGlite.create();
await db.exec(SCHEMA);
const news = new EventTarget();

function worker(name: string, redis: string, before: (n: string) => Promise<unknown>): Runtime {
  const runtime = createRuntime({ redis, service: 'payments', consumerId: name, heartbeatMs: 1000 });
  const book = bookPayments({ db, count: COUNT, before });
  runtime.process(async (stream) => {
    console.log(`${name} owns ${stream.name} under ${stream.fencingToken}`);
    try {
      await book(stream);
      console.log(`${name} has booked all there is`);
    } catch (error) {
      console.log(`${name} books no more: ${(error as Error).message}`);
      throw error;
    } finally {
      news.dispatchEvent(new Event(`${name} is over`));
    }
  });
  return runtime;
}

// A is connected through a network that can fail.
const { hostname, port } = new URL(url);
await using network = await startFaultProxy({ host: hostname, port: Number(port || 6379) });
const throughNetwork = Object.assign(new URL(url), { hostname: '127.0.0.1', port: String(network.port) });

const other = once(news, 'B begins');
await using a = worker('A', throughNetwork.href, async (n) => {
  if (n !== '401') return;
  console.log(
    '--- the network between A and Redis loses every packet, while A is about to book what follows 400',
  );
  network.freeze();
  await b.start();
  await other;
});
await using b = worker('B', url, async () => {
  news.dispatchEvent(new Event('B begins'));
});
await using producer = createProducer({ redis: url, service: 'payments' });
await producer.appendMany(
  Array.from({ length: PAYMENTS }, (_, index) => ({
    name: 'payments-eu',
    fields: { n: index + 1, account: `account-${index % 10}`, amount: index + 1 },
  })),
);
await producer.end('payments-eu');
const over = Promise.all([once(news, 'A is over'), once(news, 'B is over')]);
await a.start();
await over;
network.thaw();

const { rows } = await db.query<{ balance: string }>('SELECT sum(balance) AS balance FROM balances');
const expected = (PAYMENTS * (PAYMENTS + 1)) / 2;
const holds = Number(rows[0]?.balance) === expected;
console.log(`all balances together are ${rows[0]?.balance}, of ${expected} that were paid`);
console.log(holds ? 'every payment was booked once' : 'THE SUMS DIFFER');
process.exitCode = holds ? 0 : 1;
await Promise.all([a.stop(), b.stop()]);
await db.close();
