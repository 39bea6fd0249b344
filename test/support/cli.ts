/** The command line, for a suite's tests: in this process, which costs next to nothing, or as processes where the process is the point. */
import { fileURLToPath } from 'node:url';
import type { JsonLine, ProcessExit, WaitForOptions } from '../../src/testing/json-line-log.js';
import { JsonLineProcess } from '../../src/testing/json-line-process.js';
import { CliRun } from './cli-run.js';
import { hangingMs, keepable } from './pace.js';

export const PROGRAM = fileURLToPath(new URL('../../bin/streamwarden.js', import.meta.url));

export interface RunResult extends ProcessExit {
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Set on top of what the tests themselves run in. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface ConsumerOptions {
  /** URL of the server. */
  readonly redis: string;
  readonly service: string;
  /** @defaultValue a new one for each call */
  readonly consumerId?: string;
  /** `forever`, or milliseconds. @defaultValue 'forever' */
  readonly hold?: number | 'forever';
  /** Records every change of owner in `{<service>-input}:history`. @defaultValue true */
  readonly history?: boolean;
  /** Further options of the command line, such as `['--heartbeat', '500']`. */
  readonly args?: readonly string[];
}

/** What can be waited for of a command, wherever it runs. */
export interface Heard {
  readonly lines: readonly JsonLine[];
  readonly exit: Promise<ProcessExit>;
  waitFor(predicate: (line: JsonLine) => boolean, options: WaitForOptions): Promise<JsonLine>;
}

export type Named<T> = T & { readonly consumerId: string };

export interface Cli {
  /** Runs a command to its end, in this process. */
  run(args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Starts a command in this process, and does not wait for it. Ended after the test. */
  start(args: readonly string[], options?: RunOptions & { readonly onTerminal?: boolean }): CliRun;
  /**
   * Starts `streamwarden consume --json` in this process. Ended after the test. Wait for `Ready` before anything that needs it to read:
   * {@link ready}.
   */
  startConsumer(options: ConsumerOptions): Named<CliRun>;
  /** Starts a process. Killed after the test. */
  spawn(args: readonly string[], options?: RunOptions): JsonLineProcess;
  /** Runs a process to its end. */
  runProcess(args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** As `startConsumer`, as a process: one that is to be killed. */
  spawnConsumer(options: ConsumerOptions): Named<JsonLineProcess>;
}

/** The list that consumers started with `history` append to. */
export function historyKeyOf(service: string): string {
  return `{${service}-input}:history`;
}

/** Waits until a consumer reads; resolves with its name in the group. */
export async function ready(consumer: Heard): Promise<string> {
  const line = await consumer.waitFor(({ type }) => type === 'Ready', { name: 'the consumer is ready' });
  return String(line.consumer);
}

function environment({ env = {} }: RunOptions): NodeJS.ProcessEnv {
  // What the developer's own shell has set must not decide what a test sees.
  const { POD_NAME, POD_IP, REDIS_URL, STREAMWARDEN_SERVICE, ...rest } = process.env;
  return { ...rest, ...env };
}

/** Of consumers that are given none: the default, where the machine keeps it. In milliseconds. */
export function heartbeatMs(): number {
  return keepable(2_000);
}

let consumers = 0;

/** What `consume` is given. */
function consumeOf({
  redis,
  service,
  hold = 'forever',
  history = true,
  args = [],
  consumerId,
}: ConsumerOptions) {
  consumers += 1;
  const id = consumerId ?? `consumer-${consumers}`;
  const all = ['consume', '--json', '--service', service, '--consumer-id', id, '--hold', String(hold)];
  if (history) all.push('--history-key', historyKeyOf(service));
  if (!args.includes('--heartbeat')) all.push('--heartbeat', String(heartbeatMs()));
  return { id, args: [...all, ...args], options: { env: { REDIS_URL: redis } } };
}

/**
 * Gives the surrounding suite the command line. Nothing that it starts outlives the test; no process outlives this one either, however it
 * ends. Processes run what was built last, everything else the sources.
 */
export function useCli(): Cli {
  const started: CliRun[] = [];
  const spawned: JsonLineProcess[] = [];

  afterEach(async () => {
    const open = spawned.splice(0);
    for (const one of open) one.kill('SIGKILL');
    await Promise.all([...open.map((one) => one.exit), ...started.splice(0).map((one) => one.end())]);
  });

  const start: Cli['start'] = (args, options = {}) => {
    const one = new CliRun(args, { env: environment(options), onTerminal: options.onTerminal ?? false });
    started.push(one);
    return one;
  };
  const spawn: Cli['spawn'] = (args, options = {}) => {
    const argv = [PROGRAM, ...args];
    const one = JsonLineProcess.spawn(process.execPath, argv, environment(options), hangingMs());
    spawned.push(one);
    return one;
  };
  const toItsEnd = async (one: CliRun | JsonLineProcess): Promise<RunResult> => {
    const exit = await one.exit;
    return { ...exit, stdout: one.stdout, stderr: one.stderr };
  };

  return {
    start,
    spawn,
    run: (args, options) => toItsEnd(start(args, options)),
    runProcess: (args, options) => toItsEnd(spawn(args, options)),
    startConsumer(options) {
      const { id, args, options: how } = consumeOf(options);
      return Object.assign(start(args, how), { consumerId: id });
    },
    spawnConsumer(options) {
      const { id, args, options: how } = consumeOf(options);
      return Object.assign(spawn(args, how), { consumerId: id });
    },
  };
}
