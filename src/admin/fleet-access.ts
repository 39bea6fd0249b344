/** What a page about a fleet is asked: a look at all processes, and, when somebody wants to know, which streams one of them has and who owns a stream. */
import { type Clock, systemClock } from '../core/clock.js';
import { nextEntryId } from '../core/entry-id.js';
import { isStreamwardenError, messageOf } from '../core/errors.js';
import type { Commands } from '../redis/commands.js';
import type { DataStreams } from '../redis/data-streams.js';
import type { DeadLetterQueue } from '../redis/dead-letter-queue.js';
import { latestChanges, type OwnerChange } from '../redis/history-tail.js';
import type { Names } from '../redis/names.js';
import type { OwnerSurvey, Ownership } from '../redis/owner-survey.js';
import type { PendingRow, PendingSurvey } from '../redis/pending-survey.js';
import { replyOf } from '../redis/reply-errors.js';
import { type FleetFacts, readFleet } from '../runtime/fleet.js';
import { Calls } from './calls.js';
import { type CheckpointStatus, checkpointToShow, readCheckpoint } from './progress.js';
import { type AccessSettings, accessService } from './service-access.js';
import { type LettersOfStream, lettersOfStream } from './stream-letters.js';
import { namesWith, type SuggestedNames } from './stream-names.js';

export interface StreamsPage {
  /** What is pending for the consumer, in the order of the ids. */
  readonly rows: readonly PendingRow[];
  /** What to go on after; null: there is no more. */
  readonly after: string | null;
}

export interface FoundStream {
  /** Null: none of ours owns it, and the load balancer stream is too long to be looked through for it here. */
  readonly ownership: Ownership | null;
  /** The latest changes of its owner, newest first. Null: no history is kept, or the user may not read it. */
  readonly history: readonly OwnerChange[] | null;
  /** How far it has come, the value shortened. Null: nothing is kept, or the user may not look; `unreadable`: what is kept is no checkpoint of this version. */
  readonly checkpoint: CheckpointStatus | 'unreadable' | null;
  /** Since when nobody is given it, epoch milliseconds by Redis's clock; null: it is not paused, or the user may not look. */
  readonly pausedAt: number | null;
  /** Null: the user may not look. */
  readonly letters: LettersOfStream | null;
}

export interface FleetAccess {
  look(): Promise<FleetFacts>;
  /** @param consumer name in the group @param after where the page before ended; null: from the beginning */
  streams(consumer: string, after: string | null): Promise<StreamsPage>;
  find(name: string): Promise<FoundStream>;
  /** Names that have this in them, among what is pending. */
  suggest(part: string): Promise<SuggestedNames>;
}

export interface FleetSources {
  readonly names: Names;
  /** Commands on the server of the load balancer stream. Answers may be large. */
  readonly commands: Commands;
  readonly pending: PendingSurvey;
  readonly owners: OwnerSurvey;
  /** Undefined: no history is kept. */
  readonly historyKey: string | undefined;
  readonly dataStreams: Pick<DataStreams, 'placeOf' | 'look'>;
  readonly deadLetters: Pick<DeadLetterQueue, 'list'>;
  readonly clock: Clock;
  look(): Promise<FleetFacts>;
}

const PAGE = 100;
/** Of a longer load balancer stream only what is recorded is looked at. */
const MOST_SEARCHED = 20_000;
const MOST_CHANGES = 50;

export function createFleetAccess(sources: FleetSources): FleetAccess {
  const { names, commands, pending, owners, historyKey, dataStreams, deadLetters, clock } = sources;

  async function changesOf(name: string): Promise<OwnerChange[] | null> {
    if (historyKey === undefined) return null;
    try {
      return await latestChanges(commands, historyKey, name, MOST_CHANGES);
    } catch (error) {
      if (!isStreamwardenError(error, 'PermissionDenied')) throw error;
      return null;
    }
  }

  async function pausedAt(name: string): Promise<number | null> {
    const [, , , , paused] = names.parking;
    try {
      const since = await commands.run('HGET', (client) => client.hget(paused, name));
      return since === null ? null : Number(since);
    } catch (error) {
      if (!isStreamwardenError(error, 'PermissionDenied')) throw error;
      return null;
    }
  }

  async function ownershipOf(name: string): Promise<Ownership | null> {
    const recorded = await owners.recorded(name);
    if (recorded !== undefined) return recorded;
    const length = await commands.run('XLEN', (client) => client.xlen(names.lbs));
    return length > MOST_SEARCHED ? null : await owners.of(name);
  }

  return {
    look: () => unlessNoGroup({ members: [], round: undefined }, () => sources.look()),
    async streams(consumer, after) {
      const start = after === null ? '-' : nextEntryId(after);
      const rows = await unlessNoGroup([], () => pending.page(start, PAGE, consumer));
      return { rows, after: rows.length < PAGE ? null : (rows.at(-1)?.id ?? null) };
    },
    async find(name) {
      return {
        ownership: await ownershipOf(name),
        history: await changesOf(name),
        pausedAt: await pausedAt(name),
        checkpoint: await checkpointToShow(() => readCheckpoint(commands, names, dataStreams, name)),
        letters: await lettersOfStream(deadLetters, clock, name),
      };
    },
    suggest: (part) =>
      unlessNoGroup({ names: [], looked: 0, hasMore: false }, () => namesWith(pending, clock, part)),
  };
}

/** Before the first consumer starts there is no group. */
async function unlessNoGroup<T>(otherwise: T, look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    const isNoStream = isStreamwardenError(error) && messageOf(error.cause).startsWith('ERR no such key');
    if (replyOf(error) !== 'NOGROUP' && !isNoStream) throw error;
    return otherwise;
  }
}

export interface OpenFleetAccess extends FleetAccess, AsyncDisposable {
  /** @throws StreamwardenError `RedisUnavailable`, `RedisRefused`, `PermissionDenied` */
  exists(): Promise<boolean>;
}

/** For a process that is none of the service's consumers. It connects with the first call, and stays connected. */
export function openFleetAccess(
  settings: AccessSettings,
  historyKey: string | undefined,
  clock: Clock = systemClock,
): OpenFleetAccess {
  const access = accessService(settings, clock);
  const calls = new Calls(access, clock);
  const { names, home: commands, pending, owners } = access;
  const inner = createFleetAccess({
    names,
    commands,
    pending,
    owners,
    historyKey,
    dataStreams: access.dataStreams,
    deadLetters: access.deadLetters,
    clock,
    look: () => readFleet(access.group, access.fleet),
  });
  return {
    exists: () => calls.read({}, () => access.exists()),
    look: () => calls.read({}, () => inner.look()),
    streams: (consumer, after) => calls.read({}, () => inner.streams(consumer, after)),
    find: (name) => calls.read({}, () => inner.find(name)),
    suggest: (part) => calls.read({}, () => inner.suggest(part)),
    async [Symbol.asyncDispose]() {
      calls.close();
    },
  };
}
