/** Consumers of the Go client in the fleet, life after life, and what their commands mean for whoever keeps the books: they write no history. */
import { trialOf } from '../src/redis/own-fields.js';
import type { Command } from '../src/simulation/labels.js';
import type { SimulatedProcess } from '../src/simulation/process.js';
import type { Reply } from '../src/simulation/redis/index.js';
import { isReplyError, toTexts } from '../src/simulation/replies.js';
import { GoConsumer, type GoVersion } from './go-consumer.js';
import { isOpen } from './invariants/ledger.js';
import { goName } from './schedule.js';
import type { Stage } from './stage.js';
import type { Bystander } from './victim.js';

/** Ours find out within two heartbeats (C-OVL-5), and then verify: in heartbeats, and milliseconds. */
const NOTICED_AFTER_HEARTBEATS = 2;
const VERIFIED_WITHIN_MS = 500;

type Entry = [id: string, fields: string[]];

export class GoParty implements Bystander {
  readonly label: string;
  readonly #fleet: Stage;
  readonly #version: GoVersion;
  #lives = 0;
  #consumer: GoConsumer;
  #isAlive = true;
  readonly #processes = new Set<SimulatedProcess>();

  constructor(fleet: Stage, index: number, version: GoVersion) {
    this.#fleet = fleet;
    this.#version = version;
    this.label = goName(index);
    this.#consumer = this.#begin();
  }

  get process(): SimulatedProcess {
    return this.#consumer.process;
  }

  was(process: SimulatedProcess): boolean {
    return this.#processes.has(process);
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Nothing that it has taken is left. */
  get isIdle(): boolean {
    return !this.#isAlive || this.#consumer.owned.size === 0;
  }

  disturb(): void {}

  crash(): void {
    this.#isAlive = false;
    this.process.end();
  }

  startAnew(): void {
    if (this.#isAlive) return;
    this.#isAlive = true;
    this.#consumer = this.#begin();
  }

  #begin(): GoConsumer {
    const { world, names, shape } = this.#fleet;
    const { heartbeatMs, reconcileEveryMs, maxRetries } = shape;
    const life = this.#lives;
    this.#lives += 1;
    const consumer = new GoConsumer({
      world,
      names,
      consumer: this.label,
      life,
      version: this.#version,
      heartbeatMs,
      reconcileEveryMs,
      maxRetries,
      isCalm: () => this.#fleet.isCalm,
      say: (text) => this.#fleet.say(`${this.label} ${text}`),
      terminated: () => this.#terminated(),
    });
    this.#processes.add(consumer.process);
    return consumer;
  }

  /** Whoever runs it starts it again. */
  #terminated(): void {
    this.#fleet.say(`${this.label} reads no more`);
    this.crash();
    for (const connection of this.#fleet.world.network.of(this.process)) connection.end();
    this.#fleet.later(this.#fleet.shape.heartbeatMs, () => this.startAnew());
  }

  /** The server has executed one of its commands. */
  executed([command, ...args]: Command, reply: Reply | undefined): void {
    if (reply === undefined || isReplyError(reply)) return;
    const { names } = this.#fleet;
    const [key] = args;
    switch (command) {
      case 'XACK':
        if (reply === 1) this.#acknowledged(String(args[2]));
        break;
      case 'XDEL':
        this.#deleted(String(args[1]));
        break;
      case 'XADD':
        if (key === names.lbs) this.#added(String(toTexts(reply)), args.slice(2).map(String));
        break;
      case 'XCLAIM': {
        const claimed = (toTexts(reply) as Entry[]).map(([id]) => id);
        for (const id of claimed) this.#claimed(id);
        // Redis names what it claims, and not what it takes off the list as there is no payload. One entry is asked for at a time.
        const id = String(args[4]);
        if (claimed.length === 0 && this.#fleet.ledger.lives.get(id)?.isTrimmed) this.#claimedInVain(id);
        break;
      }
      case 'XAUTOCLAIM': {
        const [, claimed, gone = []] = toTexts(reply) as [string, Entry[], string[]?];
        for (const [id] of claimed) this.#claimed(id);
        for (const id of gone) this.#claimedInVain(id);
        break;
      }
      case 'XGROUP':
        // C-ADD-4: made at `$`. What was there before is delivered to nobody.
        for (const life of this.#fleet.ledger.open) this.#fleet.ledger.orphaned(life);
        break;
    }
  }

  /** Finished, or taken out of somebody's hands to be requeued: which of the two only it knows, and half way through the entry is lost (C-OVL-5). */
  #acknowledged(id: string): void {
    const life = this.#fleet.ledger.lives.get(id);
    if (life === undefined || !isOpen(life)) return;
    this.#taken(id, 'acknowledged by the Go client');
    this.#fleet.ledger.orphaned(life);
  }

  #deleted(id: string): void {
    const life = this.#fleet.ledger.lives.get(id);
    if (life === undefined) return;
    // One that is still pending for somebody is trimmed under its owner.
    if (isOpen(life)) life.isTrimmed = true;
    life.isOrphaned = false;
  }

  #added(copy: string, fields: readonly string[]): void {
    const value = (name: string) => fields[fields.lastIndexOf(name) + 1];
    const { DataStreamName: name } = JSON.parse(value('lbs-input') as string) as { DataStreamName: string };
    // What it does not know it copies along.
    this.#fleet.wasAnnounced(copy, name, Number(value('_retry_count')), trialOf(fields));
  }

  /** C-OVL-5: both owners hold the same token. */
  #claimed(id: string): void {
    const life = this.#fleet.ledger.lives.get(id);
    if (life === undefined || !isOpen(life)) return;
    this.#taken(id, 'claimed by the Go client');
    this.#fleet.ledger.handed(life);
  }

  #claimedInVain(id: string): void {
    const life = this.#fleet.ledger.lives.get(id);
    if (life === undefined || !isOpen(life)) return;
    this.#taken(id, 'found without payload by the Go client');
    this.#fleet.ledger.claimedInVain(life);
  }

  #taken(id: string, why: string): void {
    const { ledger, workers, shape } = this.#fleet;
    const life = ledger.lives.get(id);
    // Who has acquired it anew under the same id has no record of that: it is excepted all the same.
    if (life?.owner !== undefined) workers.taken(life, life.owner, why);
    workers.excuseFor('C-OVL-5', id, NOTICED_AFTER_HEARTBEATS * shape.heartbeatMs + VERIFIED_WITHIN_MS);
  }
}
