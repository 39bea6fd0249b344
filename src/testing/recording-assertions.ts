/**
 * Assertions about recordings. Functions that throw, for any test runner, and a chai plugin that says the same in chai's words.
 *
 * What is looked at is where the present machines go with the recorded events: a machine that changes its mind fails the test.
 */
import { StreamwardenError } from '../core/errors.js';
import { makeOneClass } from '../core/one-class.js';
import type { Recording } from '../replay/recording.js';
import { type ReplayOptions, replay } from '../replay/replayer.js';
import type { Scenario } from '../replay/scenario.js';
import { type Finding, reaches, visitsInOrder, type Where } from '../replay/visits.js';
import { wordsOfReport } from '../replay/words.js';

/** A recording that was loaded, or a scenario as it stands. */
export type Replayable = Recording | Scenario;

export class RecordingAssertionError extends Error {
  override readonly name = 'RecordingAssertionError';
}

makeOneClass(RecordingAssertionError, 'RecordingAssertionError');

function recordingOf(subject: unknown): Recording {
  const { recording, header, lines } = (subject ?? {}) as Partial<Scenario & Recording>;
  if (typeof recording === 'function') return (subject as Scenario).recording();
  if (header?.kind === 'header' && Array.isArray(lines)) return subject as Recording;
  throw new StreamwardenError(
    'InvalidState',
    'expected a recording (await loadRecording(file)) or a scenario, got: something else',
  );
}

function hold({ holds, because }: Finding): void {
  if (!holds) throw new RecordingAssertionError(because);
}

function replays(subject: Replayable, options?: ReplayOptions): Finding {
  const report = replay(recordingOf(subject), options);
  return { holds: report.agrees, because: wordsOfReport(report) };
}

/** Throws unless every event leads where it was recorded to lead. */
export function assertReplays(subject: Replayable, options?: ReplayOptions): void {
  hold(replays(subject, options));
}

/** Throws unless an actor comes into the state: `lost`, or a path such as `lease.present`. */
export function assertReaches(subject: Replayable, state: string, where?: Where): void {
  hold(reaches(recordingOf(subject), state, where));
}

/** Throws when an actor comes into the state. */
export function assertNeverReaches(subject: Replayable, state: string, where?: Where): void {
  const { holds, because } = reaches(recordingOf(subject), state, where);
  hold({ holds: !holds, because });
}

/** Throws unless one actor comes into these states in this order; it may come into others in between. */
export function assertVisitsInOrder(subject: Replayable, states: readonly string[], where?: Where): void {
  hold(visitsInOrder(recordingOf(subject), states, where));
}

/** As much of chai as is needed, so that nobody has to have it installed. */
interface ChaiLike {
  readonly Assertion: object;
}

interface AssertionClass {
  addMethod(name: string, method: (this: AssertionLike, ...args: never[]) => void): void;
}

interface AssertionLike {
  readonly _obj: unknown;
  assert(holds: boolean, message: string, negated: string): void;
}

/**
 * A plugin for chai: `chai.use(recordings)`. Adds `replay()`, `reach(state)`, `neverReach(state)` and `visitInOrder([states])`, each with an
 * optional last argument that says of which actor or machine.
 */
export function recordings(chai: ChaiLike): void {
  const add = (name: string, find: (subject: Replayable, ...args: never[]) => Finding) => {
    (chai.Assertion as AssertionClass).addMethod(name, function (...args) {
      const { holds, because } = find(this._obj as Replayable, ...args);
      this.assert(holds, because, because);
    });
  };
  add('replay', replays);
  add('reach', (subject, state: string, where?: Where) => reaches(recordingOf(subject), state, where));
  add('neverReach', (subject, state: string, where?: Where) => {
    const { holds, because } = reaches(recordingOf(subject), state, where);
    return { holds: !holds, because };
  });
  add('visitInOrder', (subject, states: readonly string[], where?: Where) =>
    visitsInOrder(recordingOf(subject), states, where),
  );
}

declare global {
  // Chai's own types are extended in this way; without them this declares what nobody uses.
  namespace Chai {
    interface Assertion {
      /** Every event leads where it was recorded to lead. */
      replay(options?: ReplayOptions): Assertion;
      /** An actor comes into the state. */
      reach(state: string, where?: Where): Assertion;
      /** No actor comes into the state. */
      neverReach(state: string, where?: Where): Assertion;
      /** One actor comes into these states in this order. */
      visitInOrder(states: readonly string[], where?: Where): Assertion;
    }
  }
}
