/** What all processes of a play share: virtual time, what Redis would know, and what has happened so far. */
import { Chance } from '../simulation/chance.js';
import { Driver } from '../simulation/driver.js';
import { currentCall, HandlerCalls } from '../simulation/handler-calls.js';
import { EPOCH, SimulatedProcess } from '../simulation/process.js';
import { RealWork } from '../simulation/real-work.js';
import { ORDER, Timeline } from '../simulation/timeline.js';
import type { Part } from './script.js';
import type { PlayedStep } from './types.js';

/** How long an answer takes of which the recording has none, in milliseconds. */
const ANSWER_MS = 2;

export interface PlayWorldSettings {
  readonly seed: number;
  readonly realLimitMs: number;
  /** Epoch milliseconds of the first recorded line. */
  readonly startsAt: number;
}

export class PlayWorld {
  readonly timeline: Timeline;
  readonly calls: HandlerCalls;
  readonly realWork: RealWork;
  readonly driver: Driver;
  readonly steps: PlayedStep[] = [];
  /** Data stream → the process that was given it last. */
  readonly owners = new Map<string, string>();
  /** Data stream → what was saved last in the play. */
  readonly checkpoints = new Map<string, unknown>();
  /** Data stream → the entry that was committed last in the play. */
  readonly committed = new Map<string, string>();
  /** Those that the play has finished. */
  readonly finished = new Set<Part>();
  readonly #chance: Chance;
  readonly #startsAt: number;

  constructor({ seed, realLimitMs, startsAt }: PlayWorldSettings) {
    this.#chance = new Chance(seed);
    this.#startsAt = startsAt;
    this.timeline = new Timeline((error) => this.driver.fail(error));
    const { timeline } = this;
    this.calls = new HandlerCalls({ timeline, say: () => {}, over: (call) => this.realWork.forget(call) });
    this.realWork = new RealWork({
      timeline,
      limitMs: realLimitMs,
      raced: (error) => this.driver.fail(error),
    });
    this.driver = new Driver(timeline, this.realWork);
  }

  /** A moment of the recordings, in milliseconds since the play began. */
  msOf(at: number): number {
    return at - this.#startsAt;
  }

  /** Entry id of the stream whose handler's code is running; undefined: none. */
  handlerRunning(): string | undefined {
    return currentCall()?.id;
  }

  /** Its wall clock shows the time of the recordings. */
  process(name: string): SimulatedProcess {
    const { timeline } = this;
    const chance = this.#chance.fork(`process ${name}`);
    return new SimulatedProcess({ timeline, chance, rate: 1, wallOffsetMs: this.#startsAt - EPOCH });
  }

  /** Calls back when Redis would have answered. */
  answer(process: SimulatedProcess, afterMs: number | undefined, run: () => void): void {
    this.timeline.after(afterMs ?? ANSWER_MS, ORDER.arrival, process, run);
  }
}
