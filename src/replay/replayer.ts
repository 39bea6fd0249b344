/** Lives recordings through again, and says for each actor whether the present machines still do what was recorded. */
import type { AnyStateMachine } from 'xstate';
import { messageOf } from '../core/errors.js';
import { Fold } from './fold.js';
import {
  type ActorLine,
  type EventLine,
  type FormatVersion,
  type Header,
  isActorLine,
  type Line,
  type SpawnLine,
  type StateValue,
} from './format.js';
import { isSameJson, type Json } from './json-safe.js';
import { type Machines, presentMachines } from './machines.js';
import { stateMachine } from './state-machine.js';
import type { Cut } from './parser.js';
import { Patcher } from './patch.js';
import { openRecording, type Recording } from './recording.js';
import {
  type Divergence,
  type DivergenceReason,
  differences,
  type ReplayReport,
  type Standing,
} from './report.js';
import { standingOf, Tally } from './tally.js';

export interface ReplayOptions {
  /** Machines by id. @defaultValue those of this version of the package */
  readonly machines?: Machines;
  /** Replays this actor only. @defaultValue every one */
  readonly actor?: string;
}

/** Reasons that are found by comparing what came of an event. */
const COMPARED: ReadonlySet<DivergenceReason> = new Set(['state', 'context', 'effects']);

/** An actor that has been met and has not ended. */
interface Track {
  /** Undefined once it has diverged: nothing further can be compared. */
  fold: Fold | undefined;
  /** As recorded. */
  state: StateValue | null;
  context: Json;
  /** Of the context: it is changed in place, and nobody else has it. */
  readonly patcher: Patcher;
  /** Its events so far. */
  step: number;
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

function hasEnded(line: ActorLine): boolean {
  if (line.kind === 'join') return false;
  return line.status !== undefined || (line.kind === 'event' && line.threw !== undefined);
}

export class Replayer {
  readonly #machines: Machines;
  readonly #only: string | undefined;
  readonly #tally: Tally;
  readonly #version: FormatVersion;
  readonly #tracks = new Map<string, Track>();
  #found: Divergence | undefined;

  constructor(header: Header, { machines = presentMachines, actor }: ReplayOptions = {}) {
    this.#machines = machines;
    this.#only = actor;
    this.#version = header.version;
    this.#tally = new Tally(header, machines);
  }

  /** Takes the next line. @returns what diverges there */
  feed(line: Line): Divergence | undefined {
    this.#tally.line(line);
    if (!isActorLine(line) || (this.#only !== undefined && line.actor !== this.#only)) return undefined;
    this.#found = undefined;
    const track = line.kind === 'event' ? this.#event(line) : this.#begin(line);
    track.state = line.state;
    this.#tally.step(line);
    if (hasEnded(line)) this.#tracks.delete(line.actor);
    return this.#found;
  }

  /** @param cut the tail that was missing, if any */
  report(cut: Cut | null): ReplayReport {
    return this.#tally.report(cut);
  }

  #begin(line: Exclude<ActorLine, EventLine>): Track {
    const { actor: path, machine: id, state, context } = line;
    const known = line.kind === 'join' ? this.#tracks.get(path) : undefined;
    if (known === undefined) this.#tally.life(line);
    // Lines about it were lost: it is the same actor, further on, and what diverged before goes on doing so.
    else if (known.fold === undefined) return known;
    const track: Track = {
      fold: undefined,
      state: null,
      context,
      patcher: new Patcher(),
      step: known?.step ?? 0,
    };
    this.#tracks.set(path, track);
    const machine = this.#machines.get(id);
    if (machine === undefined) {
      this.#diverges(
        track,
        line,
        'unknownMachine',
        `expected one of ${[...this.#machines.keys()].join(', ')}`,
      );
    } else if (line.kind === 'spawn') {
      this.#spawn(track, line, stateMachine(machine));
    } else {
      try {
        track.fold = Fold.join(stateMachine(machine), state, context);
      } catch (error) {
        this.#diverges(track, line, 'unknownState', messageOf(error));
      }
    }
    return track;
  }

