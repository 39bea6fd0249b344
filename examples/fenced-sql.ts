/**
 * Writes to a SQL database that a stale owner cannot make. A is cut off from Redis, believes that it is still the owner, and works on; B is
 * given the stream. What A writes from then on changes nothing, and A is told. Postgres is a real one, in WebAssembly.
 *
 *   npx tsx examples/fenced-sql.ts
 *
 * Ends by itself in some five seconds, with 0 when the proof holds. Redis at $REDIS_URL, or a server of its own.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { PGlite } from '@electric-sql/pglite';
import { createProducer, createRuntime, type Runtime } from 'streamwarden';
import { startFaultProxy } from 'streamwarden/testing';
import { SCHEMA, writeState } from './fenced-sql/orders-table.js';
import { writeSteps } from './fenced-sql/steps.js';
import { redisUrl } from './support/redis.js';

const url = await redisUrl();
const db = await PGlite.create();
await db.exec(SCHEMA);
/** `A 3`: A has written step 3. `A refused`, `B done`. */
const news = new EventTarget();

function worker(name: string, redis: string, steps: number): Runtime {
  const runtime = createRuntime({ redis, service: 'orders', consumerId: name, heartbeatMs: 1000 });
  runtime.process(
    writeSteps({
      name,
      steps,
      write: (stream, state) => writeState(db, stream, state),
      sleep,
      tell: (what, text) => {
        console.log(`${name} ${text}`);
        news.dispatchEvent(new Event(`${name} ${what}`));
      },
    }),
  );
  return runtime;
}

// A is connected through a network that can fail.
const { hostname, port } = new URL(url);
await using network = await startFaultProxy({ host: hostname, port: Number(port || 6379) });
const throughNetwork = Object.assign(new URL(url), { hostname: '127.0.0.1', port: String(network.port) });

await using a = worker('A', throughNetwork.href, Number.POSITIVE_INFINITY);
await using b = worker('B', url, 3);
await using producer = createProducer({ redis: url, service: 'orders' });
await a.start();
await producer.add('order-7');
await once(news, 'A 3');
await b.start();

console.log('--- the network between A and Redis loses every packet');
const outcome = Promise.all([once(news, 'A refused'), once(news, 'B done')]);
network.freeze();
await outcome;
console.log('--- the network is back');
network.thaw();

const { rows } = await db.query<{ name: string; state: string; token: string }>(
  `SELECT name, state, token_ms || '-' || token_seq AS token FROM orders`,
);
const { rows: log } = await db.query<{ token: string; writes: number; first: string; last: string }>(
  `SELECT token, count(*)::int AS writes, min(id) AS first, max(id) AS last
     FROM order_log GROUP BY token ORDER BY min(id)`,
);
console.log('the row:', rows[0]);
for (const { token, writes, first, last } of log) {
  console.log(`the log: ${writes} writes under ${token}, numbers ${first} to ${last}`);
}
// Had one write of A come through after B's first, the two would overlap.
const [byA, byB] = log;
const holds = log.length === 2 && Number(byA?.last) < Number(byB?.first) && rows[0]?.state === 'step 3 by B';
console.log(holds ? 'nothing was written under the old token after the new one' : 'THE FENCE DID NOT HOLD');
process.exitCode = holds ? 0 : 1;
await db.close();
