/** Of a recording, the server is asked which way a step went: the machine knows it, if it is the one that was recorded. */
import { useEffect, useState } from 'preact/hooks';
import type { MachineDefinition } from '../../protocol.js';
import type { TransitionId } from '../model/chart-edges.js';
import type { Step } from '../model/history.js';
import { takenIn } from '../model/trial.js';
import { api } from './api.js';
import { playback } from './player.js';

/** Whoever drags the bar does not stop at every line. */
const SETTLED_MS = 120;

interface Told {
  readonly step: Step;
  readonly taken: ReadonlySet<TransitionId>;
}

/** @param before the step before it, which has the context that guards saw */
export function useToldBranches(
  machine: MachineDefinition | undefined,
  step: Step | undefined,
  before: Step | undefined,
): ReadonlySet<TransitionId> | null {
  const [told, setTold] = useState<Told | null>(null);
  const recorded = machine && playback.value?.header.machines[machine.id];
  useEffect(() => {
    if (machine === undefined || recorded !== machine.fingerprint) return undefined;
    if (step?.event == null || step.from === null || step.taken !== null || step.threw !== null)
      return undefined;
    const { from: state, event } = step;
    let isOver = false;
    const timer = window.setTimeout(() => {
      api
        .tryEvent({ machine: machine.id, state, context: before?.context ?? null, event })
        .then((reply) => {
          if (!isOver) setTold({ step, taken: takenIn(reply) });
        })
        // What follows from the states alone is shown then, and that it is no more.
        .catch(() => {});
    }, SETTLED_MS);
    return () => {
      isOver = true;
      window.clearTimeout(timer);
    };
  }, [machine, recorded, step]);
  return told !== null && told.step === step ? told.taken : null;
}
