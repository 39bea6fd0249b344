/** `play()`: recordings as a test of the application's own handler. */
import { isStreamwardenError } from '../core/errors.js';
import type { Info } from '../redis/entry.js';
import { loadRecording } from '../replay/recording.js';
import { SimulationError } from '../simulation/errors.js';
import { compilePlay, listOf } from './options.js';
import { unplayable } from './reasons.js';
import { playedOf } from './report.js';
import { type Part, type Script, scriptOf } from './script.js';
import { Stage, type Turn } from './stage.js';
import type { Assignment, PlayableRecording, Played, PlayOptions } from './types.js';
import { PlayWorld } from './world.js';

/** Who went on with whose work: an assignment, and the one of the same name before it whose work was not finished then. */
function predecessorsOf(scripts: readonly Script[]): Map<Part, Part> {
  const all = scripts.flatMap(({ service, parts }) => parts.map((part) => ({ service, part })));
  all.sort((a, b) => (a.part.assigned?.at ?? 0) - (b.part.assigned?.at ?? 0));
  const latest = new Map<string, Part>();
  const predecessors = new Map<Part, Part>();
  for (const { service, part } of all) {
    const key = JSON.stringify([service, part.name]);
    const before = latest.get(key);
    if (before !== undefined && !before.isFinished) predecessors.set(part, before);
    latest.set(key, part);
  }
  return predecessors;
}

/**
 * Plays recordings to the application's own handler, in virtual time and without Redis: it is given the recorded streams, its signals abort when and why
 * they were recorded to, and its calls are answered as they were recorded to be. What the handler does is what a test looks at.
 *
 * ```ts
 * const played = await play('incident.jsonl', { handler });
 * assert.deepEqual(played.steps.filter(({ kind, lease }) => kind === 'note' && lease !== 'held'), []);
 * ```
 *
 * @param recordings one, or those of several processes, which are put on one time axis by their wall clocks
 * @throws StreamwardenError `InvalidOption`; `RecordingUnreadable`, `RecordingMalformed`, `RecordingUnsupported`; `RecordingUnplayable`: it assigns no
 *   stream, two are of the same process, or the handler needs what was not supplied
 * @throws SimulationError `RealWork`, `Unhandled`
 */
export async function play<TInfo = Info | null, TCheckpoint = unknown>(
  recordings: PlayableRecording | readonly PlayableRecording[],
  options: PlayOptions<TInfo, TCheckpoint>,
): Promise<Played> {
  const compiled = compilePlay(options);
  const loaded = await Promise.all(
    listOf(recordings).map(async (one) =>
      typeof one === 'string' || one instanceof URL ? await loadRecording(one) : one,
    ),
  );
  const scripts = loaded.map(scriptOf);
  const twice = scripts.find(
    ({ consumer }, at) => scripts.findIndex((other) => other.consumer === consumer) < at,
  );
  if (twice !== undefined) {
    throw unplayable(`expected one recording of each process, got: two of ${twice.consumer}`, {
      why: 'sameConsumer',
      consumer: twice.consumer,
    });
  }
  const times = scripts.flatMap(({ lines }) => [lines[0]?.at ?? 0]);
  const startsAt = Math.min(...times);
  const endsAt = Math.max(...scripts.map(({ lines }) => lines.at(-1)?.at ?? 0));
  const world = new PlayWorld({ seed: compiled.seed, realLimitMs: compiled.realLimitMs, startsAt });
  const predecessors = predecessorsOf(scripts);
  const turns: Turn<TInfo, TCheckpoint>[] = [];
  const skipped: Assignment[] = [];
  const stages = scripts.map(
    (script) =>
      new Stage<TInfo, TCheckpoint>({
        script,
        world,
        options: compiled,
        isMoot: (part) => isMoot(part, predecessors, world),
        begun: (turn) => turns.push(turn),
        skipped: (assignment) => skipped.push(assignment),
      }),
  );
  const lastMs = world.msOf(endsAt);
  try {
    await world.driver.run(lastMs);
    await world.driver.run(lastMs + compiled.withinMs, () => turns.every(({ isSettled }) => isSettled));
  } catch (error) {
    // What the player itself says of a recording.
    if (error instanceof SimulationError && isStreamwardenError(error.cause, 'RecordingUnplayable'))
      throw error.cause;
    throw error;
  } finally {
    for (const { process } of stages) {
      world.calls.processEnded(process);
      process.end();
    }
  }
  return playedOf({ turns, skipped, world, scripts, stages, limits: compiled });
}

/** Whose work the play has finished, that of its predecessors included, has no heir. */
function isMoot(part: Part, predecessors: ReadonlyMap<Part, Part>, world: PlayWorld): boolean {
  for (let before = predecessors.get(part); before !== undefined; before = predecessors.get(before)) {
    if (world.finished.has(before)) return true;
  }
  return false;
}
