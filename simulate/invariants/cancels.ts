/** C-CAN-1 to C-CAN-4: what is cancelled is given to nobody after that; who has it hears of it, and finishes it. */
import { compareFencingTokens } from '../../src/core/entry-id.js';
import { isStreamwardenError } from '../../src/index.js';
import type { Command } from '../../src/simulation/labels.js';
import type { Reply } from '../../src/simulation/redis/index.js';
import { isReplyError, toTexts } from '../../src/simulation/replies.js';
import type { HistoryRecord } from '../../src/testing/history-records.js';
import type { Stage } from '../stage.js';
import { hearsWithinMs, needNotHear } from './hearing.js';
import { type EntryLife, isAside, isOpen, isParked } from './ledger.js';

const PRODUCER = 'a producer';
const NAMED_OF_PARKED = 10;

interface Cancel {
  readonly id: string;
  readonly name: string;
  /** Who owned it; undefined: nobody did yet. */
  readonly consumer: string | undefined;
  /** Milliseconds of the world. */
  readonly atMs: number;
}

export class CancelWatch {
  readonly #fleet: Stage;
  /** What is marked as cancelled, by entry id. */
  readonly #marked = new Map<string, Cancel>();
  /** Those that their owners have not stopped for yet. */
  readonly #unheard = new Set<Cancel>();

  constructor(fleet: Stage) {
    this.#fleet = fleet;
  }

  /** The script has been executed; the ledger knows what happened before. */
  executed([command = []]: readonly Command[], [reply]: readonly Reply[]): void {
    if (reply === undefined || isReplyError(reply)) return;
    const args = command.slice(3 + Number(command[2])).map(String);
    (toTexts(reply) as string[][]).forEach((found, index) => {
      const name = args[1 + index] as string;
      for (let at = 0; at < found.length; at += 2)
        this.#found(name, found[at] as string, found[at + 1] as string);
      this.#parkedBefore(name, found);
      if (found.length === 0) this.#nothing(name);
    });
  }

  #found(name: string, as: string, id: string): void {
    const { ledger, now } = this.#fleet;
    this.#fleet.say(`cancelled ${name} ${id} (${as})`);
    const life = ledger.lives.get(id);
    if (life === undefined || life.name !== name) {
      this.#add('C-CAN-1', `${name} was said to be ${id}, which is ${life?.name ?? 'no entry'}`);
      return;
    }
    const isKnown = ledger.isWhole(id) && ledger.knowsAll;
    if (isKnown && !isOpen(life))
      this.#add('C-CAN-1', `${name} ${id} was cancelled after its end (${life.end})`);
    if (as === 'owned') {
      if (this.#marked.has(id)) return;
      const cancel = { id, name, consumer: life.owner, atMs: now };
      this.#marked.set(id, cancel);
      life.isCancelled = true;
      if (life.owner !== undefined) this.#unheard.add(cancel);
    } else if (as !== 'foreign') {
      if (isKnown && life.owner !== undefined)
        this.#add('C-CAN-1', `${name} ${id} was deleted (${as}), and ${life.owner} owns it`);
      // Producers write no history.
      this.#marked.set(id, { id, name, consumer: undefined, atMs: now });
      const record = { at: now, id, name, from: PRODUCER, by: PRODUCER };
      if (isOpen(life)) this.#fleet.record({ ...record, op: 'cancelled' });
    }
  }

  /** C-CAN-1: of what was parked the last ones are named; those before them are gone as well. */
  #parkedBefore(name: string, found: readonly string[]): void {
    if (found.filter(isParked).length < NAMED_OF_PARKED) return;
    for (const { id } of this.#fleet.ledger.open.filter((life) => life.name === name && isParked(life.id)))
      this.#found(name, 'waiting', id);
  }

  #nothing(name: string): void {
    const { ledger, shape } = this.#fleet;
    if (shape.goConsumers > 0 || !ledger.knowsAll) return;
    const open = ledger.open.filter((life) => life.name === name);
    const [only] = open;
    if (open.length !== 1 || only === undefined || only.end === 'deadLetterDue') return;
    // Of several that wait the newest is known.
    const isNewest = [...ledger.lives.values()].every(
      ({ id, name: other }) => other !== name || isAside(id) || compareFencingTokens(id, only.id) <= 0,
    );
    if (!isAside(only.id) && only.owner === undefined && !isNewest) return;
    if (only.isTrimmed || !ledger.isWhole(only.id)) return;
    this.#add('C-CAN-1', `${name} was said to be nowhere, and is ${only.id}`);
  }

  record(record: HistoryRecord): void {
    const cancel = this.#marked.get(record.id);
    const { ledger } = this.#fleet;
    if (record.op === 'cancelled' && cancel === undefined && ledger.knowsAll)
      this.#add('C-CAN-3', `${record.name} ${record.id} was finished as cancelled, which nobody did`);
    if (cancel === undefined) return;
    if (record.op !== 'acquired' && record.op !== 'deadLetterDue') this.#marked.delete(record.id);
    if (!ledger.isWhole(record.id) || !ledger.knowsAll) return;
    const goesOn = record.op === 'requeued' || record.op === 'delayed' || record.op === 'deadLettered';
    // What lies on another server is dead-lettered in two steps, of which the first may have been before.
    if (goesOn && ledger.lives.get(record.id)?.end !== 'deadLetterDue')
      this.#add('C-CAN-3', `${record.name} ${record.id} was ${record.op} after it had been cancelled`);
    if (record.op === 'acquired' && cancel.consumer === undefined)
      this.#add(
        'C-CAN-3',
        `${record.owner} acquired ${record.name} ${record.id} after it had been cancelled`,
      );
  }

  look(): void {
    const { now } = this.#fleet;
    for (const cancel of this.#unheard) {
      if (needNotHear(this.#fleet, cancel)) this.#unheard.delete(cancel);
      else if (now - cancel.atMs > hearsWithinMs(this.#fleet)) {
        this.#unheard.delete(cancel);
        const { consumer, name, id, atMs } = cancel;
        const afterMs = (now - atMs).toFixed(0);
        this.#add('C-CAN-2', `${consumer} works on ${name} ${id} ${afterMs} ms after it was cancelled`);
      }
    }
  }

  /** A handler ends: what it was told when its signal aborted. */
  returned(consumer: string, life: EntryLife | undefined, reason: unknown): void {
    if (!isStreamwardenError(reason, 'StreamCancelled') || life === undefined) return;
    const { ledger } = this.#fleet;
    if (!ledger.knowsAll || !ledger.isWhole(life.id)) return;
    if (!this.#marked.has(life.id) && isOpen(life))
      this.#add(
        'C-CAN-2',
        `${consumer} was told that ${life.name} ${life.id} is cancelled, which nobody did`,
      );
  }

  #add(clause: string, message: string): void {
    this.#fleet.violations.add(clause, message);
  }
}
