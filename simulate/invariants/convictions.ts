/** C-POI-11: a poison falls alone. Whose retries a death has used up, where nothing but poisons kills processes. */
import type { HistoryRecord } from '../../src/testing/history-records.js';
import { isPoison, type PlannedFault } from '../schedule.js';
import type { Stage } from '../stage.js';

/** Innocents that may fall with each poison. */
const MOST_INNOCENTS = 2;
/** Whoever sees a process die of these takes it for what a stream has done. */
const KILLS: ReadonlySet<string> = new Set(['crash', 'restart', 'stop', 'freeze', 'suspend']);

export class ConvictionWatch {
  readonly #fleet: Stage;
  readonly #isAsked: boolean;
  readonly #innocents: string[] = [];
  readonly #guilty = new Set<string>();

  constructor(fleet: Stage, faults: readonly PlannedFault[]) {
    this.#fleet = fleet;
    this.#isAsked = fleet.shape.poisons > 0 && !faults.some(({ kind }) => KILLS.has(kind));
  }

  record(record: HistoryRecord): void {
    const isLetter = record.op === 'deadLettered' || record.op === 'deadLetterDue';
    if (!isLetter || record.reason !== 'max_retries_exceeded' || record.by === record.from) return;
    if (isPoison(record.name)) this.#guilty.add(record.name);
    else if (record.op === 'deadLetterDue' || !record.from.startsWith('dead-letters:'))
      this.#innocents.push(record.name);
  }

  check(): void {
    if (!this.#isAsked) return;
    const { poisons } = this.#fleet.shape;
    const tell = (text: string) => this.#fleet.violations.add('C-POI-11', text);
    this.#fleet.say(`convicted: ${[...this.#guilty].join(', ')}; innocents: ${this.#innocents.join(', ')}`);
    if (this.#guilty.size < poisons) tell(`${this.#guilty.size} of ${poisons} poisons were dead-lettered`);
    if (this.#innocents.length > MOST_INNOCENTS * poisons)
      tell(
        `${this.#innocents.length} innocents were dead-lettered with ${poisons} poisons: ${this.#innocents.join(', ')}`,
      );
  }
}
