/** What several recordings tell together: a fleet's incident, before what each process has to say. */
import { duration, plural } from '../core/amounts.js';
import { overlaps, type StreamTenures } from './merge.js';
import type { ReplayReport } from './report.js';
import type { Story } from './story.js';

export interface Told {
  readonly report: ReplayReport;
  readonly story: Story;
}

export interface Summary {
  readonly recordings: number;
  readonly consumers: number;
  readonly events: number;
  /** Actors that diverge. */
  readonly diverged: number;
  /** Streams that the applications were given, by name, and how often. */
  readonly streams: number;
  readonly assigned: number;
  readonly lost: number;
  /** Streams that two processes had at once, as far as their clocks say. */
  readonly overlapping: number;
  readonly failures: number;
  readonly deadLettered: number;
  /** Consumers that were silent although a timer was due, and for how long in all. */
  readonly silent: number;
  readonly silentMs: number;
  /** Recordings without an end. */
  readonly unended: number;
}

export function summaryOf(told: readonly Told[], streams: readonly StreamTenures[]): Summary {
  const sum = (of: (one: Told) => number) => told.reduce((total, one) => total + of(one), 0);
  return {
    recordings: told.length,
    consumers: new Set(told.map(({ report }) => report.header.consumer)).size,
    events: sum(({ report }) => report.events),
    diverged: sum(({ report }) => report.diverged),
    streams: streams.length,
    assigned: sum(({ story }) => story.assigned),
    lost: sum(({ story }) => story.lost),
    overlapping: streams.filter(overlaps).length,
    failures: sum(({ story }) => story.failures),
    deadLettered: sum(({ story }) => story.deadLettered),
    silent: told.filter(({ story }) => story.silences > 0).length,
    silentMs: sum(({ story }) => story.silentMs),
    unended: told.filter(({ report }) => !report.complete).length,
  };
}

/** Sentences, the most important first. */
export function wordsOfSummary(summary: Summary): string[] {
  const { recordings, consumers, events, diverged, streams, assigned, silent, unended } = summary;
  const trouble = [
    summary.lost > 0 && `${summary.lost} lost`,
    summary.overlapping > 0 && `${summary.overlapping} with two owners at once`,
    summary.deadLettered > 0 && `${summary.deadLettered} dead-lettered`,
    summary.failures > 0 && `${plural(summary.failures, 'failure')} of handlers`,
  ].filter((part) => part !== false);
  const words = [
    `${plural(recordings, 'recording')} of ${plural(consumers, 'consumer')}: ${plural(events, 'event')}, ${diverged === 0 ? 'all as recorded' : `${plural(diverged, 'actor')} diverged`}.`,
    `${plural(streams, 'stream')} assigned ${assigned === 1 ? 'once' : `${assigned} times`}${trouble.map((part) => `, ${part}`).join('')}.`,
  ];
  if (silent > 0)
    words.push(`${plural(silent, 'consumer')} silent for ${duration(summary.silentMs)} in all.`);
  if (unended > 0) words.push(`${plural(unended, 'recording')} without an end.`);
  return words;
}
