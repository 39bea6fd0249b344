/**
 * Writes a recording anew, as the present machines have it: the same events, and where they lead now. What is for a person to say is whether that is what
 * was meant.
 */
import { messageOf, StreamwardenError } from '../core/errors.js';
import { PACKAGE_VERSION } from '../core/package-version.js';
import { Fold } from './fold.js';
import {
  type ActorLine,
  type EndStatus,
  type EventLine,
  FORMAT_VERSION,
  type Header,
  isActorLine,
  type Line,
} from './format.js';
import type { Json } from './json-safe.js';
import { fingerprintsOf, type Machines, presentMachines } from './machines.js';
import { diff } from './patch.js';
import { stateMachine } from './state-machine.js';

function accepted(line: ActorLine, problem: string): StreamwardenError {
  return new StreamwardenError(
    'RecordingUnplayable',
    `expected ${line.actor} (seq ${line.seq}) to be accepted as it is now, got: ${problem}`,
    { details: { why: 'notAccepted', seq: line.seq } },
  );
}

/** Takes lines in order, and gives back each as it is now. */
export class Acceptance {
  readonly #machines: Machines;
  readonly #folds = new Map<string, Fold>();
  /** `seq` as it was → as it is, of what is kept. */
  readonly #numbers = new Map<number, number>();
  #dropped = 0;

  constructor(machines: Machines = presentMachines) {
    this.#machines = machines;
  }

  header(header: Header): Header {
    const { machines } = header;
    const present = fingerprintsOf(this.#machines);
    const known = Object.entries(present).filter(([id]) => Object.hasOwn(machines, id));
    return {
      ...header,
      version: FORMAT_VERSION,
      package: PACKAGE_VERSION,
      machines: { ...machines, ...Object.fromEntries(known) },
    };
  }

  /**
   * @returns undefined for what does not happen any more: an event of an actor that has ended before
   * @throws StreamwardenError `RecordingUnplayable`: a machine has no such state, or throws
   */
  take(line: Line): Line | undefined {
    const now = isActorLine(line) ? this.#actorLine(line) : line;
    if (now === undefined) {
      this.#dropped += 1;
      return undefined;
    }
    const seq = line.seq - this.#dropped;
    this.#numbers.set(line.seq, seq);
    if (!('by' in now) || now.by === undefined) return { ...now, seq };
    const { by, ...rest } = now;
    const told = this.#numbers.get(by);
    return told === undefined ? { ...rest, seq } : { ...now, seq, by: told };
  }

  #actorLine(line: ActorLine): ActorLine | undefined {
    try {
      return line.kind === 'event' ? this.#event(line) : this.#begin(line);
    } catch (error) {
      if (error instanceof StreamwardenError) throw error;
      throw accepted(line, messageOf(error));
    }
  }

  #begin(line: Exclude<ActorLine, EventLine>): ActorLine {
    const machine = this.#machines.get(line.machine);
    if (machine === undefined) throw accepted(line, `no machine ${line.machine}`);
    if (line.kind === 'join') {
      const known = this.#folds.get(line.actor);
      // Further on behind a gap: what happened there is not known, so it stands as recorded.
      const fold = Fold.join(stateMachine(machine), line.state, line.context);
      this.#folds.set(line.actor, fold);
      return known === undefined ? line : { ...line, state: fold.state, context: fold.context };
    }
    const fold = Fold.spawn(stateMachine(machine), line.input);
    this.#folds.set(line.actor, fold);
    const { status: _status, effects: _effects, ...rest } = line;
    return {
      ...rest,
      state: fold.state,
      context: fold.context,
      ...effectsOf(fold),
      ...this.#statusOf(line, fold),
    };
  }

  #event(line: EventLine): EventLine | undefined {
    const fold = this.#folds.get(line.actor);
    if (fold === undefined) return undefined;
    if (line.threw !== undefined) {
      this.#folds.delete(line.actor);
      return line;
    }
    const before = fold.context;
    fold.deliver(line.event);
    const { patch: _patch, effects: _effects, status: _status, ...rest } = line;
    return {
      ...rest,
      state: fold.state,
      ...patchOf(before, fold.context),
      ...effectsOf(fold),
      ...this.#statusOf(line, fold),
    };
  }

  #statusOf({ actor }: ActorLine, { status }: Fold): { status?: EndStatus } {
    if (status !== 'done' && status !== 'error' && status !== 'stopped') return {};
    this.#folds.delete(actor);
    return { status };
  }
}

function patchOf(before: Json, after: Json): Pick<EventLine, 'patch'> {
  const patch = before === after ? [] : diff(before, after);
  return patch.length === 0 ? {} : { patch };
}

function effectsOf(fold: Fold): Pick<EventLine, 'effects'> {
  const effects = fold.effects();
  return effects.length === 0 ? {} : { effects: [...effects] };
}
