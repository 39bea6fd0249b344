/** The smallest part of a recording that still diverges: one actor, as few of its events as there can be. */
import type { Header, Line } from './format.js';
import type { Machines } from './machines.js';
import type { Recording } from './recording.js';
import { replay } from './replayer.js';
import type { Divergence } from './report.js';
import { Trim } from './trim.js';

export interface Shrunk {
  readonly header: Header;
  readonly lines: readonly Line[];
  /** What it still diverges in. */
  readonly divergence: Divergence;
  /** Events that it has, of those that the whole recording has. */
  readonly events: number;
}

function cutOut(recording: Recording, actor: string, from: number, to: number): Recording {
  const trim = new Trim({ actor, from, to });
  const lines = recording.lines.flatMap((line) => trim.take(line));
  return { ...recording, header: trim.header(recording.header), lines: [...lines, trim.end()], cut: null };
}

function divergenceOf(recording: Recording, machines: Machines | undefined): Divergence | undefined {
  const { actors } = replay(recording, machines === undefined ? {} : { machines });
  return actors.find(({ divergence }) => divergence !== null)?.divergence ?? undefined;
}

/**
 * Actors are folded each by itself, so one of them is enough: the one that diverges after fewest events. Its beginning is cut off as far as it still
 * diverges for the same reason, and at the same event.
 *
 * @returns undefined when nothing diverges
 */
export function shrink(recording: Recording, machines?: Machines): Shrunk | undefined {
  const { actors } = replay(recording, machines === undefined ? {} : { machines });
  const found = actors
    .flatMap(({ divergence }) => (divergence === null ? [] : [divergence]))
    .sort((a, b) => a.step - b.step || a.seq - b.seq)[0];
  if (found === undefined) return undefined;
  const { actor, seq, reason } = found;
  const seqs = recording.lines
    .filter((line) => 'actor' in line && line.actor === actor && line.seq <= seq)
    .map((line) => line.seq);
  const isSame = (part: Recording) => {
    const now = divergenceOf(part, machines);
    return now !== undefined && now.seq === seq && now.reason === reason;
  };
  let best = cutOut(recording, actor, 0, seq);
  // The later it may begin, the fewer are left: most diverge with nothing but the event itself.
  let [works, fails] = [0, seqs.length];
  for (let at = seqs.length - 1; at > works; at = Math.floor((works + fails) / 2)) {
    const part = cutOut(recording, actor, seqs[at] as number, seq);
    if (isSame(part)) {
      best = part;
      works = at;
    } else {
      fails = at;
    }
  }
  const divergence = divergenceOf(best, machines);
  if (divergence === undefined) return undefined;
  const events = best.lines.filter(({ kind }) => kind === 'event').length;
  return { header: best.header, lines: best.lines, divergence, events };
}
