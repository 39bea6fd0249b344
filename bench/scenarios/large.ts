/** Five times the streams in one process: assigned, held, and left behind by a SIGKILL. What they mean stands in the scenarios of the same names. */
import { createBaseline } from '../baseline.js';
import { type Row, row, timed } from '../measure.js';
import type { Scenario, Setting } from '../scenario.js';
import { createSubject } from '../streamwarden.js';
import { failOver, failOverBare, reowned } from './fail-over.js';
import { holdOurs } from './hold.js';

const TIMES_AS_MANY = 5;

async function run({ redis, streams, rounds, progress }: Setting): Promise<Row[]> {
  const count = streams * TIMES_AS_MANY;
  const times = Math.min(rounds, 3);
  const [ours, bare]: [number[], number[]] = [[], []];
  const [killed, killedBare]: [number[][], number[][]] = [[], []];
  for (let round = 1; round <= times; round++) {
    const baseline = await createBaseline(redis.url, `large-base-${round}`);
    bare.push(await timed(() => baseline.assign(count)));
    await baseline.done();
    baseline.close();
    const subject = await createSubject(redis.url, `large-${round}`, { capacity: count });
    ours.push(await timed(() => subject.assign(count)));
    await subject.done('all');
    await subject.close();
    killedBare.push(await failOverBare(redis.url, `large-bare-${round}`, count));
    killed.push(await failOver(redis.url, `large-fail-over-${round}`, count));
    progress(`${count} streams: round ${round} of ${times}`);
  }
  const cost = await holdOurs(redis.url, count, 'large-hold', true);
  const per = 'per 1000 streams and heartbeat';
  return [
    row(`${count} streams, assign all`, 'ms', ours, bare),
    row(`${count} streams, hold: client CPU ${per}`, 'ms', [cost.client], null),
    row(`${count} streams, hold: Redis CPU ${per}`, 'ms', [cost.redis], null),
    row(`${count} streams, hold: longest delay of the event loop`, 'ms', [cost.loopMs], null),
    ...reowned(`SIGKILL with ${count} held`, killed, killedBare),
  ];
}

export const large: Scenario = { name: 'large', run };
