/** What this process says of itself to the others, with each heartbeat. */
import { messageOf } from '../../core/errors.js';
import { PACKAGE_VERSION } from '../../core/package-version.js';
import type { MemberRecord } from '../../redis/fleet.js';
import type { ProcessLag } from '../data/lag.js';
import type { LoadOption } from '../data/lag.js';
import type { Kernel } from '../kernel.js';

export interface MemberFacts {
  readonly state: string;
  readonly owned: number;
  readonly capacity: number;
  readonly isOpen: boolean;
  readonly balances: boolean;
  readonly followed: number;
  readonly lag: ProcessLag | undefined;
  /** What streams that are behind count for more than their number. */
  readonly lagSurplus: number;
}

/** How much of the average is the latest figure, once there are some: what rises and falls from one heartbeat to the next moves nothing. */
const NEW_PART = 0.1;
/** An average of fewer figures says nothing. */
const LEAST_FIGURES = 10;

export class Member {
  readonly #kernel: Kernel;
  readonly #facts: () => MemberFacts;
  readonly #since: number;
  /** Of a stream, on average; where there is none, of all together. */
  #average: number | undefined;
  #figures = 0;
  #hasWarned = false;
  /** Addresses of the inspectors that show this process, the latest last. */
  readonly #inspectors: string[] = [];

  constructor(kernel: Kernel, facts: () => MemberFacts) {
    this.#kernel = kernel;
    this.#facts = facts;
    this.#since = kernel.clock.now();
  }

  /** An inspector shows this process there. @returns to be called when that ends */
  inspectedAt(url: string): () => void {
    this.#inspectors.push(url);
    let isOver = false;
    return () => {
      if (!isOver) this.#inspectors.splice(this.#inspectors.lastIndexOf(url), 1);
      isOver = true;
    };
  }

  /** The load figure that the others know; null: streams are counted. */
  get load(): number | null {
    if (this.#average === undefined || this.#figures < LEAST_FIGURES) return null;
    return this.#average * Math.max(1, this.#facts().owned);
  }

  /** Once a heartbeat. */
  beat(): void {
    const { load } = this.#kernel.settings;
    if (load === undefined) return;
    const figure = this.#asked(load);
    if (figure === undefined) return;
    this.#figures += 1;
    // Of a stream: when some are handed over, the load is less at once, and not only when the average has followed.
    const latest = figure / Math.max(1, this.#facts().owned);
    const before = this.#average ?? latest;
    this.#average = before + Math.max(NEW_PART, 1 / this.#figures) * (latest - before);
  }

  get record(): MemberRecord {
    const { settings, machine } = this.#kernel;
    const { heartbeatMs, weight } = settings;
    const { host, pid } = machine;
    const { lag, lagSurplus: _, ...facts } = this.#facts();
    return {
      version: PACKAGE_VERSION,
      host,
      pid,
      since: this.#since,
      heartbeatMs,
      weight,
      load: this.load,
      inspector: this.#inspectors.at(-1) ?? null,
      ...facts,
      lag: lag === undefined ? null : { entries: lag.entries, ms: lag.ms, behind: lag.behind },
    };
  }

  /** Undefined: the application gives none that can be used; then the last one stands. */
  #asked(load: LoadOption): number | undefined {
    const { owned, lag, lagSurplus } = this.#facts();
    if (load === 'lag') return owned + lagSurplus;
    try {
      const figure: unknown = load({ owned, lag: lag ?? null });
      if (typeof figure === 'number' && Number.isFinite(figure) && figure >= 0) return figure;
      this.#warn(`expected a number from 0 up, got: ${typeof figure === 'number' ? figure : typeof figure}`);
    } catch (error) {
      this.#warn(messageOf(error));
    }
    return undefined;
  }

  #warn(problem: string): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#kernel.logger.warn({ problem }, 'the option load gave no figure; what it gave last counts');
  }
}
