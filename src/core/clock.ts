import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import * as timers from 'node:timers';

/** A running timer, as opaque as the clock that made it wants it to be. */
export type Timer = unknown;

/**
 * Everything that the runtime knows of time and chance. Injected once, so that tests can move time and fix chance,
 * and so that no machine ever asks the operating system.
 */
export interface Clock {
  /** Wall clock, milliseconds since the epoch. May jump. */
  now(): number;
  /** Monotonic clock, milliseconds since an arbitrary point. Never goes back; may stand still while the machine sleeps. */
  monotonic(): number;
  /** A number in [0, 1). */
  random(): number;
  setTimeout(callback: () => void, delayMs: number): Timer;
  clearTimeout(timer: Timer): void;
  /** Runs the callback a turn of the event loop later: after whatever has arrived by now. @defaultValue that of Node.js */
  setImmediate?(callback: () => void): void;
  /**
   * Bytes that no other process draws: for names, which have to differ, and not for secrets.
   * @defaultValue those of `node:crypto`; not made of `random()`, which a test may fix
   */
  randomBytes?(count: number): Uint8Array;
}

// Taken now: a test runner that fakes timers later puts its own into the globals, and some into the module. A lease runs out all the same.
const { now } = Date;
const { setTimeout, clearTimeout, setImmediate } = timers;

/** The operating system's clock. */
export const systemClock: Clock = {
  now: () => now(),
  monotonic: () => performance.now(),
  random: () => Math.random(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
  setImmediate: (callback) => void setImmediate(callback),
  randomBytes,
};

/** A turn of the event loop later, on a clock that may not know of turns. */
export function onNextTurn(clock: Clock, callback: () => void): void {
  if (clock.setImmediate) clock.setImmediate(callback);
  else setImmediate(callback);
}

/** A name that nobody else has: so many bytes, as twice as many hexadecimal digits. */
export function randomHex(clock: Clock, bytes: number): string {
  return Buffer.from(clock.randomBytes?.(bytes) ?? randomBytes(bytes)).toString('hex');
}
