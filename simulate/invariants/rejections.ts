/** C-FAIL-3: a stream of which the handler says that no try can succeed is dead-lettered at once, as it is, and not tried again. */
import type { Notification, StreamHandle } from '../../src/index.js';
import { dueReason } from '../../src/redis/due-consumer.js';
import type { HistoryRecord } from '../../src/testing/history-records.js';
import type { Member } from '../member.js';
import type { Stage } from '../stage.js';

/** How long ago something may have befallen a connection that only an answer that does not come shows: in heartbeats. */
const SHOWS_AFTER = 2;
/** What it may take beside messages, in milliseconds, and how many of the slowest messages. */
const WITHIN_MS = 100;
const MESSAGES = 6;
const SLOWEST = 20;
const SLOWEST_MS = 100;

interface Rejection {
  readonly member: Member;
  readonly name: string;
  readonly id: string;
  /** Milliseconds of the world. */
  readonly atMs: number;
}

export class RejectionWatch {
  readonly #fleet: Stage;
  /** By consumer and entry. */
  readonly #rejections = new Map<string, Rejection>();
  /** Those of which nothing has been seen to come. */
  readonly #open = new Set<Rejection>();

  constructor(fleet: Stage) {
    this.#fleet = fleet;
  }

  /** A handler is about to say so. */
  rejects(member: Member, { name, id }: StreamHandle): void {
    const rejection = { member, name, id, atMs: this.#fleet.now };
    this.#rejections.set(keyOf(member.consumer, id), rejection);
    this.#open.add(rejection);
  }

  told({ consumer }: Member, notification: Notification): void {
    if (notification.type !== 'StreamFailed') return;
    const { stream, id, retryAt } = notification;
    if ((retryAt === null) === this.#rejections.has(keyOf(consumer, id))) return;
    this.#add(`${consumer} was told of a retry of ${stream} ${id} at ${retryAt ?? 'no time'}`);
  }

  /** Before the ledger knows. */
  record(record: HistoryRecord): void {
    if (!('from' in record)) return;
    const { op, id, name, from, by } = record;
    const life = this.#fleet.ledger.lives.get(id);
    const rejection = this.#rejections.get(keyOf(from, id));
    if (rejection !== undefined) this.#open.delete(rejection);
    if (op === 'requeued' && record.why === 'failed' && rejection !== undefined)
      this.#add(`${name} ${id} was given back for another try by ${by}, though its handler rejected it`);
    if ((op !== 'deadLettered' && op !== 'deadLetterDue') || record.reason !== 'rejected') return;
    // That its letter is written, in the end, is no news.
    if (dueReason(from) !== undefined) return;
    if (rejection === undefined)
      this.#add(`${name} ${id} was dead-lettered as rejected by ${by}, and no handler of ${from} said so`);
    else if (life !== undefined && record.count !== life.retryCount)
      this.#add(`${name} ${id} was rejected with ${record.count} retries, after ${life.retryCount}`);
  }

  begins({ consumer }: Member, { name, id }: StreamHandle): void {
    const rejection = this.#rejections.get(keyOf(consumer, id));
    if (rejection === undefined) return;
    // What comes of this try is another matter.
    this.#rejections.delete(keyOf(consumer, id));
    this.#open.delete(rejection);
    // C-LOST-2: what Redis refuses for good to take back is assigned once more.
    if (rejection.member.deniedUntil >= rejection.atMs || !this.#fleet.ledger.isWhole(id)) return;
    this.#add(`${consumer} works on ${name} ${id} once more, though its handler has rejected it`);
  }

  look(): void {
    const { now } = this.#fleet;
    for (const rejection of this.#open) {
      if (this.#isExcused(rejection)) this.#open.delete(rejection);
      else if (now - rejection.atMs > this.#dueMs) {
        this.#open.delete(rejection);
        const { member, name, id, atMs } = rejection;
        this.#add(
          `${name} ${id} is not dead-lettered ${(now - atMs).toFixed(0)} ms after the handler of ${member.consumer} rejected it`,
        );
      }
    }
  }

  get #dueMs(): number {
    return WITHIN_MS + MESSAGES * Math.min(SLOWEST * this.#fleet.shape.latencyMs, SLOWEST_MS);
  }

  #isExcused({ member, id, atMs }: Rejection): boolean {
    const { ledger, shape } = this.#fleet;
    const life = ledger.lives.get(id);
    return (
      member.state !== 'running' ||
      member.disturbedUntil >= atMs - SHOWS_AFTER * shape.heartbeatMs ||
      life === undefined ||
      life.end !== undefined ||
      !ledger.isWhole(id)
    );
  }

  #add(message: string): void {
    this.#fleet.violations.add('C-FAIL-3', message);
  }
}

function keyOf(consumer: string, id: string): string {
  return `${consumer} ${id}`;
}
