/** `status --watch`: the status again and again, until it is told to stop. No outage ends it. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Move, movesBetween } from '../../admin/status/moves.js';
import type { ServiceStatus } from '../../admin/status/service-status.js';
import { type Failure, failureOf } from '../errors.js';
import { LiveScreen } from '../live-screen.js';
import { type Output, timeOfDay } from '../output.js';
import { onStopSignals } from '../stop-signals.js';
import { type Rates, ratesBetween, type Seen } from './rates.js';
import type { StatusReader } from './status-reader.js';
import { movesInWords, ratesInWords, statusInWords, type Trouble, troubleInWords } from './words.js';

/** Lines about moves that stay on the screen. */
const MOVES_KEPT = 5;

/** @param first what was seen already: whatever is wrong from the beginning is no outage */
export async function watchStatus(
  reader: StatusReader,
  first: ServiceStatus,
  intervalMs: number,
  output: Output,
): Promise<void> {
  const stop = new AbortController();
  const ignoreSignals = onStopSignals(output.host.events, {
    first: () => stop.abort(),
    again: () => stop.abort(),
  });
  output.onClosed(() => stop.abort());
  const stopped = new Promise<'stopped'>((resolve) => {
    stop.signal.addEventListener('abort', () => resolve('stopped'), { once: true });
  });
  using screen = output.json ? undefined : LiveScreen.onTerminal(output.host, () => stop.abort());
  const view = screen === undefined ? new LineView(output) : new ScreenView(screen, intervalMs);
  let last: Seen = { atMs: performance.now(), status: first };
  view.seen(first, undefined);
  while (!stop.signal.aborted) {
    await delay(intervalMs, undefined, { signal: stop.signal }).catch(() => {});
    if (stop.signal.aborted) break;
    const looked = await Promise.race([look(reader), stopped]);
    if (looked === 'stopped') break;
    if ('failure' in looked) {
      view.failed(looked.failure);
      continue;
    }
    view.seen(looked.status, {
      rates: ratesBetween(last, looked),
      moves: movesBetween(last.status.consumers, looked.status.consumers),
    });
    last = looked;
  }
  ignoreSignals();
}

async function look(reader: StatusReader): Promise<Seen | { readonly failure: Failure }> {
  try {
    const status = await reader.look();
    return { atMs: performance.now(), status };
  } catch (error) {
    return { failure: failureOf(error) };
  }
}

/** What has happened since the look before. */
interface Changes {
  readonly rates: Rates;
  readonly moves: readonly Move[];
}

interface View {
  /** @param changes undefined: there is nothing yet to compare with */
  seen(status: ServiceStatus, changes: Changes | undefined): void;
  failed(failure: Failure): void;
}

/** Lines for programs, or a block of text for each look. */
class LineView implements View {
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  seen(status: ServiceStatus, changes: Changes | undefined): void {
    const at = Date.now();
    const { rates, moves = [] } = changes ?? {};
    const moved = moves.length === 0 ? '' : `owned: ${movesInWords(moves)}\n`;
    const text = `${timeOfDay(at)}  ${statusInWords(status, at)}\n\n${ratesInWords(rates)}\n${moved}`;
    this.#output.line({ at, type: 'Status', ...status, rates: rates ?? null, moves }, text);
  }

  failed({ code, message }: Failure): void {
    const at = Date.now();
    this.#output.line(
      { at, type: 'StatusFailed', code, message },
      `${timeOfDay(at)}  cannot be looked at: ${message}\n`,
    );
  }
}

/** One picture that is kept current; what was seen last stays while nothing can be seen. */
class ScreenView implements View {
  readonly #screen: LiveScreen;
  readonly #intervalMs: number;
  /** Newest first. */
  readonly #moves: string[] = [];
  #picture = '';
  #trouble: Trouble | undefined;

  constructor(screen: LiveScreen, intervalMs: number) {
    this.#screen = screen;
    this.#intervalMs = intervalMs;
  }

  seen(status: ServiceStatus, changes: Changes | undefined): void {
    this.#trouble = undefined;
    const at = Date.now();
    const { rates, moves = [] } = changes ?? {};
    if (moves.length > 0) this.#moves.unshift(`${timeOfDay(at).slice(0, 8)}  ${movesInWords(moves)}`);
    this.#moves.splice(MOVES_KEPT);
    const moved = this.#moves.length === 0 ? '' : `OWNED\n${this.#moves.join('\n')}\n\n`;
    const when = `as of ${timeOfDay(at)}, every ${this.#intervalMs} ms; q ends it`;
    this.#picture = `${when}\n\n${ratesInWords(rates)}\n\n${moved}${statusInWords(status, at)}`;
    this.#screen.show(this.#picture);
  }

  failed({ message }: Failure): void {
    this.#trouble = { since: this.#trouble?.since ?? Date.now(), message };
    this.#screen.show(`${troubleInWords(this.#trouble)}\n${this.#picture}`);
  }
}
