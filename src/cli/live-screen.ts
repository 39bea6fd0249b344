/**
 * A whole terminal that shows one text, which is replaced again and again. It is drawn on the terminal's second screen, so that what was
 * there before is there afterwards, and line over line in one write, so that nothing flickers.
 */
import type { HostEvents, HostInput, HostOutput } from './host.js';
import { printableLines } from './printable.js';
import { cutTo } from './width.js';

/** Second screen, no cursor, no wrapping of long lines; and back. */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const CLEAR_LINE_END = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';
/** Terminals that know it show what is between only as a whole; others ignore it. */
const BEGIN_UPDATE = '\x1b[?2026h';
const END_UPDATE = '\x1b[?2026l';
const CTRL_C = '\x03';

/** What a screen needs of what the command runs in. */
export interface ScreenHost {
  readonly stdin: Pick<HostInput, 'isTTY' | 'setRawMode' | 'on' | 'off' | 'resume' | 'pause'>;
  readonly stdout: Pick<HostOutput, 'columns' | 'rows' | 'isTTY' | 'write' | 'on' | 'off'>;
  readonly events: HostEvents;
}

export class LiveScreen implements Disposable {
  readonly #output: ScreenHost['stdout'];
  readonly #input: ScreenHost['stdin'] | undefined;
  readonly #events: HostEvents;
  readonly #quit: () => void;
  #text = '';
  #isOpen = true;

  private constructor({ stdout, stdin, events }: ScreenHost, quit: () => void) {
    this.#output = stdout;
    this.#input = stdin.isTTY ? stdin : undefined;
    this.#events = events;
    this.#quit = quit;
    this.#enter();
    stdout.on('resize', this.#redraw);
    this.#input?.on('data', this.#onKey);
    this.#input?.resume();
    events.on('SIGCONT', this.#enter);
    events.on('exit', this.#leave);
  }

  /**
   * Undefined when the output goes elsewhere.
   *
   * @param quit the user has pressed q or Ctrl-C, which comes as a key here and as no signal
   */
  static onTerminal(host: ScreenHost, quit: () => void): LiveScreen | undefined {
    return host.stdout.isTTY ? new LiveScreen(host, quit) : undefined;
  }

  /** Puts this text in the place of the one before. What does not fit is cut off, and it says how much. */
  show(text: string): void {
    this.#text = printableLines(text);
    this.#redraw();
  }

  /** Gives the terminal back as it was. */
  [Symbol.dispose](): void {
    if (!this.#isOpen) return;
    this.#leave();
    this.#output.off('resize', this.#redraw);
    this.#input?.off('data', this.#onKey);
    this.#input?.pause();
    this.#events.off('SIGCONT', this.#enter);
    this.#events.off('exit', this.#leave);
  }

  /** Also when the process was stopped and goes on: the shell has had the terminal meanwhile. */
  readonly #enter = () => {
    this.#input?.setRawMode?.(true);
    this.#output.write(ENTER);
    this.#redraw();
  };

  readonly #leave = () => {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#input?.setRawMode?.(false);
    this.#output.write(LEAVE);
  };

  readonly #onKey = (data: Buffer | string) => {
    const keys = String(data);
    if (keys.includes('q') || keys.includes(CTRL_C)) this.#quit();
  };

  readonly #redraw = () => {
    if (!this.#isOpen) return;
    const { columns = 80, rows = 24 } = this.#output;
    const lines = fitting(this.#text.split('\n'), rows).map((line) => cutTo(line, columns) + CLEAR_LINE_END);
    this.#output.write(`${BEGIN_UPDATE}${HOME}${lines.join('\n')}${CLEAR_BELOW}${END_UPDATE}`);
  };
}

function fitting(lines: readonly string[], rows: number): readonly string[] {
  if (lines.length <= rows) return lines;
  const shown = Math.max(1, rows - 1);
  return [...lines.slice(0, shown), `… ${lines.length - shown} more lines`].slice(0, Math.max(1, rows));
}
