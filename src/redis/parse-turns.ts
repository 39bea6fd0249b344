/** Payloads are parsed in one go, however large. Between them the event loop has its turn: a heartbeat above all. */
import { type Clock, onNextTurn } from '../core/clock.js';

/** So many bytes are parsed before everybody else has a turn. */
const BYTES_A_TURN = 262_144;

export class ParseTurns {
  readonly #clock: Clock;
  #bytes = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Before a payload of so many bytes is parsed. Undefined: nothing has to be waited for. */
  before(bytes: number): Promise<void> | undefined {
    this.#bytes += bytes;
    if (this.#bytes <= BYTES_A_TURN) return undefined;
    this.#bytes = bytes;
    return new Promise((resolve) => onNextTurn(this.#clock, resolve));
  }
}
