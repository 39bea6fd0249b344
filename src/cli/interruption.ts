/** For commands that change many things one after another: a signal ends them between two steps, and never in the middle of one. */
import { CliError, EXIT } from './errors.js';
import type { Output } from './output.js';
import { onStopSignals } from './stop-signals.js';

export class Interruption implements Disposable {
  readonly #ignoreSignals: () => void;
  readonly #asked = new AbortController();

  constructor(output: Output) {
    const ask = () => {
      this.#asked.abort();
    };
    const { events, exit } = output.host;
    this.#ignoreSignals = onStopSignals(events, { first: ask, again: () => exit(EXIT.failed) });
    // Whoever no longer reads what is done should not have it done unseen.
    output.onClosed(ask);
  }

  get isAsked(): boolean {
    return this.signal.aborted;
  }

  /** Aborts when somebody asks. */
  get signal(): AbortSignal {
    return this.#asked.signal;
  }

  /** Whether this is what a call that was given the signal rejected with for it. */
  isCause(error: unknown): boolean {
    return this.isAsked && error === this.signal.reason;
  }

  [Symbol.dispose](): void {
    this.#ignoreSignals();
  }
}

/** @param howFar what was done until then, and what was not */
export function interrupted(howFar: string): CliError {
  return new CliError('Interrupted', `interrupted: ${howFar}`, EXIT.failed);
}
