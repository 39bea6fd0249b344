/**
 * Where a process stood still: a timer that was due rang late, and nothing was recorded in between. A recording does not say so itself: whoever stands
 * still writes nothing.
 */
import type { ActorLine, Line } from './format.js';

/** A span in which nothing was recorded although a timer was due. */
export interface Silence {
  /** `seq` of the last line before, and when that was. */
  readonly seq: number;
  readonly from: number;
  /** When the timer rang, epoch milliseconds. */
  readonly to: number;
}

/** As format.ts has it, without the schemas: the page imports this file too. */
function isActorLine(line: Line): line is ActorLine {
  return 'actor' in line;
}

/** A timer that rings this much late was kept from ringing; below that the event loop was busy. */
const LATE_MS = 200;

/** What follows the milliseconds says what the machine remembered. */
const TIMER = /^after (\S+) (\d+(?:\.\d+)?)(?: @\S+)?$/;
const RANG = /^xstate\.after\.([^.]*)\./;

/** Takes the lines of one recording in order. */
export class SilenceFinder {
  /** Actor and timer → when it is due. */
  readonly #due = new Map<string, number>();
  /** Of each process: several may have been merged. */
  readonly #last = new Map<string, { readonly seq: number; readonly at: number }>();

  /** @returns the silence that this line ends, if any */
  take(line: Line): Silence | undefined {
    if (line.kind === 'lost') {
      // What was recorded there is not known.
      this.#last.clear();
      return undefined;
    }
    if (line.kind === 'end') return undefined;
    const silence = isActorLine(line) && line.kind === 'event' ? this.#rang(line) : undefined;
    if (isActorLine(line)) this.#note(line);
    this.#last.set(processOf(line), { seq: line.seq, at: line.at });
    return silence;
  }

  #rang(line: Extract<Line, { kind: 'event' }>): Silence | undefined {
    const [, name] = RANG.exec(line.event.type) ?? [];
    const due = name === undefined ? undefined : this.#due.get(`${line.actor} ${name}`);
    const last = this.#last.get(processOf(line));
    if (due === undefined || last === undefined) return undefined;
    if (line.at - due < LATE_MS || line.at - last.at < LATE_MS) return undefined;
    return { seq: last.seq, from: last.at, to: line.at };
  }

  #note(line: Extract<Line, { actor: string }>): void {
    if (line.kind !== 'event') {
      // Another life of the actor has timers of its own.
      for (const key of this.#due.keys()) if (key.startsWith(`${line.actor} `)) this.#due.delete(key);
    }
    for (const effect of line.kind === 'join' ? [] : (line.effects ?? [])) {
      const [, name, ms] = TIMER.exec(effect) ?? [];
      if (name !== undefined) this.#due.set(`${line.actor} ${name}`, line.at + Number(ms));
    }
  }
}

/** What `merge()` puts before the names of actors, and into notifications; '' where there is one process. */
function processOf(line: Line): string {
  if (line.kind === 'notification')
    return typeof line.notification.consumer === 'string' ? line.notification.consumer : '';
  if (!isActorLine(line)) return '';
  const [head = ''] = line.actor.split('/', 1);
  return head.slice(0, Math.max(0, head.lastIndexOf(':')));
}
