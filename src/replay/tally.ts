/** Counts what a replay meets, for its report. Bounded: actors that agree are listed up to a limit, and counted beyond it. */
import { fingerprintOf } from './fingerprint.js';
import type { ActorLine, Header, Line } from './format.js';
import type { Machines } from './machines.js';
import type { Cut } from './parser.js';
import type { ActorReport, Divergence, MachineReport, ReplayReport, Standing } from './report.js';

/** So many actors that agree are listed; further ones are counted. */
const MOST_LISTED = 10_000;
/** So many divergences are described; further ones are counted. */
const MOST_DESCRIBED = 1_000;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Where a line leaves its actor. */
export function standingOf(line: ActorLine): Standing {
  return { state: line.state, status: (line.kind === 'join' ? undefined : line.status) ?? 'active' };
}

export class Tally {
  readonly #header: Header;
  readonly #machines: Machines;
  readonly #actors = new Map<string, Mutable<ActorReport>>();
  readonly #byMachine = new Map<string, Mutable<MachineReport>>();
  #unlisted = 0;
  #events = 0;
  #actorCount = 0;
  #diverged = 0;
  #lost = 0;
  #missing = 0;
  #nextSeq: number | undefined;
  #isComplete = false;

  constructor(header: Header, machines: Machines) {
    this.#header = header;
    this.#machines = machines;
  }

  /** Every entry has the number after the one before it. What only introduces or explains has the number of what comes next. */
  line(line: Line): void {
    const { kind, seq } = line;
    if (kind === 'end') this.#isComplete = true;
    let expected = this.#nextSeq ?? seq;
    if (kind === 'lost') {
      this.#lost += line.lines;
      expected += line.lines;
    }
    if (this.#header.only === undefined) this.#missing += Math.max(0, seq - expected);
    this.#nextSeq = kind === 'join' || kind === 'lost' || kind === 'end' ? seq : seq + 1;
  }

  /** An actor begins a life, or is met in one. */
  life(line: ActorLine): void {
    this.#actorCount += 1;
    this.#machine(line.machine).actors += 1;
    const row = this.#rowOf(line, this.#actors.size < MOST_LISTED);
    if (row === undefined) this.#unlisted += 1;
    else row.lives += 1;
  }

  /** Something happened to an actor. */
  step(line: ActorLine): void {
    const row = this.#actors.get(line.actor);
    if (row !== undefined) row.last = standingOf(line);
    if (line.kind !== 'event') return;
    this.#events += 1;
    this.#machine(line.machine).events += 1;
    if (row !== undefined) row.events += 1;
  }

  divergence(line: ActorLine, divergence: Divergence): void {
    this.#diverged += 1;
    this.#machine(line.machine).diverged += 1;
    const isListed = this.#actors.has(line.actor);
    const row = this.#rowOf(line, this.#diverged <= MOST_DESCRIBED);
    if (row === undefined) return;
    // It was met when the list was full.
    if (!isListed) {
      this.#unlisted -= 1;
      row.lives = 1;
    }
    row.verdict = 'diverges';
    row.divergence ??= divergence;
  }

  /** Whether a machine is defined as it was when the recording was made. */
  definitionOf(id: string): MachineReport['definition'] {
    const recorded = Object.hasOwn(this.#header.machines, id) ? this.#header.machines[id] : undefined;
    const machine = this.#machines.get(id);
    if (recorded === undefined || machine === undefined) return 'unknown';
    return fingerprintOf(machine) === recorded ? 'same' : 'changed';
  }

  /** @param cut the tail that was missing, if any */
  report(cut: Cut | null): ReplayReport {
    return {
      header: this.#header,
      complete: this.#isComplete,
      cut,
      lost: this.#lost,
      missing: this.#missing,
      events: this.#events,
      actorCount: this.#actorCount,
      diverged: this.#diverged,
      agrees: this.#diverged === 0 && this.#missing === 0,
      machines: [...this.#byMachine.values()].sort((a, b) => (a.machine < b.machine ? -1 : 1)),
      actors: [...this.#actors.values()],
      unlisted: this.#unlisted,
    };
  }

  #rowOf(line: ActorLine, mayAdd: boolean): Mutable<ActorReport> | undefined {
    const { actor, machine } = line;
    let row = this.#actors.get(actor);
    if (row === undefined && mayAdd) {
      row = {
        actor,
        machine,
        lives: 0,
        events: 0,
        last: standingOf(line),
        verdict: 'agrees',
        divergence: null,
      };
      this.#actors.set(actor, row);
    }
    return row;
  }

  #machine(id: string): Mutable<MachineReport> {
    let found = this.#byMachine.get(id);
    if (found === undefined) {
      found = { machine: id, definition: this.definitionOf(id), actors: 0, events: 0, diverged: 0 };
      this.#byMachine.set(id, found);
    }
    return found;
  }
}
