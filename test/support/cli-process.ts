import { fileURLToPath } from 'node:url';
import { JsonLineProcess, type ProcessExit } from '../../src/testing/json-line-process.js';

const PROGRAM = fileURLToPath(new URL('../../bin/streamwarden.js', import.meta.url));

export interface RunResult extends ProcessExit {
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Set on top of what `spawn` sets. */
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

export interface ConsumerProcess extends JsonLineProcess {
  readonly consumerId: string;
}

export interface Cli {
  /** Starts the command line, and does not wait for it. Killed after the test. */
  spawn(args: readonly string[], options?: RunOptions): JsonLineProcess;
  /** Runs a command to its end. */
  run(args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /**
   * Starts `streamwarden consume --json`. Killed after the test. Wait for `Ready` before anything that needs it to read:
   * {@link ready}.
   */
  spawnConsumer(options: ConsumerOptions): ConsumerProcess;
}

/** The list that consumers started with `history` append to. */
export function historyKeyOf(service: string): string {
  return `{${service}-input}:history`;
}

/** Waits until a consumer reads; resolves with its name in the group. */
export async function ready(consumer: JsonLineProcess): Promise<string> {
  const line = await consumer.waitFor(({ type }) => type === 'Ready', { name: 'the consumer is ready' });
  return String(line.consumer);
}

let consumers = 0;

/**
 * Gives the surrounding suite the built command line, as processes. None of them outlives the test that started it, nor
 * this process, however it ends.
 */
export function useCli(): Cli {
  const started: JsonLineProcess[] = [];

  afterEach(async () => {
    const open = started.splice(0);
    for (const one of open) one.kill('SIGKILL');
    await Promise.all(open.map((one) => one.exit));
  });

  const spawn: Cli['spawn'] = (args, options = {}) => {
    // What the developer's own shell has set must not decide what a test sees.
    const { POD_NAME, POD_IP, REDIS_URL, ...env } = process.env;
    const one = JsonLineProcess.spawn(process.execPath, [PROGRAM, ...args], { ...env, ...options.env });
    started.push(one);
    return one;
  };

  return {
    spawn,
    async run(args, options) {
      const one = spawn(args, options);
      const exit = await one.exit;
      return { ...exit, stdout: one.stdout, stderr: one.stderr };
    },
    spawnConsumer({ redis, service, hold = 'forever', history = true, args = [], consumerId }) {
      consumers += 1;
      const id = consumerId ?? `consumer-${consumers}`;
      const all = ['consume', '--json', '--service', service, '--consumer-id', id, '--hold', String(hold)];
      if (history) all.push('--history-key', historyKeyOf(service));
      const one = spawn([...all, ...args], { env: { REDIS_URL: redis } });
      return Object.assign(one, { consumerId: id });
    },
  };
}
