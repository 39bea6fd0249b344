/**
 * What handlers do outside the simulation. Real work takes no simulated time: while some is known to be under way, simulated time stands still.
 * Known is what the world is told of (`real`), and what Node.js creates while a handler runs: timers, requests for files, addresses, connections.
 * What is not known shows when it resumes a handler that then acts on the world while simulated time goes by: then the run is no function of
 * its seed any more, which is an error.
 */
import { type AsyncHook, createHook } from 'node:async_hooks';
import { systemClock } from '../core/clock.js';
import { SimulationError } from './errors.js';
import { currentCall, type HandlerCall, runTold } from './handler-calls.js';
import type { SimulatedProcess } from './process.js';
import { ORDER, type Timeline } from './timeline.js';

/** Resources of Node.js that end by themselves. What lives longer (sockets, watchers, ports) is not waited for. */
const ENDS_BY_ITSELF =
  /^(Timeout|Immediate|QUERYWRAP|PROCESSWRAP|WORKER|FSREQ.*|.*REQ|.*REQUEST|.*REQWRAP|.*CONNECTWRAP)$/;

/** What people call them; the others by their type. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/^Timeout$/, 'a timer of Node.js'],
  [/^Immediate$/, 'setImmediate()'],
  [/^(FSREQ|FILEHANDLE)/, 'a file'],
  [/^(GET|QUERY)/, 'a name server'],
  [/CONNECTWRAP$/, 'a connection'],
  [/^(HTTP|UNDICI)/, 'an HTTP request'],
  [/^PROCESSWRAP$/, 'a process'],
  [/^WORKER$/, 'a worker thread'],
];

const ADVICE =
  'in a simulation let it wait with world.sleep() or the clock world.clock, and wrap what has to be real in world.real()';

interface Resource {
  readonly call: HandlerCall;
  readonly type: string;
  readonly resource: object;
  /** Where it was begun. */
  readonly begun: Error;
}

/** Work that the world was told of. */
interface Told {
  isSettled: boolean;
  /** Lets whoever waits go on. */
  goOn: () => void;
}

export interface RealWorkSettings {
  readonly timeline: Timeline;
  /** How long it is waited for, in milliseconds of real time. */
  readonly limitMs: number;
  /** A handler was resumed by something real that nobody knew of. */
  readonly raced: (error: SimulationError) => void;
}

function wordsFor(type: string): string {
  return WORDS.find(([pattern]) => pattern.test(type))?.[1] ?? type;
}

function describe({ stream, consumer }: HandlerCall): string {
  return `the handler of ${stream} (${consumer})`;
}

export class RealWork {
  readonly #settings: RealWorkSettings;
  readonly #hook: AsyncHook;
  readonly #resources = new Map<number, Resource>();
  /** Calls that real work may resume at any moment, as is known. */
  readonly #excused = new Set<HandlerCall>();
  #told: Told[] = [];
  #changed: (() => void) | undefined;
  #standsStill = true;
  #isWatched = false;

