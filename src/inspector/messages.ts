/** What was heard, as arrows of the sequence diagram. */
import type { StateValue } from '../replay/format.js';
import { wordsOfState } from '../replay/state-path.js';
import type { HeardEvent, HeardNotification, Standing } from '../replay/tap.js';
import { labelOf } from './actor-label.js';
import type { History } from './history.js';
import type { Message } from './protocol.js';

function words({ value }: Standing): string {
  return wordsOfState((value ?? {}) as StateValue);
}

/** Who was processing something when this was sent. */
function senderOf(by: number | undefined, history: History): string | null {
  const cause = by === undefined ? undefined : history.find(by);
  return cause === undefined || cause.kind === 'notification' ? null : cause.subject.path;
}

function fromEvent(entry: HeardEvent, history: History): Message {
  const { seq, at, by, subject, event, before, after, threw } = entry;
  return {
    seq,
    at,
    from: senderOf(by, history),
    to: subject.path,
    type: event.type,
    label: labelOf(subject, before),
    before: words(before),
    after: words(after ?? before),
    threw: threw !== undefined,
  };
}

function fromNotification(entry: HeardNotification, history: History): Message {
  const { seq, at, by, notification } = entry;
  const { stream } = notification as { readonly stream?: unknown };
  return {
    seq,
    at,
    from: senderOf(by, history),
    to: null,
    type: notification.type,
    label: typeof stream === 'string' ? stream : null,
    before: null,
    after: null,
    threw: false,
  };
}

/** The messages among the last entries, oldest first. */
export function messagesOf(history: History, count: number): Message[] {
  return history.last(count).flatMap((entry) => {
    if (entry.kind === 'event') return [fromEvent(entry, history)];
    return entry.kind === 'notification' ? [fromNotification(entry, history)] : [];
  });
}