  #spawn(track: Track, line: SpawnLine, machine: AnyStateMachine): void {
    try {
      track.fold = Fold.spawn(machine, line.input);
    } catch (error) {
      this.#diverges(track, line, 'threw', messageOf(error));
      return;
    }
    this.#compare(track, track.fold, line);
  }

  #event(line: EventLine): Track {
    const known = this.#tracks.get(line.actor);
    const track = known ?? {
      fold: undefined,
      state: null,
      context: null,
      patcher: new Patcher(),
      step: 0,
    };
    track.step += 1;
    if (known === undefined) {
      this.#tracks.set(line.actor, track);
      this.#tally.life(line);
      this.#diverges(track, line, 'inconsistent', 'it was neither spawned nor joined before');
    } else if (known.fold !== undefined) {
      this.#deliver(known, known.fold, line);
    }
    return track;
  }

  #deliver(track: Track, fold: Fold, line: EventLine): void {
    try {
      if (line.patch !== undefined) track.context = track.patcher.apply(track.context, line.patch);
    } catch (error) {
      this.#diverges(track, line, 'inconsistent', messageOf(error));
      return;
    }
    // An action of it threw, which is none of the machine's: it ended there.
    if (line.threw !== undefined) return;
    try {
      fold.deliver(line.event);
    } catch (error) {
      this.#diverges(track, line, 'threw', messageOf(error));
      return;
    }
    this.#compare(track, fold, line);
  }

  #compare(track: Track, fold: Fold, line: EventLine | SpawnLine): void {
    if (!isSameJson(fold.state, line.state) || fold.status !== (line.status ?? 'active')) {
      this.#diverges(track, line, 'state', null);
    } else if (!isSameJson(fold.context, track.context)) {
      this.#diverges(track, line, 'context', null);
    } else if (!this.#isSameToDo(fold, line)) {
      this.#diverges(track, line, 'effects', null);
    }
  }

  /** Version 1 does not say what was asked for at the beginning. */
  #isSameToDo(fold: Fold, { kind, effects = [] }: EventLine | SpawnLine): boolean {
    return (kind === 'spawn' && this.#version === 1) || isSameList(fold.effects(this.#version), effects);
  }

  #diverges(track: Track, line: ActorLine, reason: DivergenceReason, detail: string | null): void {
    const definition = this.#tally.definitionOf(line.machine);
    this.#found = {
      actor: line.actor,
      machine: line.machine,
      reason,
      step: track.step,
      seq: line.seq,
      at: line.at,
      event: line.kind === 'event' ? line.event : null,
      from: track.state,
      recorded: standingOf(line),
      ...this.#comparison(COMPARED.has(reason) ? track.fold : undefined, track.context, line),
      definitionChanged: definition === 'unknown' ? null : definition === 'changed',
      detail,
    };
    this.#tally.divergence(line, this.#found);
    track.fold = undefined;
  }

  #comparison(
    fold: Fold | undefined,
    context: Json,
    line: ActorLine,
  ): Pick<Divergence, 'replayed' | 'context' | 'effects'> {
    if (fold === undefined || line.kind === 'join') return { replayed: null, context: [], effects: null };
    return {
      replayed: { state: fold.state, status: fold.status as Standing['status'] },
      context: differences(context, fold.context),
      effects: this.#isSameToDo(fold, line)
        ? null
        : { recorded: line.effects ?? [], replayed: fold.effects(this.#version) },
    };
  }
}

/** Replays a recording that is in memory. */
export function replay({ header, lines, cut }: Recording, options?: ReplayOptions): ReplayReport {
  const replayer = new Replayer(header, options);
  for (const line of lines) replayer.feed(line);
  return replayer.report(cut);
}

/**
 * Replays a file of any length in bounded memory.
 * @throws StreamwardenError `RecordingUnreadable`, `RecordingMalformed`, `RecordingUnsupported`
 */
export async function replayFile(file: string, options?: ReplayOptions): Promise<ReplayReport> {
  const reader = await openRecording(file);
  const replayer = new Replayer(reader.header, options);
  for await (const lines of reader) for (const line of lines) replayer.feed(line);
  return replayer.report(reader.cut);
}
