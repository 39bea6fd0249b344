/**
 * C-ENS-1 to C-ENS-6: what producers ensure is there, or was announced by that; and nothing that was ensured while it was owned is lost to a
 * `done()` that asks. Held against what the ledger knows of each entry, not against what the scripts go by.
 */
import { compareFencingTokens } from '../../src/core/entry-id.js';
import type { Notification, StreamHandle } from '../../src/index.js';
import type { Command } from '../../src/simulation/labels.js';
import type { Reply } from '../../src/simulation/redis/index.js';
import { isReplyError, toTexts } from '../../src/simulation/replies.js';
import type { HistoryRecord } from '../../src/testing/history-records.js';
import type { Member } from '../member.js';
import type { Stage } from '../stage.js';
import { hearsWithinMs, needNotHear } from './hearing.js';
import { type EntryLife, isAside, isOpen } from './ledger.js';

interface Touch {
  readonly consumer: string;
  readonly id: string;
  readonly count: number;
  /** Milliseconds of the world. */
  readonly atMs: number;
}

export class EnsureWatch {
  readonly #fleet: Stage;
  /** What Redis has answered: names and ids. */
  readonly #answered = new Set<string>();
  /** How often each entry has been touched. */
  readonly #touches = new Map<string, number>();
  /** What a handler has asked its entry to be finished by, by consumer and entry. */
  readonly #conditions = new Map<string, number>();
  /** What each consumer has heard of, by consumer and entry. */
  readonly #heard = new Map<string, number>();
  /** Those that nobody has heard of yet. */
  readonly #open = new Set<Touch>();

  constructor(fleet: Stage) {
    this.#fleet = fleet;
  }

  /** The script has been executed; the ledger knows what happened before. */
  executed([command = []]: readonly Command[], [reply]: readonly Reply[]): void {
    if (reply === undefined || isReplyError(reply)) return;
    const args = command.slice(3 + Number(command[2])).map(String);
    const answer = toTexts(reply) as (string | number)[];
    for (let at = 0; at < answer.length; at += 2) {
      const [id, outcome, name] = [String(answer[at]), Number(answer[at + 1]), args[3 + at] as string];
      this.#answered.add(`${name} ${id}`);
      if (outcome === 1) this.#created(name, id);
      else this.#found(name, id, outcome);
    }
  }

