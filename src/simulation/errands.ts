/**
 * Commands on their way, and what is aimed at them: 'cut right after the second acquire of this process was executed'. The windows in which
 * protocols fail last a few milliseconds, and faults at random times rarely meet them.
 */
import type { Command } from './labels.js';
import type { SimulatedProcess } from './process.js';
import type { Reply } from './redis/index.js';

/**
 * `sent`: about to leave the process. `arrived`: about to be executed. `executed`: the answer is about to be sent. `answered`: the client has
 * dealt with it.
 */
export type CommandPhase = 'sent' | 'arrived' | 'executed' | 'answered';

/** @typeParam C the connections that commands are sent on */
export interface Aim<C> {
  readonly label: string;
  /** Which of that label, counted from 1 for each process. */
  readonly nth: number;
  readonly phase: CommandPhase;
  /** `lost`: the message goes no further. */
  readonly hit: (connection: C) => 'lost' | undefined;
}

interface Sent {
  readonly label: string;
  readonly nth: number;
}

export interface ErrandsHooks<C> {
  /** Commands have been executed, and this is what they will be answered with. */
  executed(connection: C, commands: readonly Command[], replies: readonly Reply[]): void;
}

export class Errands<C extends { readonly process: SimulatedProcess }> {
  readonly #counts = new Map<SimulatedProcess, Map<string, number>>();
  readonly #aims = new Map<SimulatedProcess, Aim<C>[]>();
  readonly #hooks: ErrandsHooks<C>;

  constructor(hooks: ErrandsHooks<C>) {
    this.#hooks = hooks;
  }

  aim(process: SimulatedProcess, aim: Aim<C>): void {
    const aims = this.#aims.get(process);
    if (aims === undefined) this.#aims.set(process, [aim]);
    else aims.push(aim);
  }

  /** Which one of this label it is, counted from 1. */
  sent({ process }: C, label: string): number {
    let counts = this.#counts.get(process);
    if (counts === undefined) {
      counts = new Map();
      this.#counts.set(process, counts);
    }
    const nth = (counts.get(label) ?? 0) + 1;
    counts.set(label, nth);
    return nth;
  }

  executed(connection: C, commands: readonly Command[], replies: readonly Reply[]): void {
    this.#hooks.executed(connection, commands, replies);
  }

  isAimed({ process }: C, { label, nth }: Sent): boolean {
    return this.#aims.get(process)?.some((aim) => aim.label === label && aim.nth === nth) ?? false;
  }

  tell(connection: C, { label, nth }: Sent, phase: CommandPhase): 'lost' | undefined {
    const aims = this.#aims.get(connection.process);
    if (aims === undefined) return undefined;
    let result: 'lost' | undefined;
    for (const aim of aims) {
      if (aim.label !== label || aim.nth !== nth || aim.phase !== phase) continue;
      if (aim.hit(connection) === 'lost') result = 'lost';
    }
    return result;
  }
}
