/** What of a service still waits or is owned: what has not ended. */
import type { Redis } from 'ioredis';
import { waitingAside } from '../redis/names.js';

/**
 * Reads the ids of everything that has not ended, as `onStream` of `checkHistory` takes them: of the entries on the load balancer stream, of what is
 * delayed (`delayed:<id>`) and of what is parked (`parked:<id>`). All at one moment, so that nothing is missed that moves meanwhile.
 *
 * @param client any ioredis client of the server; it is used and not closed
 * @param lbs key of the load balancer stream
 */
export async function readStanding(client: Pick<Redis, 'multi'>, lbs: string): Promise<string[]> {
  const { parked, delayed } = waitingAside(lbs);
  const transaction = client.multi();
  for (const key of [lbs, delayed, parked]) transaction.xrange(key, '-', '+');
  const replies = (await transaction.exec()) ?? [];
  return replies.flatMap(([error, entries], at) => {
    if (error) throw error;
    return (entries as [id: string][]).map(([id]) => `${['', 'delayed:', 'parked:'][at]}${id}`);
  });
}
