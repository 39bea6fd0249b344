/** The consumer processes of a soak: real `streamwarden consume`, started, paused and killed. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JsonLine } from '../src/testing/json-line-log.js';
import { JsonLineProcess } from '../src/testing/json-line-process.js';

const PROGRAM = fileURLToPath(new URL('../bin/streamwarden.js', import.meta.url));
const CLOCK = fileURLToPath(new URL('settable-clock.cjs', import.meta.url));
/** How far clocks are set away from the time, in milliseconds: less and more than a lease, either way. */
const CLOCKS_MS = [3_600_000, -3_600_000, 1500, -1500];

export interface ConsumerSettings {
  /** Goes through the fault proxy. */
  readonly url: string;
  readonly passwordFile: string;
  readonly service: string;
  readonly historyKey: string;
  readonly heartbeatMs: number;
  /** Folder that each of them records its life into. */
  readonly recordings: string;
}

interface Consumer {
  readonly id: string;
  readonly process: JsonLineProcess;
  isReady: boolean;
  isPaused: boolean;
  isLeaving: boolean;
}

export class Consumers {
  readonly #settings: ConsumerSettings;
  readonly #all: Consumer[] = [];
  /** Entries that a consumer said it was done with, and which incarnation said it. */
  readonly done = new Map<string, string>();
  /** Ends nobody asked for, in words. */
  readonly surprises: string[] = [];
  #count = 0;

  constructor(settings: ConsumerSettings) {
    this.#settings = settings;
  }

  /** Those that run and have not been told to leave. */
  get running(): readonly { readonly id: string }[] {
    return this.#all.filter(({ process, isLeaving }) => process.running && !isLeaving);
  }

  start(holdMs: number): void {
    this.#count += 1;
    const { url, passwordFile, service, historyKey, heartbeatMs, recordings } = this.#settings;
    const options: Record<string, string | number> = {
      service,
      'password-file': passwordFile,
      // A third of the pods come back under a name that was there before.
      'consumer-id': `pod-${this.#count % 3 === 0 ? Math.ceil(this.#count / 3) : this.#count}`,
      hold: holdMs,
      heartbeat: heartbeatMs,
      'min-idle': heartbeatMs * 3,
      'reconcile-every': heartbeatMs * 10,
      'history-key': historyKey,
      'hand-over-grace': 500,
      // Only catches hanging: faults go on while it starts.
      'start-timeout': 300_000,
      capacity: 200,
      record: join(recordings, `consumer-${String(this.#count).padStart(4, '0')}.jsonl`),
    };
    const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const clockMs = CLOCKS_MS[this.#count % CLOCKS_MS.length];
    const env = { ...process.env, REDIS_URL: url, SOAK_CLOCK_MS: String(clockMs) };
    const args = ['--require', CLOCK, PROGRAM, 'consume', '--json', ...flags];
    const started = JsonLineProcess.spawn(process.execPath, args, env);
    const consumer: Consumer = {
      id: String(options['consumer-id']),
      process: started,
      isReady: false,
      isPaused: false,
      isLeaving: false,
    };
    this.#all.push(consumer);
    let name = '';
    started.onLine((line: JsonLine) => {
      if (line.type === 'Ready') {
        name = String(line.consumer);
        consumer.isReady = true;
      }
      if (line.type === 'StreamDone') this.done.set(String(line.id), name);
    });
    void started.exit.then(({ code, signal }) => {
      if (consumer.isLeaving) return;
      this.surprises.push(
        `${consumer.id} ended by itself (${signal ?? code}): ${started.stderr.trim().slice(-300)}`,
      );
    });
  }

  /** @param who share of the way through the list of those that run */
  pick(who: number): Consumer | undefined {
    const running = this.#all.filter(({ process, isLeaving }) => process.running && !isLeaving);
    return running[Math.floor(who * running.length)];
  }

  /** One that has just been started does not listen yet. */
  setClock(consumer: Consumer): void {
    if (consumer.isReady) consumer.process.kill('SIGUSR2');
  }

  kill(consumer: Consumer): void {
    consumer.isLeaving = true;
    consumer.process.kill('SIGKILL');
  }

  stop(consumer: Consumer): void {
    consumer.isLeaving = true;
    this.resume(consumer);
    consumer.process.kill('SIGTERM');
  }

  pause(consumer: Consumer): void {
    consumer.isPaused = true;
    consumer.process.kill('SIGSTOP');
  }

  resume(consumer: Consumer): void {
    if (!consumer.isPaused) return;
    consumer.isPaused = false;
    consumer.process.kill('SIGCONT');
  }

  /** Hands everything over and waits for the last one to be gone; what does not go is killed, and is a surprise. */
  async stopAll(withinMs: number): Promise<void> {
    for (const consumer of this.#all) if (consumer.process.running) this.stop(consumer);
    const timer = setTimeout(() => {
      for (const { id, process } of this.#all) {
        if (!process.running) continue;
        this.surprises.push(`${id} did not stop within ${withinMs} ms of SIGTERM`);
        process.kill('SIGKILL');
      }
    }, withinMs);
    await Promise.all(this.#all.map(({ process }) => process.exit));
    clearTimeout(timer);
  }
}
