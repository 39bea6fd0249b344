/** Breadth first through every state of a configuration: what it finds first is the shortest way there. */
import { type Configuration, checkConfiguration } from './configuration.js';
import { Explorer } from './explorer.js';
import { type Interleaving, interleavingOf } from './interleaving.js';
import { isAtRest, lookAt } from './invariants/standing.js';
import type { Violation } from './invariants/violation.js';
import { keyOf, ordersOf } from './key.js';
import type { Scripts } from './redis/server.js';
import { StepGraph } from './step-graph.js';
import { stepsOf } from './steps.js';
import type { World } from './world.js';

export interface ExploreOptions {
  /** Scripts in the place of ours. @defaultValue none */
  readonly scripts?: Scripts;
  /** After so many states it gives up. @defaultValue 2,000,000 */
  readonly mostStates?: number;
  /** Called now and then. */
  readonly progress?: (so: { readonly states: number; readonly depth: number }) => void;
}

export interface Exploration {
  readonly configuration: string;
  readonly states: number;
  readonly transitions: number;
  /** Steps of the longest of all shortest ways. */
  readonly depth: number;
  /** Of processor time. */
  readonly seconds: number;
  /** `complete`: every state was visited, and none breaks the contract. */
  readonly verdict: 'complete' | 'violated' | 'cutShort';
  /** The shortest way to a violation. */
  readonly counterexample?: Interleaving;
}

interface Open {
  readonly world: World;
  readonly number: number;
}

const PROGRESS_EVERY = 20_000;

/**
 * Visits every state that a configuration can get into.
 * @throws RangeError for a configuration that makes no sense
 */
export function explore(configuration: Configuration, options: ExploreOptions = {}): Exploration {
  checkConfiguration(configuration);
  const { scripts = {}, mostStates = 2_000_000, progress } = options;
  const explorer = new Explorer(configuration, scripts);
  const { consumers, struck = consumers, entries } = configuration;
  const orders = ordersOf(consumers, struck);
  const graph = new StepGraph();
  const numbers = new Map<string, number>();
  const began = process.cpuUsage();
  let depth = 0;
  const result = (verdict: Exploration['verdict'], counterexample?: Interleaving): Exploration => {
    const { user, system } = process.cpuUsage(began);
    return {
      configuration: configuration.name,
      states: numbers.size,
      transitions: graph.size,
      depth,
      seconds: (user + system) / 1e6,
      verdict,
      ...(counterexample && { counterexample }),
    };
  };
  const found = (path: readonly number[], violation: Violation) =>
    result('violated', interleavingOf(explorer, path, violation));

  const first = explorer.begin();
  numbers.set(keyOf(first, orders), 0);
  graph.add(isAtRest(first, entries.length));
  let level: Open[] = [{ world: first, number: 0 }];
  while (level.length > 0) {
    const deeper: Open[] = [];
    for (const { world, number } of level) {
      for (const [position, step] of stepsOf(explorer, world).entries()) {
        const next = step.take();
        const [broken] = next.violations;
        if (broken !== undefined) return found([...graph.pathTo(number), position], broken);
        const key = keyOf(next.world, orders);
        let known = numbers.get(key);
        if (known === undefined) {
          known = numbers.size;
          numbers.set(key, known);
          graph.add(isAtRest(next.world, entries.length), number, position);
          const [wrong] = lookAt(next.world);
          if (wrong !== undefined) return found(graph.pathTo(known), wrong);
          deeper.push({ world: next.world, number: known });
          if (numbers.size % PROGRESS_EVERY === 0) progress?.({ states: numbers.size, depth });
        }
        graph.connect(number, known, step.isOptional);
      }
      if (numbers.size > mostStates) return result('cutShort');
    }
    if (deeper.length > 0) depth += 1;
    level = deeper;
  }
  const stuck = graph.firstStuck();
  if (stuck === undefined) return result('complete');
  return found(graph.pathTo(stuck), {
    clause: 'C-OUT-1',
    message: 'whatever happens from here on without another fault, it never comes to rest',
  });
}
