/** A way through the states as people read it: numbered, entries called e1, and their copies e1′, e1″. */
import type { Explorer } from './explorer.js';
import type { Violation } from './invariants/violation.js';
import { viewOf } from './redis/view.js';
import { stepsOf } from './steps.js';
import type { World } from './world.js';

export interface Interleaving {
  readonly steps: readonly string[];
  /** Of docs/reference/contract.md. */
  readonly clause: string;
  readonly message: string;
}

export function interleavingOf(
  explorer: Explorer,
  path: readonly number[],
  violation: Violation,
): Interleaving {
  const names = new Map<string, string>();
  let world = explorer.begin();
  learn(names, world);
  const steps = path.map((position) => {
    const step = stepsOf(explorer, world)[position];
    if (step === undefined) throw new Error(`expected step ${position} to exist, got: none`);
    const { world: next, told } = step.take();
    world = next;
    learn(names, world);
    return `${named(told(), names)}.`;
  });
  return { steps, clause: violation.clause, message: named(violation.message, names) };
}

export function printed({ steps, clause, message }: Interleaving): string {
  return [
    ...steps.map((step, index) => `${String(index + 1).padStart(3)}. ${step}`),
    '',
    `${clause}: ${message}`,
  ].join('\n');
}

/** Every entry gets its name when it is first seen. */
function learn(names: Map<string, string>, world: World): void {
  for (const { id, root } of viewOf(world.redis).entries) {
    if (names.has(id)) continue;
    const copies = [...names.values()].filter((name) => name.replace(/′/g, '') === `e${root + 1}`).length;
    names.set(id, `e${root + 1}${'′'.repeat(copies)}`);
  }
}

function named(text: string, names: ReadonlyMap<string, string>): string {
  return text.replace(/1000-\d+/g, (id) => names.get(id) ?? id);
}
