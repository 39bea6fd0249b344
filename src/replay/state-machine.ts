import type { AnyStateMachine } from 'xstate';
import type { Machine } from './fingerprint.js';

/** A machine as XState runs it. */
export function stateMachine(machine: Machine): AnyStateMachine {
  return machine as unknown as AnyStateMachine;
}
