/** C-POI-6, C-POI-11: a poison falls alone. Whose retries or deliveries deaths have used up, where nothing but poisons kills processes. */
import type { HistoryRecord } from '../../src/testing/history-records.js';
import type { FaultKind } from '../fault-kinds.js';
import { isPoison, type PlannedFault } from '../schedule.js';
import type { Stage } from '../stage.js';

/** Innocents that may fall with each poison. */
const MOST_INNOCENTS = 2;
/** Reasons of letters that deaths of processes lead to. */
const BY_DEATHS: ReadonlySet<string> = new Set(['max_retries_exceeded', 'delivery_limit']);
/** Of these no process dies, and nobody takes it for dead. */
const HARMLESS: ReadonlySet<FaultKind> = new Set(['cut', 'cutClient', 'halfOpenReader', 'stall']);

export class ConvictionWatch {
  readonly #fleet: Stage;
  readonly #isAsked: boolean;
  readonly #innocents: string[] = [];
  readonly #guilty = new Set<string>();

  constructor(fleet: Stage, faults: readonly PlannedFault[]) {
    this.#fleet = fleet;
    const { poisons, maxRetries, goConsumers } = fleet.shape;
    // With maxRetries 0 there are no suspects. A consumer of the Go client does not die of a poison.
    const hasTrials = maxRetries > 0 && goConsumers === 0;
    this.#isAsked = poisons > 0 && hasTrials && faults.every(({ kind }) => HARMLESS.has(kind));
  }

  record(record: HistoryRecord): void {
    const isLetter = record.op === 'deadLettered' || record.op === 'deadLetterDue';
    if (!isLetter || !BY_DEATHS.has(record.reason ?? '') || record.by === record.from) return;
    if (isPoison(record.name)) this.#guilty.add(record.name);
    else if (record.op === 'deadLetterDue' || !record.from.startsWith('dead-letters:'))
      this.#innocents.push(record.name);
  }

  check(): void {
    if (!this.#isAsked) return;
    // A producer may have lost its connection before it was announced.
    const names = [...this.#fleet.ledger.lives.values()].map(({ name }) => name);
    const poisons = new Set(names.filter(isPoison)).size;
    const tell = (text: string) => this.#fleet.violations.add('C-POI-11', text);
    this.#fleet.say(`convicted: ${[...this.#guilty].join(', ')}; innocents: ${this.#innocents.join(', ')}`);
    if (this.#guilty.size < poisons) tell(`${this.#guilty.size} of ${poisons} poisons were dead-lettered`);
    if (this.#innocents.length > MOST_INNOCENTS * poisons)
      tell(
        `${this.#innocents.length} innocents were dead-lettered with ${poisons} poisons: ${this.#innocents.join(', ')}`,
      );
  }
}
