/** Recordings of several processes as one, on one axis of time: by their wall clocks. Actors are named after their process as well. */
import { StreamwardenError } from '../core/errors.js';
import { type Header, isActorLine, type Line } from './format.js';
import type { Recording } from './recording.js';

interface Placed {
  readonly line: Line;
  readonly consumer: string;
  /** Which of the recordings. */
  readonly of: number;
  /** Of its process, which never goes back: what happened later happened later, whatever the clock said. */
  readonly at: number;
}

/** The path of an actor where there are several processes. */
export function pathIn(consumer: string, path: string): string {
  return `${consumer}:${path}`;
}

function placed({ header: { consumer }, lines }: Recording, of: number): Placed[] {
  let latest = 0;
  return lines.map((line) => {
    latest = Math.max(latest, line.at);
    return { line, consumer, of, at: latest };
  });
}

function headerOf(recordings: readonly Recording[]): Header {
  const [first] = recordings as readonly [Recording];
  const headers = recordings.map(({ header }) => header);
  const other = headers.find(({ version }) => version !== first.header.version);
  if (other !== undefined) {
    throw new StreamwardenError(
      'InvalidOption',
      `expected recordings of one version of the format, got: ${first.header.version} and ${other.version}; --accept writes an older one anew`,
      { details: { option: 'recordings', expected: 'one version of the format' } },
    );
  }
  const { only: _only, ...rest } = first.header;
  const machines = Object.fromEntries(
    headers
      .flatMap((header) => Object.entries(header.machines))
      // One that is not the same everywhere is not known.
      .filter(([id, print]) => headers.every((header) => (header.machines[id] ?? print) === print)),
  );
  return {
    ...rest,
    consumer: headers.map(({ consumer }) => consumer).join(' + '),
    startedAt: Math.min(...headers.map(({ startedAt }) => startedAt)),
    why: 'merged',
    machines,
  };
}

/** @throws StreamwardenError `InvalidOption`: they are of different versions of the format */
export function merge(recordings: readonly Recording[]): Recording {
  const header = headerOf(recordings);
  const all = recordings
    .flatMap(placed)
    .sort((a, b) => a.at - b.at || a.of - b.of || a.line.seq - b.line.seq);
  const numbers = recordings.map(() => new Map<number, number>());
  const lines: Line[] = [];
  let seq = 0;
  let ends = 0;
  for (const { line, consumer, of, at } of all) {
    if (line.kind === 'end') {
      ends += 1;
      continue;
    }
    const known = numbers[of] as Map<number, number>;
    lines.push(numbered(named({ ...line, at }, consumer), seq, known));
    if (line.kind === 'join' || line.kind === 'lost') continue;
    known.set(line.seq, seq);
    seq += 1;
  }
  const events = lines.filter(({ kind }) => kind === 'event').length;
  if (ends === recordings.length) {
    const at = Math.max(...all.map((one) => one.at));
    lines.push({ kind: 'end', seq, at, why: 'merged', events, lost: 0 });
  }
  const cut = recordings.find((one) => one.cut !== null)?.cut ?? null;
  return { header, lines, file: null, cut };
}

function named(line: Line, consumer: string): Line {
  if (isActorLine(line)) return { ...line, actor: pathIn(consumer, line.actor) };
  if (line.kind === 'notification') return { ...line, notification: { ...line.notification, consumer } };
  return line;
}

function numbered(line: Line, seq: number, known: ReadonlyMap<number, number>): Line {
  if (!('by' in line) || line.by === undefined) return { ...line, seq };
  const { by, ...rest } = line;
  const told = known.get(by);
  return told === undefined ? { ...rest, seq } : { ...line, seq, by: told };
}

/** One owner of a stream, in one of several recordings. */
export interface Tenure {
  readonly consumer: string;
  readonly id: string;
  /** Epoch milliseconds at which the application was given it. */
  readonly from: number;
  /** When and how it ended; null: it was owned when the recording ended. */
  readonly to: number | null;
  readonly ending: string | null;
}

export interface StreamTenures {
  readonly stream: string;
  /** In the order in which they began. */
  readonly tenures: readonly Tenure[];
}

/** Who was given which stream, from when to when, as the processes themselves knew it. */
export function tenuresOf(recordings: readonly Recording[]): StreamTenures[] {
  const byStream = new Map<string, Tenure[]>();
  for (const { header, lines } of recordings) {
    const open = new Map<string, { tenure: Tenure; list: Tenure[] }>();
    for (const line of lines) {
      if (line.kind === 'notification' && line.notification.type === 'StreamAdded') {
        const { stream, id } = line.notification as { readonly stream?: unknown; readonly id?: unknown };
        const list = byStream.get(String(stream)) ?? [];
        byStream.set(String(stream), list);
        const tenure = { consumer: header.consumer, id: String(id), from: line.at, to: null, ending: null };
        open.set(tenure.id, { tenure, list });
        list.push(tenure);
      } else if (line.kind === 'event' && line.machine === 'ownership' && line.status !== undefined) {
        const known = open.get(line.actor.slice(line.actor.lastIndexOf('/') + 1));
        if (known === undefined) continue;
        const { tenure, list } = known;
        list[list.indexOf(tenure)] = { ...tenure, to: line.at, ending: String(line.state) };
      }
    }
  }
  return [...byStream]
    .map(([stream, tenures]) => ({ stream, tenures: tenures.sort((a, b) => a.from - b.from) }))
    .sort((a, b) => (a.stream < b.stream ? -1 : 1));
}

/** Whether two processes took it to be their own at once, by their own clocks. */
export function overlaps({ tenures }: StreamTenures): boolean {
  return tenures.some((one, at) =>
    tenures
      .slice(at + 1)
      .some((next) => next.consumer !== one.consumer && (one.to === null || one.to > next.from)),
  );
}
