/** News in words: how bad, and what happened. */
import type { NewsItem } from '../../protocol.js';
import { duration, plural } from './format.js';
import type { Tone } from './tone.js';

export interface NewsWords {
  readonly tone: Tone;
  readonly what: string;
  readonly words: string;
}

function moved({ requeued, deadLettered, trimmed, why }: Extract<NewsItem, { type: 'moved' }>): string {
  const parts = [
    requeued > 0 && `${plural(requeued, 'entry', 'entries')} requeued`,
    deadLettered > 0 && `${plural(deadLettered, 'entry', 'entries')} dead-lettered`,
    trimmed > 0 && `${plural(trimmed, 'dead letter')} trimmed away`,
  ].filter((part) => part !== false);
  return `${parts.join(', ') || 'nothing moved'} (${why})`;
}

const MOST_NAMED = 3;

function lost({ reason, count, streams }: Extract<NewsItem, { type: 'lost' }>): string {
  const named = streams.slice(0, MOST_NAMED).map(({ name }) => name);
  const more = count - named.length;
  const names = more > 0 ? `${named.join(', ')} and ${more} more` : named.join(', ');
  return `${plural(count, 'stream')} (${reason}): ${names}`;
}

export function newsWords(item: NewsItem): NewsWords {
  switch (item.type) {
    case 'childFailed': {
      const then =
        item.restartInMs === null ? 'not started again' : `started again in ${duration(item.restartInMs)}`;
      return { tone: 'bad', what: 'failed', words: `${item.child}: ${item.message} (${item.code}); ${then}` };
    }
    case 'childEscalated':
      return { tone: 'bad', what: 'escalated', words: `${item.child}: ${item.why}` };
    case 'childHealed':
      return { tone: 'good', what: 'healed', words: item.child };
    case 'lost':
      return { tone: 'bad', what: 'lost', words: lost(item) };
    case 'moved':
      return { tone: item.deadLettered > 0 ? 'warn' : 'busy', what: 'moved', words: moved(item) };
    case 'leaseLapsed':
      return { tone: 'bad', what: 'lease lapsed', words: `for the ${item.lapses}. time` };
    case 'leaseKept':
      return {
        tone: 'warn',
        what: 'lease kept',
        words: `by the heartbeat thread: the event loop was silent for ${duration(item.silentMs)}`,
      };
    case 'scanFinished':
      return {
        tone: 'quiet',
        what: 'scan',
        words: `${plural(item.pending, 'entry', 'entries')} looked at in ${duration(item.tookMs)}, ${item.requeued} requeued`,
      };
    case 'keyspaceSetup': {
      const error = item.error === null ? '' : `: ${item.error}`;
      const isFine = item.error === null;
      return {
        tone: isFine ? 'good' : 'warn',
        what: 'keyspace events',
        words: `${item.master} ${item.outcome}${error}`,
      };
    }
    case 'topologyAsked':
      return item.settled
        ? { tone: 'good', what: 'cluster settled', words: `masters ${item.masters.join(', ')}` }
        : { tone: 'warn', what: 'cluster unsettled', words: item.problems.join('; ') };
    case 'topologyApplied':
      return {
        tone: 'busy',
        what: 'masters covered',
        words: `${item.masters.join(', ')}${item.anew ? ' (anew)' : ''}`,
      };
    case 'groupRecreated':
      return { tone: 'bad', what: 'group created anew', words: item.group };
  }
}

const ABOUT_TOPOLOGY: ReadonlySet<NewsItem['type']> = new Set([
  'topologyAsked',
  'topologyApplied',
  'keyspaceSetup',
]);

export function isAboutTopology({ type }: NewsItem): boolean {
  return ABOUT_TOPOLOGY.has(type);
}
