/** A story in words, for people who have not seen a statechart. */
import { duration, plural } from '../core/amounts.js';
import type { Cut } from './parser.js';
import type { Story } from './story.js';

/** So many are named in a line. */
const NAMED = 5;

function several(names: readonly string[], count: number): string {
  const shown = names.slice(0, NAMED);
  return count > shown.length ? `${shown.join(', ')} and ${count - shown.length} more` : shown.join(', ');
}

function times(count: number): string {
  if (count === 1) return 'once';
  return count === 2 ? 'twice' : `${count} times`;
}

/** How it ended; where it did not, that says so. */
function endOf({ terminated }: Story, isComplete: boolean, cut: Cut | null): string {
  if (terminated !== null) return `The runtime ${terminated === 'stopped' ? 'was stopped' : terminated}.`;
  if (cut !== null) return 'It has no end: the process died, or the disk was full.';
  if (!isComplete) return 'It has no end: the process died, or it is still being written.';
  return 'The runtime went on after it.';
}

/** Sentences, the most important first. */
export function wordsOfStory(story: Story, isComplete: boolean, cut: Cut | null): string[] {
  const { lost, lostStreams, silences, silentMs, silentSpans, restarts, uncertain, gaps } = story;
  const words: string[] = [];
  if (lost > 0) {
    const names = several(
      lostStreams.map(({ stream }) => stream),
      lost,
    );
    const reasons = [...new Set(lostStreams.map(({ reason }) => reason))].join(', ');
    words.push(`Lost ${plural(lost, 'stream')}: ${names} (${reasons}).`);
  }
  if (silences > 0) {
    const where = several(
      silentSpans.map(({ seq, lastedMs }) => `${duration(lastedMs)} after seq ${seq}`),
      silences,
    );
    words.push(`Silent for ${duration(silentMs)}, ${times(silences)}, although a timer was due: ${where}.`);
  }
  const again = Object.entries(restarts);
  if (again.length > 0)
    words.push(`Started again: ${again.map(([actor, count]) => `${actor} ${times(count)}`).join(', ')}.`);
  const ends = [
    story.finished > 0 && `${story.finished} finished`,
    story.givenBack > 0 && `${story.givenBack} given back`,
    story.deadLettered > 0 && `${story.deadLettered} dead-lettered`,
    story.failures > 0 && `handlers failed ${times(story.failures)}`,
    uncertain > 0 && `overdue ${times(uncertain)}`,
  ].filter((part) => part !== false);
  words.push(
    `In ${duration(story.lastedMs)} ${plural(story.assigned, 'stream')} assigned${ends.map((end) => `, ${end}`).join('')}.`,
  );
  for (const { seq, lines } of gaps.slice(0, NAMED))
    words.push(`${plural(lines, 'line')} missing before seq ${seq}.`);
  words.push(endOf(story, isComplete, cut));
  return words;
}
