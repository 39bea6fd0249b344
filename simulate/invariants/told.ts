/** What an application is told, in which order, and how often. */
import type { Notification } from '../../src/index.js';
import type { Violations } from './violations.js';

/** `assumed`: it should have been told as uncertain. */
type Standing = 'added' | 'uncertain' | 'assumed' | 'disowned';

interface Heard {
  readonly streams: Map<string, Standing>;
  isTerminated: boolean;
  /** Entries that may be told once more: they were told before the group was made again, or the runtime failed them. */
  readonly repeatable: Map<string, number>;
  /** Entries that it has acquired and not been told of. */
  readonly unheard: Set<string>;
  /** Entries that it has finished, or given back: the application is not at work on them. */
  readonly over: Set<string>;
}

function mayBeToldAgain({ repeatable }: Heard, id: string): boolean {
  const left = repeatable.get(id) ?? 0;
  if (left > 0) repeatable.set(id, left - 1);
  return left > 0;
}

export class Told {
  readonly #violations: Violations;
  readonly #heard = new Map<string, Heard>();

  constructor(violations: Violations) {
    this.#violations = violations;
  }

  add(consumer: string, notification: Notification): void {
    const heard = this.#of(consumer);
    const problem = this.#problemOf(consumer, heard, notification);
    if (problem !== undefined) {
      const { type } = notification;
      const id = 'id' in notification ? notification.id : '';
      this.#violations.add(problem.clause, `${consumer} was told ${type} ${id}: ${problem.why}`);
    }
  }

  /** C-OUT-5: those who are there now may be told of these entries once more. */
  mayRepeat(consumers: Iterable<string>, ids: readonly string[]): void {
    for (const consumer of consumers) {
      const { repeatable, unheard } = this.#of(consumer);
      // What it is about to be told was acquired before, and is one more.
      for (const id of ids) repeatable.set(id, 1 + (unheard.has(id) ? (repeatable.get(id) ?? 0) : 0));
    }
  }

  #of(consumer: string): Heard {
    let heard = this.#heard.get(consumer);
    if (heard === undefined) {
      heard = {
        streams: new Map(),
        isTerminated: false,
        repeatable: new Map(),
        unheard: new Set(),
        over: new Set(),
      };
      this.#heard.set(consumer, heard);
    }
    return heard;
  }

  /** Redis has verified it for this consumer, which is to be told. */
  acquired(consumer: string, id: string): void {
    this.#of(consumer).unheard.add(id);
  }

  /** Redis has recorded that this consumer has finished it, or given it back. */
  markOver(consumer: string, id: string): void {
    this.#heard.get(consumer)?.over.add(id);
  }

  /** Told as added and not as disowned since, and neither finished nor given back. */
  isWorkedOn(consumer: string, id: string): boolean {
    return this.holds(consumer, id) && !this.#of(consumer).over.has(id);
  }

  wasAdded(consumer: string, id: string): boolean {
    return this.#heard.get(consumer)?.streams.has(id) ?? false;
  }

  /** Told as added, and not as disowned since. */
  holds(consumer: string, id: string): boolean {
    const standing = this.#heard.get(consumer)?.streams.get(id);
    return standing !== undefined && standing !== 'disowned';
  }

  /** Told as uncertain and neither confirmed nor disowned. */
  isUncertain(consumer: string, id: string): boolean {
    const standing = this.#heard.get(consumer)?.streams.get(id);
    return standing === 'uncertain' || standing === 'assumed';
  }

  /** It has been said that it was not told. */
  assumeUncertain(consumer: string, id: string): void {
    this.#heard.get(consumer)?.streams.set(id, 'assumed');
  }

  #problemOf(
    consumer: string,
    heard: Heard,
    notification: Notification,
  ): { clause: string; why: string } | undefined {
    if (heard.isTerminated) return { clause: 'C-TERM-1', why: 'after StreamTerminated' };
    const { streams } = heard;
    switch (notification.type) {
      case 'StreamAdded': {
        const before = streams.get(notification.id);
        streams.set(notification.id, 'added');
        heard.over.delete(notification.id);
        heard.unheard.delete(notification.id);
        if (before !== undefined && !mayBeToldAgain(heard, notification.id))
          return { clause: 'C-ADD-2', why: 'for the second time' };
        return undefined;
      }
      case 'StreamUncertain': {
        const before = streams.get(notification.id);
        streams.set(notification.id, 'uncertain');
        return before === 'added'
          ? undefined
          : { clause: 'C-UNC-1', why: `it was ${before ?? 'never added'}` };
      }
      case 'StreamConfirmed': {
        const before = streams.get(notification.id);
        streams.set(notification.id, 'added');
        return before === 'uncertain'
          ? undefined
          : { clause: 'C-UNC-3', why: `it was ${before ?? 'never added'}` };
      }
      case 'StreamDisowned': {
        const before = streams.get(notification.id);
        streams.set(notification.id, 'disowned');
        if (notification.reason === 'failed') this.mayRepeat([consumer], [notification.id]);
        return before === 'added' || before === 'uncertain' || before === 'assumed'
          ? undefined
          : { clause: 'C-LOST-1', why: `it was ${before ?? 'never added'}` };
      }
      case 'StreamFailed': {
        const before = streams.get(notification.id);
        return before === 'added' || before === 'uncertain' || before === 'assumed'
          ? undefined
          : { clause: 'C-HAND-3', why: `it was ${before ?? 'never added'}` };
      }
      case 'StreamTerminated':
        heard.isTerminated = true;
        return undefined;
      default:
        return undefined;
    }
  }
}
