/** A program on a terminal of its own, as a person would have it. */
import { type ChildProcessByStdio, execFile, spawn, spawnSync } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { promisify } from 'node:util';
import { eventually } from './eventually.js';
import { skipWithout } from './skip.js';

const run = promisify(execFile);

/** Skips a test where there is no `script` of util-linux, which gives a program a terminal. Others of this name take other options. */
export function needTerminals(context: Mocha.Context): void {
  const { status, stdout } = spawnSync('script', ['--version'], { encoding: 'utf8' });
  if (status === 0 && stdout.includes('util-linux')) return;
  skipWithout(context, { missing: "util-linux's script", remedy: 'install util-linux (Debian: bsdutils)' });
}

export class Terminal {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #closed: Promise<void>;
  #output = '';
  #device = '';

  private constructor(command: string) {
    this.#child = spawn('script', ['-qefc', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'ignore'] });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
    });
    this.#closed = new Promise((resolve) => this.#child.once('close', () => resolve()));
  }

  /**
   * Starts it. After its end `ended <exit code>` is printed, and what `stty -a` then says.
   *
   * @param argv words without quotes
   */
  static async start(argv: readonly string[], size: { columns: number; rows: number }): Promise<Terminal> {
    const words = argv.map((word) => `'${word}'`).join(' ');
    const command = `tty; stty cols ${size.columns} rows ${size.rows}; ${words}; echo "ended $?"; stty -a`;
    const terminal = new Terminal(command);
    terminal.#device = await eventually(
      'the terminal has a name',
      () => /\/dev\/\S+/.exec(terminal.output)?.[0] ?? null,
    );
    return terminal;
  }

  /** All that was written to it. */
  get output(): string {
    return this.#output;
  }

  /** Keys that somebody presses. */
  type(keys: string): void {
    this.#child.stdin.write(keys);
  }

  /** As when its window is dragged. */
  async resize(columns: number, rows: number): Promise<void> {
    await run('stty', ['-F', this.#device, 'cols', String(columns), 'rows', String(rows)]);
  }

  /** When the program, and all after it, has ended. */
  async closed(): Promise<void> {
    await this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#closed;
  }
}
