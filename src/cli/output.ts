/** What a command prints: lines for people, or with `--json` one JSON object a line. */
import { EXIT, type Failure } from './errors.js';
import type { CliHost } from './host.js';
import { printable, printableLines } from './printable.js';
import { padTo, widthOf } from './width.js';

/** A JSON line. `at` is put in when it is not given. */
export interface OutputLine {
  readonly type: string;
  /** Epoch milliseconds. */
  readonly at?: number;
  readonly [field: string]: unknown;
}

export class Output {
  readonly json: boolean;
  /** What the command runs in. */
  readonly host: CliHost;
  #onClosed: () => void;

  constructor(json: boolean, host: CliHost) {
    this.json = json;
    this.host = host;
    this.#onClosed = () => host.exit(EXIT.ok);
    host.stdout.on('error', (error: NodeJS.ErrnoException) => {
      // `streamwarden … | head`: whoever read this has seen enough.
      if (error.code !== 'EPIPE') throw error;
      this.#onClosed();
    });
  }

  /** What to do when nobody reads the output any more. By default everything ends, successfully. */
  onClosed(listener: () => void): void {
    this.#onClosed = listener;
  }

  /** Something that happened, in the words of both kinds of reader. */
  line(line: OutputLine, forPeople: string): void {
    const { at = Date.now(), ...rest } = line;
    this.write(this.json ? JSON.stringify({ at, ...rest }) : forPeople);
  }

  /** Lines. Whatever a terminal would obey in them is written out. */
  write(text: string): void {
    this.host.stdout.write(`${printableLines(text)}\n`);
  }

  /** A line on stderr, about the command itself: stdout holds what it was asked for. */
  notice(text: string): void {
    this.host.stderr.write(`${printableLines(text)}\n`);
  }

  /** One line that says what is wrong, and with `--json` the same for programs. */
  failure({ code, message, stack }: Failure): void {
    this.notice(`error: ${message}`);
    if (stack !== undefined) this.notice(stack);
    if (this.json) this.line({ type: 'Error', code, message }, message);
  }
}

/** Columns as wide as their widest cell, two spaces apart. */
export function table(headings: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [headings, ...rows].map((row) => row.map((cell) => printable(String(cell))));
  const widths = headings.map((_heading, column) =>
    Math.max(...cells.map((row) => widthOf(row[column] ?? ''))),
  );
  return cells
    .map((row) =>
      row
        .map((cell, column) => padTo(cell, widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Time of day of an epoch, with milliseconds. */
export function timeOfDay(at: number): string {
  const local = new Date(at - new Date(at).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(11, 23);
}

/** One line for people: when, what, about which stream. */
export function inWords(at: number, what: string, about: string): string {
  return `${timeOfDay(at)}  ${what.padEnd(10)} ${printable(about)}`;
}
