/**
 * What an admin knows of the service of a runtime, asked over the connections of that runtime: for whoever looks from within its process. It needs no
 * rights beyond those of a consumer, but for the dead letters, and may be asked once a second: what `status()` counts besides is not asked for.
 */
import { isStreamwardenError } from '../core/errors.js';
import type { Balance } from '../redis/balance.js';
import type { DelayedSurvey, DueStream } from '../redis/delaying.js';
import { createOwnerRecords } from '../redis/owner-records.js';
import { createOwnerSurvey } from '../redis/owner-survey.js';
import { createPendingSurvey } from '../redis/pending-survey.js';
import { readFleet } from '../runtime/fleet.js';
import type { Inside } from '../runtime/inside.js';
import { Calls } from './calls.js';
import { createFleetAccess, type FleetAccess } from './fleet-access.js';
import { createDeadLettersAdmin, type DeadLettersAdmin } from './letters/letters-admin.js';
import { type StreamsAdmin, streamsWithin } from './streams-admin.js';

/** Of these null: it could not be asked for, as the user has no right to it. */
export interface AdminWithin {
  readonly deadLetters: DeadLettersAdmin;
  /** @throws StreamwardenError `RedisUnavailable`, `RedisRefused`, `PermissionDenied` */
  readonly fleet: FleetAccess;
  readonly streams: StreamsAdmin;
  /** Where the entries of the load balancer stream are. Null as well: there is no group. @throws StreamwardenError `RedisUnavailable` */
  entries(): Promise<Balance | null>;
  /** What is delayed, and those that are due first, at most so many. @throws StreamwardenError `RedisUnavailable` */
  delayed(most: number): Promise<(DelayedSurvey & { readonly first: readonly DueStream[] }) | null>;
}

/** The runtime makes its connections, and closes them. */
const THE_RUNTIMES = { up: () => Promise.resolve(), close() {} };

export function adminWithin(inside: Inside): AdminWithin {
  const { group, delayed, deadLetters, clock } = inside;
  return {
    deadLetters: createDeadLettersAdmin({ deadLetters }, new Calls(THE_RUNTIMES, clock)),
    fleet: fleetWithin(inside),
    streams: streamsWithin(inside),
    entries: () => unlessRefused(async () => (await group.balance()) ?? null),
    delayed: (most) =>
      unlessRefused(async () => {
        const survey = await delayed.survey();
        return { ...survey, first: survey.count === 0 ? [] : await delayed.first(most) };
      }),
  };
}

function fleetWithin({
  names,
  settings,
  bulk,
  bulkTimeoutMs,
  clock,
  entries,
  dataStreams,
  ...inside
}: Inside): FleetAccess {
  const { historyKey, lockKeys } = settings;
  const owners = createOwnerRecords(bulk, names);
  // Without lock keys a user need not have the right to ask for them.
  const timesToLive = lockKeys
    ? inside.group.timesToLive
    : async (keys: readonly string[]) => keys.map(() => -2);
  const group = { ...inside.group, timesToLive };
  const pending = createPendingSurvey({ names, group, entries, owners });
  return createFleetAccess({
    names,
    commands: bulk,
    pending,
    owners: createOwnerSurvey({ names, commands: bulk, clock, timeoutMs: bulkTimeoutMs, owners, pending }),
    historyKey,
    dataStreams,
    deadLetters: inside.deadLetters,
    clock,
    look: () => readFleet(group, inside.fleet),
  });
}

async function unlessRefused<T>(look: () => Promise<T>): Promise<T | null> {
  try {
    return await look();
  } catch (error) {
    if (isStreamwardenError(error, 'RedisUnavailable')) throw error;
    return null;
  }
}
