/** Notifications as `consume` prints them. */

import { plural } from '../core/amounts.js';
import { messageOf } from '../core/errors.js';
import { redact } from '../core/logger.js';
import type { Notification } from '../runtime/notifications.js';
import { inWords, type OutputLine } from './output.js';

/** The notification as a JSON line: its own members, in an order that reads well. */
export function lineOf(notification: Notification): OutputLine {
  if (notification.type === 'StreamFailed') {
    const { at, type, stream, id, retryCount, info, error, ...more } = notification;
    return { at, type, stream, id, retryCount, info, error: redact(messageOf(error)), ...more };
  }
  if (notification.type === 'StreamDeadLettered') {
    const { at, type, stream, id, retryCount, ...more } = notification;
    return { at, type, stream, id, retryCount, ...more };
  }
  if (notification.type !== 'StreamTerminated') {
    const { at, type, stream, id, retryCount, info, ...more } = notification;
    return { at, type, stream, id, retryCount, info, ...more };
  }
  const { at, type, reason, error } = notification;
  return {
    at,
    type,
    reason,
    error: error === null ? null : { code: error.code, message: redact(error.message) },
  };
}

/** The notification in words. */
export function wordsOf(notification: Notification): string {
  return inWords(notification.at, ...wordOf(notification));
}

function wordOf(notification: Notification): [what: string, about: string] {
  if (notification.type === 'StreamTerminated') {
    const { reason, error } = notification;
    return ['terminated', error === null ? reason : `${reason}: ${redact(error.message)}`];
  }
  if (notification.type === 'StreamDeadLettered') {
    const { stream, id, reason, letterId, count } = notification;
    const others = count > 1 ? ` and ${plural(count - 1, 'other')}` : '';
    return ['dead-lettered', `${stream ?? 'no name'}  ${id}${others}: ${reason}, as ${letterId}`];
  }
  const { stream, id, retryCount, info } = notification;
  const which = `${stream}  ${id}`;
  switch (notification.type) {
    case 'StreamAdded': {
      const retries = retryCount > 0 ? `  retry ${retryCount}` : '';
      return ['added', `${which}${retries}${info === null ? '' : `  ${JSON.stringify(info)}`}`];
    }
    case 'StreamExpired': {
      const others = notification.count > 1 ? ` and ${plural(notification.count - 1, 'other')}` : '';
      const next = notification.autoClaim ? 'is being requeued' : 'is left to others';
      return ['expired', `${which}${others}: ${notification.owner} is dead, ${next}`];
    }
    case 'StreamDisowned':
      return [
        'lost',
        `${which}: ${notification.reason === 'takenOver' ? 'somebody else was given it' : 'its entry is gone from Redis'}`,
      ];
    case 'StreamUncertain':
      return ['uncertain', `${which}: not confirmed for ${Math.round(notification.overdueMs)} ms too long`];
    case 'StreamConfirmed':
      return ['confirmed', which];
    case 'StreamTouched':
      return [
        'touched',
        `${which}: ensured while it is owned, ${plural(notification.touched, 'time')} in all`,
      ];
    case 'StreamCancelled':
      return ['cancelled', `${which}: a producer cancelled it`];
    case 'StreamMoving':
      return ['moving', `${which}: handed over, as this process has more than its share`];
    case 'StreamFailed':
      return ['failed', `${which}: ${redact(messageOf(notification.error))}`];
    case 'EntriesTrimmed': {
      const { key, after, first, missed } = notification;
      const what = missed === null ? 'entries' : plural(missed, 'entries').replace(/^1 entries/, '1 entry');
      return [
        'trimmed',
        `${which}: ${what} of ${key} behind ${after} removed before they were read; ${first === null ? 'none is left' : `goes on with ${first}`}`,
      ];
    }
    case 'EntryFailed': {
      const { key, entryId, attempts, letterId, error } = notification;
      const as = letterId === null ? 'skipped' : `copied as ${letterId}`;
      return [
        'entry failed',
        `${which}: ${entryId} of ${key} after ${plural(attempts, 'attempt')}, ${as}: ${redact(messageOf(error))}`,
      ];
    }
  }
}