  constructor(settings: RealWorkSettings) {
    this.#settings = settings;
    this.#hook = createHook({
      init: (asyncId, type, _trigger, resource) => this.#begun(asyncId, type, resource),
      after: (asyncId) => this.#ended(asyncId),
      destroy: (asyncId) => this.#ended(asyncId),
    });
    settings.timeline.onOutside = () => this.#outside(currentCall());
  }

  /** Simulated time is about to go by. */
  watch(): void {
    this.#standsStill = true;
    this.#isWatched = true;
    this.#hook.enable();
  }

  unwatch(): void {
    this.#isWatched = false;
    this.#hook.disable();
    // After a hook that is told of what is destroyed, Node.js 20 follows every promise of the process to its end, at three times the cost, for as
    // long as any AsyncLocalStorage is used. It decides anew when a hook that asks for less is enabled.
    createHook({ init: () => undefined })
      .enable()
      .disable();
  }

  /** Asked before each step: whether simulated time has to stand still. */
  get isUnderWay(): boolean {
    if (this.#told.length > 0 || (this.#resources.size > 0 && this.#isWaitedFor())) return true;
    this.#standsStill = false;
    if (this.#excused.size > 0) this.#excused.clear();
    return false;
  }

  /**
   * Resolves when nothing is under way any more.
   * @throws SimulationError `RealWork` when that takes too long; what took so long is not waited for again
   */
  async over(): Promise<void> {
    this.#standsStill = true;
    const { limitMs } = this.#settings;
    let isLate = false;
    const timer = systemClock.setTimeout(() => {
      isLate = true;
      this.#changed?.();
    }, limitMs);
    try {
      while (this.#isBusy) {
        if (isLate) throw this.#tooLate();
        await new Promise<void>((resolve) => {
          this.#changed = resolve;
        });
      }
    } finally {
      systemClock.clearTimeout(timer);
      this.#changed = undefined;
    }
    const told = this.#told;
    this.#told = [];
    // In the order of their beginnings, whichever was quicker.
    for (const { goOn } of told) goOn();
  }

  /** Whoever waits for the result goes on in the world, at the moment at which it was begun. */
  tell<T>(work: Promise<T> | (() => Promise<T>), outside: SimulatedProcess): Promise<T> {
    const process = currentCall()?.process ?? outside;
    return new Promise((resolve, reject) => {
      const told: Told = { isSettled: false, goOn: () => {} };
      this.#told.push(told);
      const settle = (go: () => void) => {
        told.isSettled = true;
        told.goOn = () => {
          this.#settings.timeline.after(0, ORDER.arrival, process, go);
        };
        if (!this.#told.includes(told)) told.goOn();
        this.#changed?.();
      };
      runTold(async () => await (typeof work === 'function' ? work() : work)).then(
        (value) => settle(() => resolve(value)),
        (error: unknown) => settle(() => reject(error as Error)),
      );
    });
  }

  /** The call is over: what it has begun and left is nobody's business. */
  forget(call: HandlerCall): void {
    if (!this.#settings.timeline.isInTurn) this.#outside(call);
    for (const [id, { call: owner }] of this.#resources) if (owner === call) this.#resources.delete(id);
    this.#changed?.();
  }

  get #isBusy(): boolean {
    return this.#told.some(({ isSettled }) => !isSettled) || this.#isWaitedFor();
  }

  /** What does not keep a process of Node.js alive is not waited for: deadlines, mostly. */
  #isWaitedFor(): boolean {
    for (const { resource } of this.#resources.values()) {
      const { hasRef } = resource as { hasRef?: () => boolean };
      if (hasRef === undefined || hasRef.call(resource)) return true;
    }
    return false;
  }

  #begun(asyncId: number, type: string, resource: object): void {
    if (!ENDS_BY_ITSELF.test(type)) return;
    const call = currentCall();
    if (call === undefined || call.isOver) return;
    this.#resources.set(asyncId, { call, type, resource, begun: new Error('begun here') });
    this.#excused.add(call);
  }

  #ended(asyncId: number): void {
    if (this.#resources.delete(asyncId)) this.#changed?.();
  }

  /** Something acts on the world that the world has not led to. */
  #outside(call: HandlerCall | undefined): void {
    if (!this.#isWatched || this.#standsStill || this.#excused.size > 0) return;
    // Once is enough.
    this.#standsStill = true;
    const who = call === undefined ? 'something' : describe(call);
    this.#settings.raced(
      new SimulationError(
        'RealWork',
        `${who} was resumed by something real while simulated time went by, so that the seed does not decide when; ${ADVICE}`,
      ),
    );
  }

  #tooLate(): SimulationError {
    const { limitMs } = this.#settings;
    const [first] = this.#resources.values();
    this.#resources.clear();
    this.#told = this.#told.filter(({ isSettled }) => isSettled);
    if (first === undefined) {
      return new SimulationError(
        'RealWork',
        `what world.real() was given has not settled within ${limitMs} ms of real time; the option realLimitMs sets how long it may take`,
      );
    }
    const { call, type, begun } = first;
    return new SimulationError(
      'RealWork',
      `${describe(call)} has waited for ${wordsFor(type)} for ${limitMs} ms of real time; ${ADVICE}`,
      { cause: begun },
    );
  }
}
