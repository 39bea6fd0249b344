/** C-DLY-1 to C-DLY-3: what is delayed is given to nobody before it is due, and to everyone within a second of that, once. */
import type { Command } from '../../src/simulation/labels.js';
import type { Reply } from '../../src/simulation/redis/index.js';
import { isReplyError, toTexts } from '../../src/simulation/replies.js';
import type { HistoryRecord } from '../../src/testing/history-records.js';
import type { Stage } from '../stage.js';
import { isOpen } from './ledger.js';

/** What the contract allows beyond the moment, in milliseconds. */
const LATE_MS = 1000;
/** How long ago something may have befallen a connection that only an answer that does not come shows: in heartbeats. */
const SHOWS_AFTER = 2;
/** The slowest messages, in milliseconds, and how many there are: a heartbeat, and a call. */
const SLOWEST_MS = 1200;
const MESSAGES = 4;

interface Delay {
  readonly name: string;
  /** By the clock of Redis, epoch milliseconds. */
  readonly dueMs: number;
  /** When that was delayed, in milliseconds of the world. */
  readonly atMs: number;
}

export class DelayWatch {
  readonly #fleet: Stage;
  /** By the id of what is delayed. */
  readonly #delays = new Map<string, Delay>();

  constructor(fleet: Stage) {
    this.#fleet = fleet;
  }

  /** A script has been executed that delays. */
  executed(label: string, [command = []]: readonly Command[], [reply]: readonly Reply[]): void {
    if (reply === undefined || isReplyError(reply)) return;
    const args = command.slice(3 + Number(command[2])).map(String);
    if (label === 'add-delayed') {
      const delays = String(args[0]).split(' ');
      (toTexts(reply) as string[]).forEach((id, index) => {
        const name = args[3 + 2 * index] as string;
        this.#begin(id, name, Number(delays[index]));
        this.#fleet.wasAnnounced(id, name);
      });
      return;
    }
    const [results] = toTexts(reply) as [[outcome: string, id: string][]];
    results.forEach(([outcome, id], index) => {
      if (outcome === 'delayed') this.#begin(id, args[5 + 2 * index] as string, Number(args[3]));
    });
  }

  #begin(id: string, name: string, delayMs: number): void {
    this.#delays.set(id, { name, dueMs: this.#redisMs + delayMs, atMs: this.#fleet.now });
  }

  record(record: HistoryRecord): void {
    if (record.op !== 'undelayed') return;
    const delay = this.#delays.get(record.id);
    this.#delays.delete(record.id);
    if (delay === undefined) {
      if (this.#fleet.ledger.knowsAll)
        this.#add('C-DLY-2', `${record.name} ${record.id} was given out, and had not been delayed`);
      return;
    }
    const earlyMs = delay.dueMs - record.at;
    if (earlyMs > 1)
      this.#add('C-DLY-1', `${record.name} ${record.id} was given out ${earlyMs.toFixed(0)} ms early`);
  }

  look(): void {
    const { ledger, now } = this.#fleet;
    if (this.#delays.size === 0) return;
    const redisMs = this.#redisMs;
    for (const [id, delay] of this.#delays) {
      const life = ledger.lives.get(id);
      if (life !== undefined && !isOpen(life)) this.#delays.delete(id);
      const lateMs = redisMs - delay.dueMs;
      if (lateMs <= this.#allowedMs || now - delay.atMs <= this.#allowedMs) continue;
      if (!this.#isAnybodyWell(Math.min(lateMs, now - delay.atMs))) continue;
      this.#delays.delete(id);
      if (!ledger.isWhole(id)) continue;
      this.#add('C-DLY-2', `${delay.name} ${id} was due ${lateMs.toFixed(0)} ms ago, and is not given out`);
    }
  }

  get #allowedMs(): number {
    const { heartbeatMs, latencyMs } = this.#fleet.shape;
    return Math.max(LATE_MS, heartbeatMs / 2) + MESSAGES * Math.min(20 * latencyMs, SLOWEST_MS);
  }

  /** Nothing has befallen it, nor Redis, for so long. */
  #isAnybodyWell(ms: number): boolean {
    const { members, now, shape } = this.#fleet;
    const since = now - ms - SHOWS_AFTER * shape.heartbeatMs;
    return members.some(
      (member) =>
        member.state === 'running' &&
        !member.process.isStill &&
        member.runningAt < since &&
        member.disturbedUntil < since,
    );
  }

  get #redisMs(): number {
    const [seconds, micros] = (this.#fleet.lookAt('TIME') ?? [0, 0]) as [number | string, number | string];
    return Number(seconds) * 1000 + Number(micros) / 1000;
  }

  #add(clause: string, message: string): void {
    this.#fleet.violations.add(clause, message);
  }
}
