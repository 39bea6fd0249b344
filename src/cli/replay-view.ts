/** What `replay` prints of a recording. */

import { duration, plural } from '../core/amounts.js';
import type { Comparison } from '../replay/compare.js';
import type { ActorLine, Line } from '../replay/format.js';
import { overlaps, type StreamTenures } from '../replay/merge.js';
import type { ActorReport, Divergence, ReplayReport } from '../replay/report.js';
import type { Shrunk } from '../replay/shrink.js';
import { wordsOfState } from '../replay/state-path.js';
import type { Story } from '../replay/story.js';
import { wordsOfStory } from '../replay/story-words.js';
import { type Summary, wordsOfSummary } from '../replay/summary.js';
import { linesOfDivergence } from '../replay/words.js';
import { table, timeOfDay } from './output.js';
import { printable } from './printable.js';

/** Actors that agree are many and alike: further ones are counted. */
const MOST_ROWS = 50;

function about(
  file: string,
  { header, events, actorCount, cut, complete, lost, missing, machines }: ReplayReport,
  story: Story | undefined,
): string[] {
  const lines = [
    `${file}: ${header.consumer} of ${header.service}, ${plural(events, 'event')} of ${plural(actorCount, 'actor')}, recorded by ${header.package} (${header.why})`,
  ];
  if (story !== undefined) lines.push(...wordsOfStory(story, complete, cut).map((words) => `  ${words}`));
  if (cut !== null) lines.push(`  cut off in line ${cut.line}: replayed up to there`);
  else if (!complete && story === undefined)
    lines.push('  without an end: the process died, or it is still being written');
  if (lost > 0 && story === undefined)
    lines.push(`  ${plural(lost, 'line')} could not be written at the time`);
  if (missing > 0) lines.push(`  ${plural(missing, 'line')} taken out of it`);
  for (const { machine, definition } of machines) {
    if (definition === 'changed') lines.push(`  the definition of ${machine} has changed since`);
  }
  return lines.map(printable);
}

function rowOf({
  actor,
  machine,
  lives,
  events,
  last,
  verdict,
  divergence,
}: ActorReport): (string | number)[] {
  const state =
    last.status === 'active' ? wordsOfState(last.state) : `${wordsOfState(last.state)} (${last.status})`;
  const found = divergence === null ? verdict : `${verdict} at seq ${divergence.seq}`;
  return [actor, machine, lives, events, state, found];
}

/** What happened, in words; a table with a row for each actor, those that diverge first, and what there is to say of these. */
export function reportForPeople(file: string, report: ReplayReport, story?: Story): string {
  const diverging = report.actors.filter(({ verdict }) => verdict === 'diverges');
  const agreeing = report.actors.filter(({ verdict }) => verdict === 'agrees');
  const shown = agreeing.slice(0, MOST_ROWS);
  const more = agreeing.length - shown.length + report.unlisted;
  return [
    ...about(file, report, story),
    '',
    table(
      ['ACTOR', 'MACHINE', 'LIVES', 'EVENTS', 'LAST STATE', 'VERDICT'],
      [...diverging, ...shown].map(rowOf),
    ),
    ...(more > 0 ? [`and ${plural(more, 'more actor')}`] : []),
    '',
    ...diverging.flatMap(({ divergence }) =>
      divergence === null ? [] : [...linesOfDivergence(divergence).map(printable), ''],
    ),
    report.diverged === 0
      ? 'Every event leads where it was recorded to lead.'
      : `${plural(report.diverged, 'actor')} of ${report.actorCount} diverged.`,
  ].join('\n');
}

function deedOf(line: ActorLine): string {
  switch (line.kind) {
    case 'spawn':
      return `starts${line.input === undefined ? '' : ` with ${JSON.stringify(line.input)}`}`;
    case 'join':
      return 'is met';
    default:
      return JSON.stringify(line.event);
  }
}

/** One line of a recording and what the replay says of it; undefined for lines that are about no actor. */
export function stepForPeople(line: Line, divergence: Divergence | undefined): string | undefined {
  if (line.kind === 'notification') {
    return `${line.seq}  ${timeOfDay(line.at)}  the application is told ${JSON.stringify(line.notification)}`;
  }
  if (line.kind === 'lost') return `${line.seq}  ${timeOfDay(line.at)}  ${plural(line.lines, 'line')} lost`;
  if (line.kind === 'end') return undefined;
  const patch = line.kind === 'event' ? (line.patch ?? []) : [];
  return [
    `${line.seq}  ${timeOfDay(line.at)}  ${line.actor}  ${deedOf(line)}`,
    `    → ${wordsOfState(line.state)}`,
    ...patch.map(([path, ...change]) =>
      `      ${path} ${change.map((value) => JSON.stringify(value)).join(' ')}`.trimEnd(),
    ),
    ...(line.kind !== 'join' && line.effects ? [`      asks for ${line.effects.join(', ')}`] : []),
    ...(divergence === undefined ? [] : linesOfDivergence(divergence)),
  ]
    .map(printable)
    .join('\n');
}

/** A mark between two lines. */
export function silenceForPeople(ms: number): string {
  return `    … silent for ${duration(ms)}, although a timer was due`;
}

/** Who had which stream. */
export function tenuresForPeople(streams: readonly StreamTenures[]): string {
  if (streams.length === 0) return 'No stream was assigned in any of them.';
  const rows = streams.slice(0, MOST_ROWS).map((one) => [
    one.stream,
    one.tenures
      .map(({ consumer, from, to, ending }) => {
        const end = to === null ? '…' : `${timeOfDay(to)} ${ending}`;
        return `${consumer} ${timeOfDay(from)} – ${end}`;
      })
      .join(' · '),
    overlaps(one) ? 'yes' : 'no',
  ]);
  const more = streams.length - rows.length;
  return [
    '',
    table(['STREAM', 'OWNERS', 'TWO AT ONCE'], rows),
    ...(more > 0 ? [`and ${plural(more, 'more stream')}`] : []),
    'By the clocks of the processes: what lies closer together than these differ may be in another order.',
  ].join('\n');
}

/** Of several recordings. */
export function summaryForPeople(summary: Summary): string {
  return ['', 'Together:', ...wordsOfSummary(summary).map((words) => `  ${words}`)].join('\n');
}

export function shrunkForPeople(
  file: string,
  out: string | null,
  { lines, divergence, events }: Shrunk,
): string {
  const shown = lines.flatMap((line) => stepForPeople(line, undefined) ?? []);
  return [
    printable(
      `${out ?? file}: ${plural(events, 'event')} of ${divergence.actor} ${events === 1 ? 'is' : 'are'} enough`,
    ),
    ...(out === null ? shown : []),
    ...linesOfDivergence(divergence).map(printable),
  ].join('\n');
}

export function comparisonForPeople(first: string, second: string, { same, partings }: Comparison): string {
  const lines = partings.flatMap(({ actor, same: steps, first: one, second: other }) => [
    `${actor}: the same for ${plural(steps, 'step')}, then`,
    `  ${first}: ${one === null ? 'nothing' : `${one.words} (seq ${one.seq})`}`,
    `  ${second}: ${other === null ? 'nothing' : `${other.words} (seq ${other.seq})`}`,
  ]);
  const verdict =
    partings.length === 0
      ? `${plural(same, 'actor')} went the same way in both.`
      : `${plural(partings.length, 'actor')} went another way, ${plural(same, 'actor')} the same.`;
  return [...lines, verdict].map(printable).join('\n');
}
