/**
 * What an admin knows of the service of a runtime, asked over the connections of that runtime: for whoever looks from within its process. It needs no
 * rights beyond those of a consumer, but for the dead letters, and may be asked once a second: what `status()` counts besides is not asked for.
 */
import { isStreamwardenError } from '../core/errors.js';
import type { Balance } from '../redis/balance.js';
import type { DelayedSurvey, DueStream } from '../redis/delaying.js';
import { type FleetFacts, readFleet } from '../runtime/fleet.js';
import type { Inside } from '../runtime/inside.js';
import { Calls } from './calls.js';
import { createDeadLettersAdmin, type DeadLettersAdmin } from './letters/letters-admin.js';

/** Of these null: it could not be asked for, as the user has no right to it. */
export interface AdminWithin {
  readonly deadLetters: DeadLettersAdmin;
  /** The consumers of the group, and how their streams are shared out. @throws StreamwardenError `RedisUnavailable`, `RedisRefused`, `PermissionDenied` */
  fleet(): Promise<FleetFacts>;
  /** Where the entries of the load balancer stream are. Null as well: there is no group. @throws StreamwardenError `RedisUnavailable` */
  entries(): Promise<Balance | null>;
  /** What is delayed, and those that are due first, at most so many. @throws StreamwardenError `RedisUnavailable` */
  delayed(most: number): Promise<(DelayedSurvey & { readonly first: readonly DueStream[] }) | null>;
}

/** The runtime makes its connections, and closes them. */
const THE_RUNTIMES = { up: () => Promise.resolve(), close() {} };

export function adminWithin({ group, fleet, delayed, deadLetters, clock }: Inside): AdminWithin {
  return {
    deadLetters: createDeadLettersAdmin({ deadLetters }, new Calls(THE_RUNTIMES, clock)),
    fleet: () => readFleet(group, fleet),
    entries: () => unlessRefused(async () => (await group.balance()) ?? null),
    delayed: (most) =>
      unlessRefused(async () => {
        const survey = await delayed.survey();
        return { ...survey, first: survey.count === 0 ? [] : await delayed.first(most) };
      }),
  };
}

async function unlessRefused<T>(look: () => Promise<T>): Promise<T | null> {
  try {
    return await look();
  } catch (error) {
    if (isStreamwardenError(error, 'RedisUnavailable')) throw error;
    return null;
  }
}
