/** What is being done with one stream of this process, for people who ask why nothing comes of it. */
import type { Consumer } from '../actors/consumer.js';
import type { CheckpointStanding } from '../actors/data/progress.js';
import type { Ownership } from '../actors/ownership.js';
import type { OwnershipState } from '../machines/standing.js';
import type { Lag } from '../redis/lag.js';
import { type LetterError, parseLetterError } from '../redis/letter-error.js';
import type { HandlerBackoff } from './handler-backoff.js';
import type { Processor } from './processor.js';

/** How the application's handler stands. Times are epoch milliseconds. */
export type HandlerStanding =
  /** The application has attached none: it works on streams as notifications tell of them. */
  | { readonly state: 'none' }
  /** As many run as may, or it is about to be called. */
  | { readonly state: 'queued' }
  | { readonly state: 'running'; readonly since: number }
  /** It threw; when a retry is spent. */
  | { readonly state: 'backingOff'; readonly until: number | null }
  | { readonly state: 'returned' };

export interface StreamActivity {
  readonly name: string;
  /** Of its entry; also its fencing token. */
  readonly id: string;
  readonly state: OwnershipState;
  /** What the producer announced it with. */
  readonly info: unknown;
  /** When it was verified as this runtime's, epoch milliseconds; null while it is not. */
  readonly since: number | null;
  /** Retries that were spent on it before this owner. */
  readonly retryCount: number;
  /** How often a handler of it threw before this owner. */
  readonly failures: number;
  /** How often an owner of it died. */
  readonly deaths: number;
  readonly mark: Ownership['mark'];
  /** How often producers ensured it since it is this runtime's, as far as is known. */
  readonly touched: number;
  readonly handler: HandlerStanding;
  /** What the handler threw last, without secrets; null: nothing. */
  readonly thrown: LetterError | null;
  /** The signal of the stream has aborted. */
  readonly isAborted: boolean;
  /** Until when the lease holds for certain, epoch milliseconds; null: it is not held, or the stream is on its way out. */
  readonly validUntil: number | null;
  /** How far it has come. Null: nothing is kept of it. */
  readonly checkpoint: CheckpointStanding | null;
  readonly lag: Lag | null;
}

interface Around {
  readonly consumer: Consumer;
  readonly backoff: HandlerBackoff;
  readonly processor: Pick<Processor<never, never>, 'isQueued' | 'workingSince'> | undefined;
}

/** Null: this runtime has nothing of that entry. */
export function activityOf(id: string, around: Around): StreamActivity | null {
  const { consumer } = around;
  const ownership = consumer.ownerships.get(id);
  if (ownership === undefined) return null;
  const { name, state, info, since, retryCount, failures, deaths, mark, touches, failure } = ownership;
  const { validUntil } = consumer.lease;
  return {
    name,
    id,
    state,
    info,
    since,
    retryCount,
    failures,
    deaths,
    mark,
    touched: touches,
    handler: handlerOf(ownership, around),
    thrown: failure === undefined ? null : parseLetterError(failure),
    isAborted: ownership.isAborted,
    validUntil: ownership.isWorkedOn && validUntil > 0 ? validUntil : null,
    checkpoint: consumer.saver.standingOf(ownership),
    lag: consumer.dataReader.lag.of(ownership),
  };
}

function handlerOf(ownership: Ownership, { backoff, processor }: Around): HandlerStanding {
  if (processor === undefined) return { state: 'none' };
  const since = processor.workingSince(ownership);
  if (since !== undefined) return { state: 'running', since };
  if (ownership.state === 'backingOff') {
    return { state: 'backingOff', until: backoff.untilOf(ownership) ?? null };
  }
  return { state: processor.isQueued(ownership) ? 'queued' : 'returned' };
}
