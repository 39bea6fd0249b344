/**
 * C-CHK-1 to C-CHK-6, C-CHK-8: only the owner saves how far it has come, nothing is taken back, the next owner begins with the newest that Redis has, a
 * hand-over loses nothing, and what is done or cancelled leaves nothing behind. Handlers count: what they save is a number that grows.
 */
import { compareFencingTokens } from '../../src/core/entry-id.js';
import type { Notification, StreamHandle } from '../../src/index.js';
import { isIncarnation } from '../../src/redis/names.js';
import type { Command } from '../../src/simulation/labels.js';
import type { Reply } from '../../src/simulation/redis/index.js';
import { isReplyError, toTexts } from '../../src/simulation/replies.js';
import type {
  AcquiredRecord,
  FinishedRecord,
  HistoryRecord,
  SavedRecord,
} from '../../src/testing/history-records.js';
import type { Member } from '../member.js';
import type { Stage } from '../stage.js';
import type { Worker } from './workers.js';

interface Kept {
  /** Of the owner that wrote it. */
  readonly id: string;
  readonly number: number;
  /** Undefined: positions of entries alone. */
  readonly count: number | undefined;
}

/** What one owner of one entry saves. */
interface Saving {
  /** What it asked for, unless that was refused. */
  readonly asked: Set<number>;
  /** The most that Redis has executed. */
  written: number;
}

export class CheckpointWatch {
  readonly #fleet: Stage;
  /** By data stream. */
  readonly #kept = new Map<string, Kept>();
  /** By consumer and entry. */
  readonly #savings = new Map<string, Saving>();
  /** Whose checkpoint is to stay when it is finished, likewise. */
  readonly #keeping = new Set<string>();
  /** Which were told as failed, likewise: nobody saves for them. */
  readonly #failed = new Set<string>();

  constructor(fleet: Stage) {
    this.#fleet = fleet;
  }

  /** The ledger knows what happened before. */
  record(record: HistoryRecord): void {
    switch (record.op) {
      case 'saved':
        this.#saved(record);
        break;
      case 'acquired':
        this.#acquired(record);
        break;
      case 'finished':
        this.#finished(record);
        break;
      case 'requeued':
      case 'delayed':
      case 'deadLettered':
      case 'deadLetterDue':
        if (record.from === record.by) this.#handedOver(record.by, record);
        break;
    }
  }

