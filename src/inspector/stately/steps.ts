/**
 * What is heard of a runtime's actors, in order, until it is told. When more comes than can be told, the oldest part is folded: of each actor in it, only
 * that it began, what it was told last and that it is over are kept. So what waits is bounded by a number of steps and by the number of actors.
 */
import type { HeardEvent, Standing, Subject } from '../../replay/tap.js';

export interface Begun {
  readonly kind: 'begun';
  readonly at: number;
  readonly subject: Subject;
  readonly standing: Standing;
}

export interface Told {
  readonly kind: 'told';
  readonly at: number;
  readonly subject: Subject;
  /** Its outcome is known once control has returned to the event loop. */
  readonly entry: HeardEvent;
  /** Session of the actor that told it. */
  readonly source: string | undefined;
}

/** It lives no more, whatever the last that it was told led to. */
export interface Over {
  readonly kind: 'over';
  readonly at: number;
  readonly subject: Subject;
}

export type Step = Begun | Told | Over;

/** What is kept of one actor. */
type Folded = { [K in Step['kind']]?: Extract<Step, { kind: K }> };

export class Steps {
  readonly #limit: number;
  #steps: Step[] = [];
  /** Older than all of those. */
  readonly #folded = new Map<Subject, Folded>();

  /** @param limit of more steps than this, half are folded */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get isEmpty(): boolean {
    return this.#steps.length + this.#folded.size === 0;
  }

  add(step: Step): void {
    this.#steps.push(step);
    if (this.#steps.length <= this.#limit) return;
    const half = this.#limit >> 1;
    for (const oldest of this.#steps.slice(0, half)) this.#fold(oldest);
    this.#steps = this.#steps.slice(half);
  }

  /** Takes the oldest ones out: about so many, since what is kept of one actor is not torn apart. */
  take(count: number): Step[] {
    const taken: Step[] = [];
    for (const [subject, { begun, told, over }] of this.#folded) {
      if (taken.length >= count) return taken;
      this.#folded.delete(subject);
      for (const step of [begun, told, over]) if (step !== undefined) taken.push(step);
    }
    taken.push(...this.#steps.splice(0, Math.max(0, count - taken.length)));
    return taken;
  }

  clear(): void {
    this.#steps = [];
    this.#folded.clear();
  }

  #fold(step: Step): void {
    const { subject, kind } = step;
    const before = this.#folded.get(subject);
    // One that came and went meanwhile: nobody has heard of it.
    if (kind === 'over' && before?.begun !== undefined) this.#folded.delete(subject);
    else this.#folded.set(subject, { ...before, [kind]: step });
  }
}
