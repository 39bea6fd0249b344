/**
 * Which transitions an event led through. The machine is asked once more what it does with the event from where it stood, and of several guarded branches takes
 * the one whose guard held; what followed by itself is named too. Nothing is guessed, and nothing is carried out.
 */
import type { AnyMachineSnapshot } from 'xstate';
import { stepInParts } from '../replay/dry-run.js';
import { presentMachines } from '../replay/machines.js';
import { stateMachine } from '../replay/state-machine.js';
import type { HeardEvent } from '../replay/tap.js';
import { placeOf } from '../replay/trial.js';

/** Each by the path of the state that it leaves, `#`, and its place among that state's. Null: that cannot be told. */
export function takenBy({ subject, before, event, threw }: HeardEvent): readonly string[] | null {
  const machine = presentMachines.get(subject.machine);
  if (machine === undefined || threw !== undefined) return null;
  try {
    const running = stateMachine(machine);
    const standing = running.resolveState({ value: before.value as never, context: before.context });
    const { microsteps } = stepInParts(running, standing as AnyMachineSnapshot, event);
    return microsteps
      .flatMap(({ transitions }) => transitions.map(placeOf))
      .map(({ state, place }) => `${state}#${place}`);
  } catch {
    return null;
  }
}
