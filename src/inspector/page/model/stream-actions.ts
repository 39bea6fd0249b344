/** What can be done with a stream, what will happen then, and what has happened, in words. */
import type { StreamAction, StreamActionReply } from '../../protocol.js';
import { plural } from './format.js';

/** An entry of the stream in somebody's hands. */
export interface HeldEntry {
  /** The fencing token. */
  readonly id: string;
  /** Name in the group. */
  readonly holder: string;
  /** The runtime that is asked has it. */
  readonly isHere: boolean;
  /** Null: nobody knows. */
  readonly isAlive: boolean | null;
}

/** What there is to be done. @param isPaused null: that is not known */
export function actionsFor(held: HeldEntry | null, isPaused: boolean | null): StreamAction[] {
  const taking: StreamAction[] = held === null ? [] : [held.isHere ? 'release' : 'claim'];
  const pausing: StreamAction[] = isPaused === null ? ['pause', 'resume'] : [isPaused ? 'resume' : 'pause'];
  return [...taking, ...pausing, 'cancel'];
}

export const ACTION_NAMES: Readonly<Record<StreamAction, string>> = {
  release: 'Release',
  claim: 'Claim',
  pause: 'Pause',
  resume: 'Resume',
  cancel: 'Cancel stream',
};

/** What a confirmation says. */
export function warningOf(action: StreamAction, held: HeldEntry | null): string {
  switch (action) {
    case 'release':
      return 'Its handler is told to stop, and gets its grace. Then every process may be given the stream, this one included. No retry is spent.';
    case 'claim':
      return `${held?.holder} ${held?.isAlive === false ? 'gives no sign of life' : 'is ALIVE'}, and loses it. Every process may be given the stream, this one included; nobody can say which. A retry is spent.`;
    case 'pause':
      return 'No process is given it from now on, until it is resumed. Whoever owns it now goes on.';
    case 'resume':
      return 'What was put aside meanwhile goes back, and every process may be given it.';
    default:
      return 'Whoever owns it is told to stop, and finishes it. What waits of it is deleted, and so is its checkpoint. This cannot be undone.';
  }
}

const CANCELLED = {
  owned: 'It is owned: its owner is told to stop, and finishes it.',
  foreign: 'A consumer of the Go client has it, which nobody can tell: it was let alone.',
  delayed: 'It was delayed, and is gone.',
  waiting: 'It waited, and is gone.',
  none: 'It is not there: nothing was cancelled.',
} as const;

const CLAIMED = {
  gone: 'Its payload was deleted by somebody else: it is off the pending list.',
  cancelled: 'It had been cancelled, and is finished.',
  deadLettered: 'It cannot be read, and is a dead letter now.',
  deadLetterDue: 'It cannot be read, and is to be a dead letter.',
} as const;

/** What has become of it. */
export function outcomeOf(reply: StreamActionReply): string {
  switch (reply.action) {
    case 'release':
      return reply.outcome === 'released'
        ? 'Released: every process may be given it.'
        : 'It is being released, as soon as its handler has returned and Redis answers.';
    case 'claim':
      if (reply.outcome === 'requeued' || reply.outcome === 'adopted') {
        return `Claimed: announced anew as ${reply.copyId}.`;
      }
      return CLAIMED[reply.outcome];
    case 'cancel':
      return CANCELLED[reply.cancelled];
    default: {
      const aside = reply.parked === 0 ? '' : ` ${plural(reply.parked, 'entry', 'entries')} put aside.`;
      if (reply.action === 'pause') return `${reply.changed ? 'Paused.' : 'It was paused already.'}${aside}`;
      return `${reply.changed ? 'Resumed.' : 'It was not paused.'}${aside}`;
    }
  }
}
