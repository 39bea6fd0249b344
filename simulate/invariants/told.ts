/** What an application is told, in which order, and how often. */
import type { Notification } from '../../src/index.js';
import type { Violations } from './violations.js';

/** `assumed`: it should have been told as uncertain. */
type Standing = 'added' | 'uncertain' | 'assumed' | 'disowned';

interface Heard {
  readonly streams: Map<string, Standing>;
  isTerminated: boolean;
  /** Entries may be told anew: the group was made again, or the runtime failed one. */
  mayRepeat: boolean;
}

export class Told {
  readonly #violations: Violations;
  readonly #heard = new Map<string, Heard>();

  constructor(violations: Violations) {
    this.#violations = violations;
  }

  add(consumer: string, notification: Notification): void {
    let heard = this.#heard.get(consumer);
    if (heard === undefined) {
      heard = { streams: new Map(), isTerminated: false, mayRepeat: false };
      this.#heard.set(consumer, heard);
    }
    const problem = this.#problemOf(heard, notification);
    if (problem !== undefined) {
      const { type } = notification;
      const id = 'id' in notification ? notification.id : '';
      this.#violations.add(problem.clause, `${consumer} was told ${type} ${id}: ${problem.why}`);
    }
  }

  /** C-OUT-5: entries may come again under the same id. */
  mayRepeat(): void {
    for (const heard of this.#heard.values()) heard.mayRepeat = true;
  }

  wasAdded(consumer: string, id: string): boolean {
    return this.#heard.get(consumer)?.streams.has(id) ?? false;
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

  #problemOf(heard: Heard, notification: Notification): { clause: string; why: string } | undefined {
    if (heard.isTerminated) return { clause: 'C-TERM-1', why: 'after StreamTerminated' };
    const { streams } = heard;
    switch (notification.type) {
      case 'StreamAdded': {
        const before = streams.get(notification.id);
        streams.set(notification.id, 'added');
        if (before !== undefined && !heard.mayRepeat)
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
        if (notification.reason === 'failed') heard.mayRepeat = true;
        return before === 'added' || before === 'uncertain' || before === 'assumed'
          ? undefined
          : { clause: 'C-LOST-1', why: `it was ${before ?? 'never added'}` };
      }
      case 'StreamTerminated':
        heard.isTerminated = true;
        return undefined;
      default:
        return undefined;
    }
  }
}
