/** Machines' configs as texts, from which Stately's inspector draws them. */
import { presentMachines } from '../../replay/machines.js';
import { stateMachine } from '../../replay/state-machine.js';

const known = new Map<string, string>();

function withoutFunctions(_key: string, value: unknown): unknown {
  return typeof value === 'function' ? { type: value.name } : value;
}

/** @param machine id of one */
export function definitionOf(machine: string): string {
  const found = known.get(machine);
  if (found !== undefined) return found;
  // What is no machine has its name alone.
  const present = presentMachines.get(machine);
  const config = present === undefined ? { id: machine } : stateMachine(present).config;
  const definition = JSON.stringify(config, withoutFunctions);
  known.set(machine, definition);
  return definition;
}
