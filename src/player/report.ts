/** What came of a play, from what was noted while it went on. */
import type { ErrorCode } from '../core/errors.js';
import type { CompiledPlay } from './options.js';
import type { Part, Script } from './script.js';
import type { Stage, Turn } from './stage.js';
import type { Assignment, Played, PlayedAssignment, PlayedStep } from './types.js';
import type { PlayWorld } from './world.js';

type Limits = Pick<CompiledPlay<unknown, unknown>, 'graceMs' | 'toleranceMs'>;

interface Noted<TInfo, TCheckpoint> {
  readonly turns: readonly Turn<TInfo, TCheckpoint>[];
  readonly skipped: readonly Assignment[];
  readonly world: PlayWorld;
  readonly scripts: readonly Script[];
  readonly stages: readonly Stage<TInfo, TCheckpoint>[];
  readonly limits: Limits;
}

export function playedOf<TInfo, TCheckpoint>(noted: Noted<TInfo, TCheckpoint>): Played {
  const { turns, skipped, world, scripts, stages, limits } = noted;
  const assignments = turns.map((turn) => assignmentOf(turn, world, limits));
  return {
    assignments,
    skipped,
    steps: world.steps,
    standstills: stages.flatMap(({ standstills }) => standstills).sort((a, b) => a.ms - b.ms),
    gaps: scripts.flatMap(({ gaps }) => gaps),
    ms: world.timeline.now,
    of: (stream) => assignments.filter((assignment) => assignment.stream === stream),
    transcript: () => world.steps.map(lineOf),
  };
}

function lineOf({ ms, seq, consumer, stream, kind, text, lease }: PlayedStep): string {
  const doubt = lease === 'held' ? '' : ` (${lease})`;
  const what = [consumer, stream, kind, text].filter((word) => word !== '').join(' ');
  return `${ms.toFixed(0).padStart(8)} #${seq} ${what}${doubt}`;
}

function assignmentOf<TInfo, TCheckpoint>(
  { holding, assignment, ms, outcome, error, endedMs }: Turn<TInfo, TCheckpoint>,
  world: PlayWorld,
  { graceMs, toleranceMs }: Limits,
): PlayedAssignment {
  const { part } = holding;
  const steps = world.steps.filter(({ id, consumer }) => id === part.id && consumer === assignment.consumer);
  const abort = abortOf(steps, endedMs);
  const recorded = recordedOf(part, world);
  const waitedMs = abort === null ? 0 : (abort.returnedAfterMs ?? world.timeline.now - abort.ms);
  return {
    ...assignment,
    ms,
    outcome,
    error,
    endedMs,
    recorded,
    timing: timingOf(endedMs, recorded, toleranceMs, world.timeline.now),
    abort,
    ignoredAbort: outcome !== 'crashed' && abort !== null && waitedMs > graceMs,
    isDone: world.finished.has(part),
    steps,
  };
}

function recordedOf({ ending }: Part, world: PlayWorld): PlayedAssignment['recorded'] {
  if (ending === undefined) return { ending: 'open', seq: null, ms: null };
  return { ending: ending.kind, seq: ending.at.seq, ms: world.msOf(ending.at.at) };
}

function abortOf(steps: readonly PlayedStep[], endedMs: number | null): PlayedAssignment['abort'] {
  const step = steps.find(({ kind }) => kind === 'abort' || kind === 'lost' || kind === 'release');
  // A handler that had returned by then has nothing to stop.
  if (step === undefined || step.kind === 'release' || (endedMs !== null && endedMs < step.ms)) return null;
  const { ms, seq, text } = step;
  return { ms, seq, code: text as ErrorCode, returnedAfterMs: endedMs === null ? null : endedMs - ms };
}

/** When the recorded handler returned is known only where that ended the stream: else all that can be told is that it would have gone on. */
function timingOf(
  endedMs: number | null,
  { ending, ms }: PlayedAssignment['recorded'],
  toleranceMs: number,
  overMs: number,
): PlayedAssignment['timing'] {
  const played = endedMs ?? overMs;
  const recorded = ms ?? overMs;
  if (played < recorded - toleranceMs) return 'earlier';
  const isOwnDoing = ending === 'done' || ending === 'failed';
  return isOwnDoing && (endedMs === null || played > recorded + toleranceMs) ? 'later' : 'same';
}