  #created(name: string, id: string): void {
    const { ledger } = this.#fleet;
    let newest: EntryLife | undefined;
    for (const life of ledger.lives.values()) {
      if (life.name !== name || life.id === id) continue;
      // C-DLY-4: what is delayed is announced.
      if (isAside(life.id)) {
        if (isOpen(life) && ledger.isWhole(life.id) && ledger.knowsAll)
          this.#add(
            'C-DLY-4',
            `${name} was announced as ${id}, though it is delayed, or parked (${life.id})`,
          );
        continue;
      }
      if (newest === undefined || compareFencingTokens(life.id, newest.id) > 0) newest = life;
    }
    this.#fleet.wasAnnounced(id, name);
    // C-ENS-3: a consumer of the Go client moves an entry in two steps, and its name counts as free in between.
    if (this.#fleet.shape.goConsumers > 0) return;
    // C-CAN-4: what is cancelled is over for whoever ensures it.
    if (newest?.isCancelled) return;
    if (newest === undefined || !isOpen(newest) || newest.end === 'deadLetterDue') return;
    if (newest.isTrimmed || !ledger.isWhole(newest.id) || !ledger.knowsAll) return;
    this.#add('C-ENS-1', `${name} was announced as ${id}, though ${newest.id} waits or is owned`);
  }

  #found(name: string, id: string, outcome: number): void {
    const { ledger, now } = this.#fleet;
    const life = ledger.lives.get(id);
    if (outcome === 2) {
      const count = (this.#touches.get(id) ?? 0) + 1;
      this.#touches.set(id, count);
      if (life?.owner !== undefined) this.#open.add({ consumer: life.owner, id, count, atMs: now });
    }
    if (life?.isCancelled && ledger.isWhole(id) && ledger.knowsAll)
      this.#add('C-CAN-4', `${name} was said to be announced by ${id}, which had been cancelled`);
    if (life === undefined || life.name !== name) {
      this.#add('C-ENS-1', `${name} was said to be ${id}, which is ${life?.name ?? 'no entry'}`);
      return;
    }
    if (!ledger.isWhole(id) || !ledger.knowsAll) return;
    if (!isOpen(life) || life.end === 'deadLetterDue')
      this.#add('C-ENS-1', `${name} was said to be announced by ${id}, which is over (${life.end})`);
    else if (outcome === 0 && life.isTrimmed)
      this.#add('C-ENS-1', `${name} was said to be announced by ${id}, whose payload is gone`);
    else if (outcome === 2 && life.owner === undefined && !life.isHanded)
      this.#add('C-ENS-4', `${name} ${id} was touched, and nobody is recorded as its owner`);
  }

  resolved(producer: string, name: string, id: string): void {
    if (!this.#answered.has(`${name} ${id}`))
      this.#add('C-ENS-1', `ensure(${name}) of ${producer} resolved with ${id}, which Redis did not answer`);
  }

  begins({ consumer }: Member, { id, touched }: StreamHandle): void {
    // One that was lost, and adopted again, has been asked nothing yet.
    this.#conditions.delete(`${consumer} ${id}`);
    this.#hears(consumer, id, touched);
  }

  told({ consumer }: Member, notification: Notification): void {
    if (notification.type !== 'StreamTouched') return;
    const { id, stream, touched } = notification;
    const count = this.#touches.get(id) ?? 0;
    if (touched > count && this.#fleet.ledger.isWhole(id))
      this.#add('C-ENS-4', `${consumer} was told of ${touched} touches of ${stream} ${id}, of ${count}`);
    this.#hears(consumer, id, touched);
  }

  #hears(consumer: string, id: string, touched: number): void {
    const key = `${consumer} ${id}`;
    this.#heard.set(key, Math.max(touched, this.#heard.get(key) ?? 0));
  }

  /** A handler is about to call done(): with this condition; undefined: without one. */
  asks({ consumer }: Member, { id }: StreamHandle, ifTouches: number | undefined): void {
    const key = `${consumer} ${id}`;
    if (ifTouches === undefined) this.#conditions.delete(key);
    else this.#conditions.set(key, ifTouches);
  }

  record(record: HistoryRecord): void {
    if (record.op !== 'finished') return;
    const { id, name, owner } = record;
    const most = this.#conditions.get(`${owner} ${id}`);
    const count = this.#touches.get(id) ?? 0;
    if (most === undefined || count <= most || !this.#fleet.ledger.isWhole(id)) return;
    // C-CAN-2: what is cancelled is finished, however often it was touched before.
    if (!this.#fleet.ledger.knowsAll || this.#fleet.ledger.lives.get(id)?.isCancelled) return;
    this.#add(
      'C-ENS-6',
      `${owner} finished ${name} ${id} if touched ${most} times, and it was ${count} times`,
    );
  }

  look(): void {
    const { now } = this.#fleet;
    for (const touch of this.#open) {
      if (this.#isExcused(touch)) this.#open.delete(touch);
      else if (now - touch.atMs > hearsWithinMs(this.#fleet)) {
        this.#open.delete(touch);
        const { consumer, id, count, atMs } = touch;
        const afterMs = (now - atMs).toFixed(0);
        this.#add('C-ENS-4', `${consumer} has not heard of touch ${count} of ${id} ${afterMs} ms after it`);
      }
    }
  }

  #isExcused(touch: Touch): boolean {
    const { consumer, id, count } = touch;
    return (this.#heard.get(`${consumer} ${id}`) ?? 0) >= count || needNotHear(this.#fleet, touch);
  }

  #add(clause: string, message: string): void {
    this.#fleet.violations.add(clause, message);
  }
}
