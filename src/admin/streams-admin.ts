/** What an admin does to single data streams, over the connections of a runtime. */
import { randomHex } from '../core/clock.js';
import { StreamwardenError } from '../core/errors.js';
import { type Cancelled, cancelStreams } from '../redis/cancelling.js';
import { createClaims } from '../redis/claims.js';
import { type PauseChange, pauseStreams } from '../redis/parking.js';
import type { Inside } from '../runtime/inside.js';
import { type ClaimedEntry, claimed } from './claiming.js';

export interface StreamsAdmin {
  /** As `admin.claim()`. @throws StreamwardenError `OwnerAlive`, `AlreadyClaimed`, `PermissionDenied`, `RedisUnavailable` */
  claim(id: string, force: boolean): Promise<ClaimedEntry>;
  /** As `producer.pause()` and `resume()`. */
  setPaused(what: 'pause' | 'resume', name: string): Promise<PauseChange>;
  /** As `producer.cancel()`. */
  cancel(name: string): Promise<Cancelled>;
}

/** A long stream is read a piece at a time: so often it is gone on with. */
const MOST_READS = 1_000;

export function streamsWithin({ names, layout, bulk, group, entries, clock }: Inside): StreamsAdmin {
  const caller = `admin:${randomHex(clock, 4)}`;
  const claims = createClaims({ names, layout, commands: bulk, group, entries, caller });
  return {
    claim: (id, force) => claimed(claims, id, force),
    async setPaused(what, name) {
      const [change] = await pauseStreams(bulk, names, what, [name]);
      return change as PauseChange;
    },
    async cancel(name) {
      for (let read = 0; read < MOST_READS; read += 1) {
        const [cancelled] = await cancelStreams(bulk, names, [name]);
        if (cancelled !== undefined) return cancelled;
      }
      const message = `${name} was not looked for to the end: there is too much to be read`;
      throw new StreamwardenError('RedisRefused', message, { retriable: true });
    },
  };
}
