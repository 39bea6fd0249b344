/** What actors tell, made into notifications, aborted signals and work for the handler. */
import type { Application, ExpiredEntry } from '../actors/application.js';
import type { Ownership } from '../actors/ownership.js';
import type { Clock } from '../core/clock.js';
import { type ErrorCode, StreamwardenError } from '../core/errors.js';
import type { DisownedReason, Notification, StreamRef } from './notifications.js';

export interface PortSettings {
  readonly clock: Clock;
  readonly onUncertain: 'continue' | 'abort';
  readonly autoClaim: boolean;
  /** How many more streams the application can be told of. */
  room(): number;
  tell(notification: Notification): void;
  /** A stream is not ours any more, for this reason. */
  lost(ownership: Ownership, reason: string): void;
  /** How far past its deadline the lease was when that was noticed, in milliseconds. */
  overdueMs(): number;
  /** Gives a stream to the handler, if there is one. */
  process(ownership: Ownership): void;
  isBusy(ownership: Ownership): boolean;
  /** Calls whoever listens for touches of this stream. */
  touched(ownership: Ownership): void;
  /** Whatever was planned for a cancelled stream is off. */
  cancelled(ownership: Ownership): void;
  /** Whether it may be handed over so that others have their share. */
  isMovable(ownership: Ownership): boolean;
  hasHandler(): boolean;
  /** Gives a stream back whose signal has aborted. */
  release(ownership: Ownership): void;
  /** An ownership has ended: whatever was planned for it is off. */
  ended(ownership: Ownership): void;
}

function refOf({
  name,
  id,
  info,
  retryCount,
}: Omit<ExpiredEntry, 'owner' | 'info'> & { readonly info: unknown }): StreamRef {
  return { stream: name, id, info, retryCount };
}

const WORDS: Readonly<Record<DisownedReason, string>> = {
  takenOver: 'somebody else owns it now',
  entryGone: 'its entry is gone from Redis',
  failed: 'it failed inside the runtime and is handed over',
};

export function createApplicationPort(settings: PortSettings): Application {
  const { clock, tell } = settings;

  function abort(ownership: Ownership, code: ErrorCode, message: string): void {
    ownership.abort(
      () => new StreamwardenError(code, message, { details: { stream: ownership.name, id: ownership.id } }),
    );
  }

  /** Told as uncertain, and not as confirmed since. */
  const unconfirmed = new WeakSet<Ownership>();

  return {
    get room() {
      return settings.room();
    },
    added(ownership) {
      tell({ type: 'StreamAdded', at: clock.now(), ...refOf(ownership) });
      settings.process(ownership);
    },
    uncertain(ownership) {
      // Its signal has aborted, and it was confirmed without a word: its handler still has its grace.
      if (unconfirmed.has(ownership)) return;
      unconfirmed.add(ownership);
      const overdueMs = settings.overdueMs();
      if (settings.onUncertain === 'abort') {
        abort(ownership, 'LeaseUncertain', `the lease of ${ownership.name} could not be confirmed in time`);
      }
      tell({ type: 'StreamUncertain', at: clock.now(), ...refOf(ownership), overdueMs });
    },
    confirmed(ownership) {
      // Nobody works on it any more: what was aborted cannot be begun again here.
      if (ownership.isAborted) {
        settings.release(ownership);
        return;
      }
      unconfirmed.delete(ownership);
      tell({ type: 'StreamConfirmed', at: clock.now(), ...refOf(ownership) });
    },
    disowned(ownership, reason) {
      const why = reason as DisownedReason;
      settings.lost(ownership, reason);
      abort(
        ownership,
        'StreamNotOwned',
        `${ownership.name} is not owned by this consumer any more: ${WORDS[why]}`,
      );
      tell({ type: 'StreamDisowned', at: clock.now(), ...refOf(ownership), reason: why });
    },
    touched(ownership) {
      if (!ownership.isWorkedOn) return;
      settings.touched(ownership);
      tell({ type: 'StreamTouched', at: clock.now(), ...refOf(ownership), touched: ownership.touches });
    },
    cancelled(ownership) {
      // One that the application has not heard of it does not hear of now.
      const isTold = ownership.state !== 'acquired';
      settings.cancelled(ownership);
      abort(ownership, 'StreamCancelled', `${ownership.name} was cancelled by a producer`);
      if (isTold) tell({ type: 'StreamCancelled', at: clock.now(), ...refOf(ownership) });
    },
    moving(ownership) {
      abort(
        ownership,
        'StreamReleased',
        `${ownership.name} is handed over: this process has more streams than its share`,
      );
      tell({ type: 'StreamMoving', at: clock.now(), ...refOf(ownership) });
    },
    isMovable: settings.isMovable,
    get hasHandler() {
      return settings.hasHandler();
    },
    expired(entry) {
      const { owner, info } = entry;
      tell({
        type: 'StreamExpired',
        at: clock.now(),
        ...refOf(entry),
        // No schema has seen it: it is as the payload has it.
        info,
        owner,
        autoClaim: settings.autoClaim,
        count: 1,
      });
    },
    deadLettered({ id, name, retryCount, reason, letterId }) {
      const stream = name === '' ? null : name;
      tell({
        type: 'StreamDeadLettered',
        at: clock.now(),
        stream,
        id,
        retryCount,
        reason,
        letterId,
        count: 1,
      });
    },
    isBusy: settings.isBusy,
    ended: settings.ended,
  };
}
