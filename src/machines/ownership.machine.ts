/**
 * One entry of the load balancer stream in this process's hands: the data stream and its lock, which live and die together.
 * One actor an entry, of which there are tens of thousands, so there are no timers here and as few events as can be.
 *
 * acquiring    Read, its lock taken, not yet verified. Nobody has been told of it. Left by `verified`, `refused`, `contended`.
 * contended    Another pending entry owns the data stream's name. Asked again every heartbeat; given back when the name is free.
 * acquired     Verified and recorded as ours; about to be handed to the application, which is done only while the lease is
 *              certain: so it cannot become uncertain here. Left by `handed`.
 * extending    The application has it and the lease keeper keeps it. The steady state. `lease.missed` makes it uncertain.
 * uncertain    As extending, but the lease could not be confirmed in time: somebody else may be given it. `lease.confirmed`
 *              leads back.
 * backingOff   Its handler threw, in one of these two; the lease is kept until the back-off is over (`giveBack.requested`),
 *              then a retry is spent.
 * acking       done() was called, in one of acquired to backingOff; acknowledged once, however often the question has to be
 *              asked. Nothing else can be asked for until it is answered. `ack.refused` leads back: the stream was ensured anew
 *              meanwhile, and done() was not to finish it then.
 * givingBack   A hand-over, a release or a spent retry is on its way, from the same four.
 * releasing    Acknowledged, its lock not yet released.
 *
 * Final: released (done) · handedOver (requeued, for whatever reason) · deadLettered · lost (somebody else's, or gone; from every
 * state between contended and givingBack) · refused (it never was ours) · unknown (done was sent, no answer came, and it is not
 * pending any more).
 *
 * Invariant: the application hears of an entry only from acquired on, and of its loss exactly when `lost` is entered after it
 * had heard of it (action `disown`): by being handed it, or by calling done() on what it found listed.
 */
import { assign, setup } from 'xstate';
import type { ErrorFact } from './facts.js';

export interface OwnershipContext {
  readonly id: string;
  readonly name: string;
  readonly retryCount: number;
  /** Why it ended, where there is more to say than the final state's name. */
  readonly reason: string | null;
  /** It is being given back without the application ever having heard of it. */
  readonly unheard: boolean;
}

export type OwnershipInput = Omit<OwnershipContext, 'reason' | 'unheard'>;

export type OwnershipEvent =
  | { type: 'verified' }
  | { type: 'refused' }
  | { type: 'contended' }
  | { type: 'handed' }
  | { type: 'lease.missed' }
  | { type: 'lease.confirmed' }
  | { type: 'lost'; reason: string }
  | { type: 'handler.failed'; error: ErrorFact }
  | { type: 'done.requested' }
  | { type: 'acked'; lockReleased: boolean }
  | { type: 'ack.unknown' }
  /** @param wasUncertain when done() was called */
  | { type: 'ack.refused'; wasUncertain: boolean }
  | { type: 'lock.released' }
  | { type: 'giveBack.requested'; reason: string }
  | { type: 'requeued' }
  | { type: 'deadLettered' };

/** The context that an ownership begins with. */
export function beginContext({ id, name, retryCount }: OwnershipInput): OwnershipContext {
  return { id, name, retryCount, reason: null, unheard: false };
}

export const ownershipMachine = setup({
  types: {
    context: {} as OwnershipContext,
    events: {} as OwnershipEvent,
    input: {} as OwnershipInput,
  },
  guards: {
    isLockReleased: ({ event }) => event.type === 'acked' && event.lockReleased,
    isUnheard: ({ context }) => context.unheard,
    wasUncertain: ({ event }) => event.type === 'ack.refused' && event.wasUncertain,
  },
  actions: {
    recordReason: assign({
      reason: ({ context, event }) => ('reason' in event ? event.reason : context.reason),
    }),
    // Recorded on this rare way only: an assignment on the way of every entry would cost more than all else here.
    recordUnheard: assign({ unheard: true }),
    /** Abort the signal and tell the application that the stream is not its own any more. */
    disown: () => {},
    /** Tell the application that the lease is overdue. */
    tellUncertain: () => {},
    tellConfirmed: () => {},
  },
}).createMachine({
  id: 'ownership',
  initial: 'acquiring',
  context: ({ input }) => beginContext(input),
  states: {
    acquiring: {
      on: { verified: 'acquired', refused: 'refused', contended: 'contended' },
    },
    contended: {
      on: {
        requeued: 'handedOver',
        deadLettered: 'deadLettered',
        lost: { target: 'lost', actions: 'recordReason' },
      },
    },
    acquired: {
      on: {
        handed: 'extending',
        'done.requested': 'acking',
        'giveBack.requested': { target: 'givingBack', actions: ['recordReason', 'recordUnheard'] },
        lost: { target: 'lost', actions: 'recordReason' },
      },
    },
    extending: {
      on: {
        'lease.missed': { target: 'uncertain', actions: 'tellUncertain' },
        'handler.failed': 'backingOff',
        'done.requested': 'acking',
        'giveBack.requested': { target: 'givingBack', actions: 'recordReason' },
        lost: { target: 'lost', actions: ['recordReason', 'disown'] },
      },
    },
    uncertain: {
      on: {
        'lease.confirmed': { target: 'extending', actions: 'tellConfirmed' },
        'handler.failed': 'backingOff',
        'done.requested': 'acking',
        'giveBack.requested': { target: 'givingBack', actions: 'recordReason' },
        lost: { target: 'lost', actions: ['recordReason', 'disown'] },
      },
    },
    backingOff: {
      on: {
        'done.requested': 'acking',
        'giveBack.requested': { target: 'givingBack', actions: 'recordReason' },
        lost: { target: 'lost', actions: ['recordReason', 'disown'] },
      },
    },
    acking: {
      on: {
        acked: [{ target: 'released', guard: 'isLockReleased' }, { target: 'releasing' }],
        'ack.unknown': 'unknown',
        'ack.refused': [{ guard: 'wasUncertain', target: 'uncertain' }, { target: 'extending' }],
        lost: { target: 'lost', actions: ['recordReason', 'disown'] },
      },
    },
    givingBack: {
      on: {
        requeued: 'handedOver',
        deadLettered: 'deadLettered',
        lost: [
          { guard: 'isUnheard', target: 'lost', actions: 'recordReason' },
          { target: 'lost', actions: ['recordReason', 'disown'] },
        ],
      },
    },
    releasing: { on: { 'lock.released': 'released' } },
    released: { type: 'final' },
    handedOver: { type: 'final' },
    deadLettered: { type: 'final' },
    lost: { type: 'final' },
    refused: { type: 'final' },
    unknown: { type: 'final' },
  },
});
