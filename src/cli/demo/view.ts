/** How the demo shows itself: JSON lines, plain lines, or on a terminal a block below them that is drawn again and again. */

import { duration, plural } from '../../core/amounts.js';
import type { JsonLine } from '../../testing/json-line-log.js';
import { LiveText } from '../live-text.js';
import type { Output, OutputLine } from '../output.js';
import type { Board, Move } from './board.js';

const REDRAW_MS = 100;
const PROGRESS_MS = 2_000;
/** Streams change their owner in batches; what comes together is told together. */
const GATHER_MOVES_MS = 60;
const NAMES_SHOWN = 4;
const BAR_WIDTH = 40;

export class View implements Disposable {
  readonly #output: Output;
  readonly #board: Board;
  readonly #startedAt = Date.now();
  readonly #live: LiveText | undefined;
  readonly #timer: NodeJS.Timeout;
  /** Moves that were not told yet, by who gave and who got. */
  readonly #moves = new Map<string, Move[]>();
  #movesTimer: NodeJS.Timeout | undefined;

  constructor(output: Output, board: Board) {
    this.#output = output;
    this.#board = board;
    this.#live = output.json ? undefined : LiveText.onTerminal(output.host.stdout);
    this.#timer = this.#live
      ? setInterval(() => this.#draw(), REDRAW_MS)
      : setInterval(() => this.#progress(), PROGRESS_MS);
  }

  /** Something that the demo did. */
  event(line: OutputLine, forPeople: string): void {
    this.#live?.erase();
    this.#output.line(line, `${this.#elapsed()}  ${forPeople}`);
    this.#draw();
  }

  /** Something that a consumer told. */
  heard(id: string, line: JsonLine): void {
    const move = this.#board.hear(id, line);
    if (this.#output.json) {
      // The consumer's short name first; a line that has another `consumer`, its name in the group, keeps it as `name`.
      const { type, at, consumer: name, ...rest } = line;
      this.#output.line({ at, type, consumer: id, ...(name === undefined ? {} : { name }), ...rest }, '');
    } else if (line.type === 'Ready') {
      this.#say(`${id} is ready`);
    } else if (move) {
      this.#gather(move);
    } else if (line.type === 'Stopped' && Number(line.handedOver) > 0) {
      this.#tellMoves();
      this.#say(`${id} handed ${plural(Number(line.handedOver), 'stream')} over and stopped`);
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#tellMoves();
    this.#live?.erase();
  }

  #gather(move: Move): void {
    const way = `${move.from} → ${move.to}`;
    this.#moves.set(way, [...(this.#moves.get(way) ?? []), move]);
    this.#movesTimer ??= setTimeout(() => this.#tellMoves(), GATHER_MOVES_MS);
  }

  #tellMoves(): void {
    clearTimeout(this.#movesTimer);
    this.#movesTimer = undefined;
    for (const [way, moves] of this.#moves) {
      const names = moves.slice(0, NAMES_SHOWN).map(({ stream }) => stream);
      const more = moves.length > names.length ? ` and ${moves.length - names.length} more` : '';
      const longest = duration(Math.max(...moves.map(({ ms }) => ms)));
      this.#say(`${way}: ${names.join(', ')}${more}, after ${longest}`);
    }
    this.#moves.clear();
  }

  #say(text: string): void {
    this.#live?.erase();
    this.#output.write(`${this.#elapsed()}  ${text}`);
    this.#draw();
  }

  #elapsed(): string {
    return `${((Date.now() - this.#startedAt) / 1_000).toFixed(1).padStart(5)} s`;
  }

  #totals(): string {
    const { announced, owned, orphans, finished, handled } = this.#board;
    const moving = orphans > 0 ? `, ${orphans} waiting for the next owner` : '';
    return `${plural(announced, 'stream')} announced, ${owned} owned, ${finished} finished${moving}; ${handled} entries handled`;
  }

  #progress(): void {
    if (!this.#output.json) this.#say(this.#totals());
  }

  #draw(): void {
    if (this.#live === undefined) return;
    const rows = [...this.#board.rows].map(([id, { state, streams }]) => {
      const bar = '█'.repeat(Math.min(streams.size, BAR_WIDTH));
      return `  ${id}  ${state.padEnd(8)}  ${String(streams.size).padStart(4)}  ${bar}`;
    });
    this.#live.show(['', ...rows, `  ${this.#totals()}`].join('\n'));
  }
}
