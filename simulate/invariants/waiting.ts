/**
 * C-FAIR-2: nothing waits on the stream while somebody has room for it, whatever a round of balancing says, where nothing else is wrong: there is one that has not been
 * disturbed, nor has begun lately, and that has had room all the time.
 */
import type { Member } from '../member.js';
import type { Stage } from '../stage.js';

/** After how many heartbeats, and milliseconds beside them, it is taken. */
const HEARTBEATS = 2;
const WITHIN_MS = 1000;
/** How many of the slowest round trips it takes. */
const ROUND_TRIPS = 6;
const SLOWEST = 20;
/** How long after a disturbance, and after its start, a consumer may not be able to: in heartbeats. */
const UNSETTLED = 5;

/** It is asked about with every so many looks. */
const LOOKS = 4;

export class WaitingWatch {
  readonly #fleet: Stage;
  #looks = 0;
  /** The first entry that nobody has been given, since when, and who has had room for it ever since. */
  #first: { readonly id: string; readonly atMs: number; able: readonly Member[] } | undefined;

  constructor(fleet: Stage) {
    this.#fleet = fleet;
  }

  look(): void {
    this.#looks += 1;
    if (this.#looks % LOOKS !== 0) return;
    const fleet = this.#fleet;
    const { heartbeatMs, latencyMs, bytesPerMs, connectionLifeMs } = fleet.shape;
    // Where connections are ended all the time, or are slow, each read may have to be repeated.
    if (bytesPerMs !== null || connectionLifeMs !== null) return;
    const id = this.#firstWaiting();
    const able = id === this.#first?.id ? this.#able(this.#first?.able ?? []) : [];
    if (id === undefined || this.#first === undefined || able.length === 0) {
      // From now on, by those that have room now.
      this.#first = id === undefined ? undefined : { id, atMs: fleet.now, able: this.#able(fleet.living) };
      return;
    }
    const first = this.#first;
    first.able = able;
    const dueMs = HEARTBEATS * heartbeatMs + WITHIN_MS + ROUND_TRIPS * Math.min(SLOWEST * latencyMs, 100);
    const [one] = first.able;
    if (one === undefined || fleet.now < first.atMs + dueMs) return;
    const waited = `${(fleet.now - first.atMs).toFixed(0)} ms`;
    fleet.violations.add('C-FAIR-2', `${id} has waited for ${waited}, and ${one.consumer} has room for it`);
    this.#first = undefined;
  }

  #able(members: readonly Member[]): Member[] {
    const { now, shape } = this.#fleet;
    const settledMs = UNSETTLED * shape.heartbeatMs;
    return members.filter(({ state, process, disturbedUntil, startedAt, runtime }) => {
      if (state !== 'running' || process.isStill || disturbedUntil > now - settledMs) return false;
      if (startedAt > now - settledMs) return false;
      const { owned, heldBack, waiting, capacity, paused, lease } = runtime.snapshot();
      return !paused && lease.certain && owned + heldBack + waiting < capacity;
    });
  }

  #firstWaiting(): string | undefined {
    const { names } = this.#fleet;
    if (this.#fleet.lookAt('EXISTS', names.lbs) !== 1) return undefined;
    const groups = (this.#fleet.lookAt('XINFO', 'GROUPS', names.lbs) ?? []) as unknown[][];
    const facts = groups.find((group) => group.includes(names.group));
    const delivered = facts?.[facts.indexOf('last-delivered-id') + 1];
    if (delivered === undefined) return undefined;
    const [[id] = []] = (this.#fleet.askMaybe('XRANGE', names.lbs, `(${delivered}`, '+', 'COUNT', 1) ??
      []) as [string?][];
    return id;
  }
}
