/**
 * How fast this machine is right now, and what follows from it for tests: how long a deadline has to be that only catches
 * hanging, and which heartbeat a process can keep.
 *
 * Measured when a run starts (`global-setup.ts`, handed on to Mocha's workers by the environment) and again before a worker loads its next
 * file (`hooks.ts`): while a file is loaded and run it does not change, so that numbers that belong together are made of the same. No test has a number of milliseconds of its own that says how fast something has to be.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

/** What was measured, in milliseconds. */
export interface Pace {
  /** From spawning a Node process that does nothing to its exit; the median of several. */
  readonly processStartMs: number;
  /** A byte there and back over loopback; the slowest of several. */
  readonly roundTripMs: number;
  /** How much later than asked for timers ran; the latest of several. */
  readonly timerLatenessMs: number;
  /** Time that work takes, for each that the processor works on it: 1 where nothing else wants the processor. */
  readonly contention: number;
}

/** Of two quiet cores. A machine that is as fast or faster has a slowness of 1. */
const QUIET: Pace = { processStartMs: 140, roundTripMs: 1, timerLatenessMs: 3, contention: 1 };

/** However slow the machine is, a test that hangs ends some time. */
const MOST_SLOWNESS = 8;

/** A lapse is waited for: heartbeats do not become longer than this many times what they are on a quiet machine. */
const MOST_PATIENCE = 4;

/** Less than this is the noise of measuring. */
const NOTICEABLE = 1.5;

const HANGING_MS = 60_000;
const HANDED_ON_AS = 'TEST_PACE';

let pace: Pace = handedOn() ?? QUIET;

/** How much slower than two quiet cores this machine is: 1 to 8. */
export function slowness(): number {
  // Each is noisy alone, and a single late timer of a few milliseconds says little.
  const ofProcess = pace.processStartMs / QUIET.processStartMs;
  const ofLoop = 1 + (pace.timerLatenessMs + pace.roundTripMs) / 25;
  // Of one core nothing is left while a server or another process is busy, however quiet it was as it was measured.
  const ofCores = 2 / availableParallelism();
  // Whoever has slept is let through at once, so that none of these says what becomes of work that lasts.
  const measured = Math.max(ofProcess, ofLoop, ofCores, pace.contention);
  return measured < NOTICEABLE ? 1 : Math.min(MOST_SLOWNESS, measured);
}

/**
 * A deadline in milliseconds that only catches hanging.
 *
 * @param quietMs what the work takes at most on two quiet cores, where that is more than a minute; not what it should take
 */
export function hangingMs(quietMs = HANGING_MS): number {
  return Math.round(Math.max(HANGING_MS, quietMs) * slowness());
}

/**
 * A heartbeat, or what is measured by one, that processes keep on this machine, in milliseconds. A test that needs an owner to stay
 * certain relies on it; one that needs a lease to lapse makes it lapse: the owner is frozen, cut off or killed.
 *
 * @param quietMs what they keep on two quiet cores
 */
export function keepable(quietMs: number): number {
  return Math.round(quietMs * Math.min(MOST_PATIENCE, slowness()));
}

/**
 * Until when what the product does at most `promisedMs` after something has to have been seen by a test on this machine, in
 * milliseconds: timers run late, and so do answers.
 */
export function allowedMs(promisedMs: number): number {
  return promisedMs + 1000 * slowness() + 2 * latestTimerMs();
}

/** What is known of the pace, for the message of a failure. */
export function describePace(): string {
  return `timers ran up to ${Math.round(latestTimerMs())} ms late, the machine is ${slowness().toFixed(1)} times slower than a quiet one`;
}

/** Each look wakes a process that may have nothing to do: at ten milliseconds that is one percent of a core in each of five workers. */
const LOOK_EVERY_MS = 50;
const lateness = monitorEventLoopDelay({ resolution: LOOK_EVERY_MS });
lateness.enable();

/** How much too late the latest timer of this process ran since {@link forgetLateness}, in milliseconds. */
export function latestTimerMs(): number {
  return Math.max(0, lateness.max / 1e6 - LOOK_EVERY_MS);
}

export function forgetLateness(): void {
  lateness.reset();
}

/** Measures everything, before the workers are started: they begin with it. */
export async function measureRun(): Promise<Pace> {
  pace = {
    processStartMs: await medianProcessStart(),
    roundTripMs: await roundTrip(),
    timerLatenessMs: await timerLateness(),
    contention: contention(),
  };
  process.env[HANDED_ON_AS] = JSON.stringify(pace);
  return pace;
}

/** Measures what is cheap to measure. A pace that has become better is not believed: other files may be loading. */
export async function measureNextFile(): Promise<void> {
  const begun = handedOn() ?? QUIET;
  pace = {
    processStartMs: begun.processStartMs,
    roundTripMs: Math.max(begun.roundTripMs, await roundTrip()),
    timerLatenessMs: Math.max(begun.timerLatenessMs, await timerLateness()),
    contention: begun.contention,
  };
}

function handedOn(): Pace | undefined {
  const text = process.env[HANDED_ON_AS];
  return text === undefined ? undefined : (JSON.parse(text) as Pace);
}

async function medianProcessStart(): Promise<number> {
  const starts = [await processStart(), await processStart(), await processStart()];
  return starts.sort((a, b) => a - b)[1] as number;
}

async function processStart(): Promise<number> {
  const begun = performance.now();
  await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit');
  return performance.now() - begun;
}

async function roundTrip(): Promise<number> {
  const echo = createServer((socket) => socket.pipe(socket));
  await once(echo.listen(0, '127.0.0.1'), 'listening');
  const { port } = echo.address() as { port: number };
  const socket = connect(port, '127.0.0.1').setNoDelay();
  await once(socket, 'connect');
  let slowest = 0;
  for (let i = 0; i < 5; i++) {
    const sent = performance.now();
    socket.write('x');
    await once(socket, 'data');
    slowest = Math.max(slowest, performance.now() - sent);
  }
  socket.destroy();
  echo.close();
  return slowest;
}

/** Works for long enough to be kept from it. */
function contention(): number {
  const work = 300;
  const before = process.cpuUsage();
  const begun = performance.now();
  let workedMs = 0;
  while (workedMs < work) {
    const { user, system } = process.cpuUsage(before);
    workedMs = (user + system) / 1000;
  }
  return (performance.now() - begun) / workedMs;
}

async function timerLateness(): Promise<number> {
  const asked = 5;
  let latest = 0;
  for (let i = 0; i < 5; i++) {
    const begun = performance.now();
    await delay(asked);
    latest = Math.max(latest, performance.now() - begun - asked);
  }
  return latest;
}
