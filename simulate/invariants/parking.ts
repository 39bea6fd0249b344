/**
 * C-NAME-6 to C-NAME-9, C-PAUSE-1 to C-PAUSE-3: what is parked goes back in its order, nothing that is free stays parked, and nobody is given what is
 * paused. Held against what the history says of each entry, not against what the scripts go by.
 */
import type { Command } from '../../src/simulation/labels.js';
import type { Reply } from '../../src/simulation/redis/index.js';
import { isReplyError } from '../../src/simulation/replies.js';
import type { HistoryRecord, ParkedRecord, UnparkedRecord } from '../../src/testing/history-records.js';
import type { Stage } from '../stage.js';
import { isAside, isOpen } from './ledger.js';

/** What is free is found with every eighth heartbeat of anybody, which are half of heartbeatMs apart. */
const FOUND_WITHIN = 4.5;
const SHOWS_AFTER = 2;
const SLOWEST_MS = 1200;
const MESSAGES = 4;

interface Parked {
  readonly id: string;
  /** In which order it was parked. */
  readonly at: number;
  /** It had gone back before: it may have kept its place. */
  readonly isBack: boolean;
}

export class ParkingWatch {
  readonly #fleet: Stage;
  /** By name, in the order in which they were parked. */
  readonly #parked = new Map<string, Parked[]>();
  /** Entries that had been parked, and went back; and copies of what was owned, which have their turn. */
  readonly #back = new Set<string>();
  /** Since when a name is free while something of it is parked, in milliseconds of the world. */
  readonly #freeSince = new Map<string, number>();
  #paused = new Set<string>();
  #count = 0;

  constructor(fleet: Stage) {
    this.#fleet = fleet;
  }

  /** `pause` has been executed; the history before it is known. */
  executed([command = []]: readonly Command[], [reply]: readonly Reply[]): void {
    if (reply === undefined || isReplyError(reply)) return;
    const [what, ...names] = command.slice(3 + Number(command[2])).map(String);
    for (const name of names) {
      if (what === 'pause') this.#paused.add(name);
      else this.#paused.delete(name);
      this.#freeSince.delete(name);
    }
  }

  /** A producer has crashed between the two, or what it had given up was executed late. */
  resumeAll(): void {
    if (this.#paused.size === 0) return;
    this.#fleet.askMaybe('DEL', this.#fleet.names.parking[4]);
    this.#paused.clear();
  }

  dataLost(): void {
    this.#paused = new Set(this.#fleet.lookAt('HKEYS', this.#fleet.names.parking[4]) as string[]);
    this.#parked.clear();
    this.#freeSince.clear();
  }

  record(record: HistoryRecord): void {
    if (record.op === 'parked') this.#park(record);
    else if (record.op === 'unparked') this.#unpark(record);
    else if (record.op === 'requeued') this.#back.add(record.copy);
    // Of what its owner works on the record may be garbage: it is its own all the same, and a pause comes too late.
    else if (
      record.op === 'acquired' &&
      this.#paused.has(record.name) &&
      this.#fleet.ledger.isWhole(record.id)
    )
      this.#add('C-PAUSE-1', `${record.owner} acquired ${record.name} ${record.id}, which is paused`);
    else if (record.op === 'cancelled' && isAside(record.id)) this.#leave(record.name, record.id);
    else if (record.op === 'coalesced') this.#coalesced(record.name, record.id);
  }

  #park({ name, id, copy, why }: ParkedRecord): void {
    const parked = this.#parked.get(name) ?? [];
    this.#count += 1;
    parked.push({ id: copy, at: this.#count, isBack: this.#back.has(id) });
    this.#parked.set(name, parked);
    if (why === 'paused' && !this.#paused.has(name) && this.#fleet.ledger.knowsAll)
      this.#add('C-PAUSE-1', `${name} ${id} was parked as paused, and is not`);
    if (why !== 'paused' && this.#isFree(name, [id, copy]))
      this.#add(
        'C-NAME-6',
        `${name} ${id} was parked, and nobody owns another entry of its name, nor is it the turn of one`,
      );
  }

  /** As far as anybody can know: no other entry of this name is owned, and none that had its turn is to come. */
  #isFree(name: string, but: readonly string[]): boolean {
    const { ledger, shape } = this.#fleet;
    return (
      ledger.knowsAll &&
      shape.goConsumers === 0 &&
      !ledger.open.some(
        (life) =>
          life.name === name &&
          !but.includes(life.id) &&
          (life.owner !== undefined || life.isHanded || this.#back.has(life.id) || !ledger.isWhole(life.id)),
      )
    );
  }

  #unpark({ name, id, copy }: UnparkedRecord): void {
    this.#back.add(copy);
    const all = this.#parked.get(name) ?? [];
    const found = all.find((parked) => parked.id === id);
    const before = all.find((parked) => !parked.isBack && parked.at < (found?.at ?? 0));
    this.#leave(name, id);
    if (this.#paused.has(name)) this.#add('C-PAUSE-2', `${name} ${id} went back, and is paused`);
    if (found !== undefined && !found.isBack && before !== undefined)
      this.#add('C-NAME-7', `${name} ${id} went back before ${before.id}, which was parked first`);
  }

  /** Somebody else has to wait, who stands for it. */
  #coalesced(name: string, id: string): void {
    const { ledger } = this.#fleet;
    const others = ledger.open.filter(
      (life) => life.name === name && life.id !== id && life.owner === undefined,
    );
    if (others.length === 0 && ledger.knowsAll)
      this.#add('C-NAME-9', `${name} ${id} was finished for another one that waits, and there is none`);
  }

  #leave(name: string, id: string): void {
    const left = (this.#parked.get(name) ?? []).filter((parked) => parked.id !== id);
    if (left.length > 0) this.#parked.set(name, left);
    else this.#parked.delete(name);
  }

  look(): void {
    const { ledger, now } = this.#fleet;
    for (const name of this.#freeSince.keys()) if (!this.#parked.has(name)) this.#freeSince.delete(name);
    if (this.#parked.size === 0) return;
    const taken = new Set(ledger.open.filter(({ id }) => !isAside(id)).map((life) => life.name));
    for (const name of this.#parked.keys()) {
      // Of what a tool, or lost data, had a hand in, nobody knows who owns it.
      const isKnown =
        ledger.knowsAll &&
        [...ledger.lives.values()].every(
          (life) => life.name !== name || ledger.isWhole(life.id) || !isOpen(life),
        );
      if (taken.has(name) || this.#paused.has(name) || !isKnown) {
        this.#freeSince.delete(name);
        continue;
      }
      const since = this.#freeSince.get(name) ?? now;
      this.#freeSince.set(name, since);
      if (now - since <= this.#allowedMs || !this.#isAnybodyWell(now - since)) continue;
      this.#freeSince.set(name, now);
      this.#add('C-NAME-8', `${name} has been free for ${(now - since).toFixed(0)} ms, and stays parked`);
    }
  }

  get #allowedMs(): number {
    const { heartbeatMs, latencyMs } = this.#fleet.shape;
    return FOUND_WITHIN * heartbeatMs + MESSAGES * Math.min(20 * latencyMs, SLOWEST_MS);
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

  #add(clause: string, message: string): void {
    this.#fleet.violations.add(clause, message);
  }
}
