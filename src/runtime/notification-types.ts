/** The kinds of notifications, as values. */
import type { Notification } from './notifications.js';

// A record over the types: tsc refuses it when a kind of notification is missing here.
const NOTIFICATIONS: Readonly<Record<Notification['type'], true>> = {
  StreamAdded: true,
  StreamExpired: true,
  StreamDisowned: true,
  StreamUncertain: true,
  StreamConfirmed: true,
  StreamTouched: true,
  StreamCancelled: true,
  StreamMoving: true,
  StreamFailed: true,
  StreamDeadLettered: true,
  EntriesTrimmed: true,
  EntryFailed: true,
  StreamTerminated: true,
};

/** What a flight recorder can be made to write at. */
export const NOTIFICATION_TYPES = Object.keys(NOTIFICATIONS) as [string, ...string[]];
