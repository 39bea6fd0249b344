/** Of all the runtimes that an inspector shows, one at a time has a job under way. */
import { Refusal } from '../refusal.js';

export class OneAtATime {
  #isTaken = false;

  /** @throws Refusal `Busy` */
  take(): void {
    if (this.#isTaken) {
      throw new Refusal(409, 'Busy', 'dead letters are being redriven or deleted: wait for that, or stop it');
    }
    this.#isTaken = true;
  }

  free(): void {
    this.#isTaken = false;
  }
}
