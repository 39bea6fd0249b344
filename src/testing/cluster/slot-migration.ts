import type { Member } from './member.js';
import { type NodeCalls, withCalls } from './node-calls.js';
import type { SlotMigration } from './types.js';

export interface SlotMigrationOptions {
  readonly from: Member;
  readonly to: Member;
  readonly slots: readonly number[];
  /** Of the nodes; undefined for none. */
  readonly password: string | undefined;
  /** The masters that are up, which are told who serves the slots from now on. */
  masters(): Promise<readonly Member[]>;
  settled(): Promise<void>;
}

/** Keys that one MIGRATE takes along: the source serves nobody meanwhile. */
const keysAtOnce = 100;
/** Milliseconds in which the target must answer the source. */
const migrateTimeoutMs = 5_000;

/** Slots in the state that `CLUSTER SETSLOT … MIGRATING` and `IMPORTING` make, and the ways out of it. */
export class MarkedSlots implements SlotMigration {
  readonly #options: SlotMigrationOptions;

  private constructor(options: SlotMigrationOptions) {
    this.#options = options;
  }

  static async mark(options: SlotMigrationOptions): Promise<MarkedSlots> {
    const { from, to, slots } = options;
    await withCalls(async (calls) => {
      // The target first: a client that the source sends there must not be sent back.
      await to.askAll(
        calls,
        slots.map((slot) => ['CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id]),
      );
      await from.askAll(
        calls,
        slots.map((slot) => ['CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id]),
      );
    });
    return new MarkedSlots(options);
  }

  get from(): Member {
    return this.#options.from;
  }

  get to(): Member {
    return this.#options.to;
  }

  get slots(): readonly number[] {
    return this.#options.slots;
  }

  moveKeys(count = Number.POSITIVE_INFINITY): Promise<number> {
    return withCalls((calls) => this.#move(calls, this.from, this.to, count));
  }

  keysLeft(): Promise<number> {
    return withCalls(async (calls) => {
      const counts = await this.from.askAll(
        calls,
        this.slots.map((slot) => ['CLUSTER', 'COUNTKEYSINSLOT', slot]),
      );
      return counts.reduce<number>((sum, count) => sum + Number(count), 0);
    });
  }

  async finish(): Promise<void> {
    await this.assign();
    await this.#options.settled();
  }

  /** `finish` without the wait. */
  async assign(): Promise<void> {
    const { from, to, slots } = this.#options;
    const others = (await this.#options.masters()).filter((master) => master !== from && master !== to);
    await withCalls(async (calls) => {
      await this.#move(calls, from, to, Number.POSITIVE_INFINITY);
      // The target first: the moment in which nobody serves a slot is one in which clients are sent in a circle.
      for (const master of [to, from, ...others]) {
        await master.askAll(
          calls,
          slots.map((slot) => ['CLUSTER', 'SETSLOT', slot, 'NODE', to.id]),
        );
      }
    });
  }

  async abort(): Promise<void> {
    const { from, to } = this.#options;
    // A source that still has its mark sends its own keys away, and one that has lost it denies those that are not back yet: there is
    // no way back but all the way over.
    await this.assign();
    const back = await MarkedSlots.mark({ ...this.#options, from: to, to: from });
    await back.finish();
  }

  async #move(calls: NodeCalls, from: Member, to: Member, count: number): Promise<number> {
    let moved = 0;
    for (const slot of this.slots) {
      while (moved < count) {
        const wanted = Math.min(keysAtOnce, count - moved);
        const keys = (await from.ask(calls, 'CLUSTER', 'GETKEYSINSLOT', slot, wanted)) as string[];
        if (keys.length === 0) break;
        await this.#migrate(calls, from, to, keys);
        moved += keys.length;
      }
    }
    return moved;
  }

  async #migrate(calls: NodeCalls, from: Member, to: Member, keys: readonly string[]): Promise<void> {
    const { password } = this.#options;
    const { host, port } = to.server;
    const credentials = password === undefined ? [] : ['AUTH', password];
    const args = [host, port, '', 0, migrateTimeoutMs, ...credentials, 'KEYS', ...keys];
    await from.ask(calls, 'MIGRATE', ...args);
  }
}