  #saved({ id, name, owner, number, text }: SavedRecord): void {
    const { ledger } = this.#fleet;
    const life = ledger.lives.get(id);
    const before = this.#kept.get(name);
    const count = countIn(text);
    if (this.#isKnown(id)) {
      if (life?.owner !== owner)
        this.#add(
          'C-CHK-2',
          `${owner} saved ${count} of ${name} ${id}, which ${life?.owner ?? 'nobody'} owns`,
        );
      if (before?.id === id && number <= before.number)
        this.#add('C-CHK-3', `${owner} wrote number ${number} of ${name} ${id} over ${before.number}`);
      if (before !== undefined && !ledger.isAhead && compareFencingTokens(id, before.id) < 0)
        this.#add('C-CHK-3', `${owner} saved ${name} as ${id} over ${before.id}`);
      if (before?.count !== undefined && (count === undefined || count < before.count))
        this.#add('C-CHK-3', `${owner} took ${name} ${id} back from ${before.count} to ${count}`);
      if (life?.isCancelled)
        this.#add('C-CHK-8', `${owner} saved ${count} of ${name} ${id} after it had been cancelled`);
    }
    if (life !== undefined) life.hasAdvanced = true;
    this.#kept.set(name, { id, number, count });
    const saving = this.#savingOf(owner, id);
    saving.written = Math.max(saving.written, count ?? 0);
  }

  #acquired({ id, name, owner, checkpoint }: AcquiredRecord): void {
    if (!this.#isKnown(id)) return;
    const kept = this.#kept.get(name);
    const due = kept && `${kept.id} ${kept.number}`;
    if (checkpoint !== due)
      this.#add(
        'C-CHK-4',
        `${owner} was given ${checkpoint ?? 'nothing'} with ${name} ${id}, expected ${due ?? 'nothing'}`,
      );
  }

  #finished({ id, name, owner, checkpoint }: FinishedRecord): void {
    const kept = this.#kept.get(name);
    if (checkpoint === 'removed') this.#kept.set(name, { id, number: 0, count: undefined });
    if (kept === undefined) return;
    if (checkpoint === 'cleared') this.#kept.delete(name);
    // Others write no checkpoints, and clear none.
    if (!this.#isKnown(id) || !isIncarnation(owner)) return;
    const isCancelled = this.#fleet.ledger.lives.get(id)?.isCancelled === true;
    const isKeeping = this.#keeping.has(`${owner} ${id}`);
    // Whose entries are read and removed may leave that to be known.
    const isGone = checkpoint === 'cleared' || (checkpoint === 'removed' && !this.#fleet.shape.isTrimming);
    if (isGone && isKeeping && !isCancelled)
      this.#add('C-CHK-5', `${owner} finished ${name} ${id}, and what was to be kept is gone`);
    if (checkpoint === undefined && !isKeeping)
      this.#add('C-CHK-5', `${owner} finished ${name} ${id}, and ${kept.id} ${kept.number} is left`);
  }

  /** Out of its owner's hands, by that owner. */
  #handedOver(owner: string, { id, name, op }: HistoryRecord): void {
    const key = `${owner} ${id}`;
    const saving = this.#savings.get(key);
    if (saving === undefined || this.#failed.has(key) || !this.#isKnown(id)) return;
    if (this.#fleet.ledger.lives.get(id)?.isCancelled) return;
    const most = Math.max(...saving.asked, 0);
    if (saving.written < most)
      this.#add(
        'C-CHK-6',
        `${owner} gave ${name} ${id} back (${op}) with ${saving.written}, and had saved ${most}`,
      );
  }

  /** The script has been executed. */
  cancelled([command = []]: readonly Command[], [reply]: readonly Reply[]): void {
    if (reply === undefined || isReplyError(reply)) return;
    const args = command.slice(3 + Number(command[2])).map(String);
    (toTexts(reply) as string[][]).forEach((found, index) => {
      if (found.length > 0 && !found.includes('foreign')) this.#kept.delete(args[1 + index] as string);
    });
  }

  /** A handler begins. */
  begins({ consumer }: Member, { name, id, checkpoint }: StreamHandle): void {
    const life = this.#fleet.ledger.lives.get(id);
    if (life?.owner !== consumer || life.isCancelled || !this.#isKnown(id)) return;
    const due = this.#kept.get(name)?.count;
    const given = checkpoint === undefined ? undefined : Number(checkpoint);
    if (given !== due)
      this.#add(
        'C-CHK-4',
        `${consumer} begins ${name} ${id} with ${given ?? 'nothing'}, expected ${due ?? 'nothing'}`,
      );
  }

  /** The application, or its handler by returning, is about to finish it. */
  finishes({ consumer }: Member, { id }: StreamHandle, isKeeping: boolean): void {
    if (isKeeping) this.#keeping.add(`${consumer} ${id}`);
    else this.#keeping.delete(`${consumer} ${id}`);
  }

  saves(
    { consumer }: Member,
    handle: StreamHandle,
    worker: Worker,
    count: number,
  ): (code: string | null) => void {
    const { name, id } = handle;
    const saving = this.#savingOf(consumer, id);
    saving.asked.add(count);
    return (code) => {
      this.#fleet.say(`${consumer}: save ${name} ${id} ${count} ${code ?? 'resolved'}`);
      const life = this.#fleet.ledger.lives.get(id);
      if (code !== null) saving.asked.delete(count);
      if (life === undefined || life.isCancelled || !this.#isKnown(id)) return;
      // What a done() has overtaken is not saved any more, and resolves.
      if (code === null && saving.written < count && life.end !== 'finished')
        this.#add(
          'C-CHK-1',
          `${count} of ${name} ${id} was said to be saved for ${consumer}; Redis has ${saving.written}`,
        );
      const isAtWork = !handle.signal.aborted && !worker.isOver && worker.returnedAt === undefined;
      if (code === 'StreamNotOwned' && life.owner === consumer && isAtWork)
        this.#add('C-CHK-2', `a save of ${name} ${id} was refused to ${consumer}, which owns it`);
    };
  }

  told({ consumer }: Member, notification: Notification): void {
    if (notification.type === 'StreamDisowned') this.#failed.add(`${consumer} ${notification.id}`);
  }

  /** The server's data is older, or gone: what it has is what counts. */
  dataLost(): void {
    this.#kept.clear();
    this.#savings.clear();
    const flat = this.#fleet.lookAt('HGETALL', this.#fleet.names.checkpoints) as string[];
    for (let at = 0; at + 1 < flat.length; at += 2) {
      const [, id = '', number = '', json = ''] = /^v1 (\S+) (\d+) \d+ (.*)$/s.exec(flat[at + 1] ?? '') ?? [];
      this.#kept.set(flat[at] as string, { id, number: Number(number), count: countIn(json) });
    }
  }

  #savingOf(owner: string, id: string): Saving {
    const key = `${owner} ${id}`;
    const saving = this.#savings.get(key) ?? { asked: new Set<number>(), written: 0 };
    this.#savings.set(key, saving);
    return saving;
  }

  #isKnown(id: string): boolean {
    const { ledger } = this.#fleet;
    return ledger.knowsAll && ledger.isWhole(id);
  }

  #add(clause: string, message: string): void {
    this.#fleet.violations.add(clause, message);
  }
}

/** What the application has saved. */
function countIn(json: string): number | undefined {
  const { v } = JSON.parse(json) as { readonly v?: string };
  return v === undefined ? undefined : Number(v);
}
