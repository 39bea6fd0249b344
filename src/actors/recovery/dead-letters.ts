/**
 * Writes what is due to a dead-letter stream in another slot: makes the letters, adds them there, acknowledges the entries. What cannot be
 * written now stays due, out of everybody's hands, until a sweep finds it.
 */
import { nextEntryId } from '../../core/entry-id.js';
import { messageOf } from '../../core/errors.js';
import { redact } from '../../core/logger.js';
import { DEAD_LETTER_REASONS, type DeadLetterReason, dueConsumer } from '../../redis/due-consumer.js';
import type { DueLetter, Verdict, WrittenLetter } from '../../redis/due-letters.js';
import type { GivenBack, Moved, MoveResult } from '../../redis/lease-store.js';
import type { Kernel } from '../kernel.js';
import type { MoveLedger } from './move-ledger.js';

/** Keeps the scripts below 5 ms. */
const BATCH = 200;
/** Heartbeats that an entry has been due for before a sweep takes it up: longer than whoever decided needs to write it. */
const PATIENCE = 2;
/**
 * Sweeps wait as long after a failure, and twice as long after each further one, up to so many times. What has no answer may have been
 * executed: every try may be another letter.
 */
const MAX_DOUBLINGS = 4;

interface Written {
  /** Letters that were written for entries that were still due then, by the entries' ids. */
  readonly letters: ReadonlyMap<string, WrittenLetter>;
  readonly trimmed: number;
  readonly dlqLength: number;
  /** Some were not added. */
  readonly isIncomplete: boolean;
}

function isDue(moved: Moved | undefined, reason: DeadLetterReason): boolean {
  return moved?.outcome === 'deadLetterDue' && moved.reason === reason;
}

const NOTHING: Written = { letters: new Map(), trimmed: 0, dlqLength: 0, isIncomplete: false };

function both(a: Written, b: Written): Written {
  return {
    letters: new Map([...a.letters, ...b.letters]),
    trimmed: a.trimmed + b.trimmed,
    dlqLength: Math.max(a.dlqLength, b.dlqLength),
    isIncomplete: a.isIncomplete || b.isIncomplete,
  };
}

function deadLettered({ copyId, retryCount }: WrittenLetter, reason: DeadLetterReason): Moved {
  return { outcome: 'deadLettered', copyId, retryCount, reason };
}

export class DeadLetters {
  readonly #kernel: Kernel;
  readonly #ledger: MoveLedger;
  #isFailing = false;
  /** Pages in a row, in sweeps, that were not written as a whole. */
  #failures = 0;
  /** On the monotonic clock: before this a sweep does not try. */
  #waitsUntil = Number.NEGATIVE_INFINITY;

  constructor(kernel: Kernel, ledger: MoveLedger) {
    this.#kernel = kernel;
    this.#ledger = ledger;
  }

  /**
   * Writes what a move has left due, as far as that can be done now: those become `deadLettered`, the others stay `deadLetterDue`. Never
   * rejects, as the move itself has been made.
   *
   * @param refs what was moved, ascending, in the order of the result
   */
  async settle(refs: readonly GivenBack[], result: MoveResult, verdict: Verdict): Promise<MoveResult> {
    const letters = new Map<string, Moved>();
    let { trimmed, dlqLength } = result;
    for (const reason of DEAD_LETTER_REASONS) {
      const due = refs.filter((_, index) => isDue(result.moved[index], reason));
      try {
        const written = await this.#write(reason, due, 0, verdict);
        for (const [id, letter] of written.letters) letters.set(id, deadLettered(letter, reason));
        trimmed += written.trimmed;
        dlqLength = Math.max(dlqLength, written.dlqLength);
      } catch (error) {
        this.#kernel.logger.warn(
          { reason, count: due.length, error: redact(messageOf(error)) },
          'entries that are due for the dead-letter stream are left to a sweep',
        );
      }
    }
    const moved = result.moved.map((one, index) => letters.get((refs[index] as GivenBack).id) ?? one);
    return { moved, trimmed, dlqLength };
  }

  /**
   * Writes what has been due for long enough, page by page: not past the first one of which the dead-letter stream did not take all,
   * and not for long, as others wait for this sweep's end. Resolves with how many entries were dead-lettered.
   */
  async resume(reason: DeadLetterReason): Promise<number> {
    const { clock, group, settings } = this.#kernel;
    const minIdleMs = PATIENCE * settings.heartbeatMs;
    const until = clock.monotonic() + settings.heartbeatMs / 8;
    let count = 0;
    let start = '-';
    while (clock.monotonic() >= this.#waitsUntil && clock.monotonic() < until) {
      const page = await group.pending(start, BATCH, dueConsumer(reason));
      const due = page.filter(({ idleMs }) => idleMs >= minIdleMs);
      const { letters, trimmed, dlqLength, isIncomplete } = await this.#write(
        reason,
        due,
        minIdleMs,
        undefined,
      );
      const all = [...letters.values()];
      this.#ledger.record('due', all, {
        moved: all.map((letter) => deadLettered(letter, reason)),
        trimmed,
        dlqLength,
      });
      count += letters.size;
      if (isIncomplete) {
        this.#waitsUntil = clock.monotonic() + minIdleMs * 2 ** Math.min(this.#failures, MAX_DOUBLINGS);
        this.#failures += 1;
      } else if (letters.size > 0) {
        this.#failures = 0;
      }
      const last = page.at(-1);
      if (last === undefined || page.length < BATCH) break;
      start = nextEntryId(last.id);
    }
    return count;
  }

  /** Large ones a few at a time. */
  async #write(
    reason: DeadLetterReason,
    entries: readonly Pick<GivenBack, 'id' | 'error'>[],
    minIdleMs: number,
    verdict: Verdict | undefined,
  ): Promise<Written> {
    let written = NOTHING;
    let at = 0;
    while (at < entries.length && !written.isIncomplete) {
      try {
        const rest = entries.slice(at);
        const { looked, letters, gone } = await this.#kernel.due.claim(reason, rest, minIdleMs, verdict);
        at += looked;
        this.#ledger.noteVanished(gone.map((id) => ({ id, name: '' })));
        if (letters.length > 0) written = both(written, await this.#add(reason, letters));
      } catch (error) {
        // What is written is written; the rest stays due.
        if (written.letters.size === 0) throw error;
        return { ...written, isIncomplete: true };
      }
    }
    return written;
  }

  async #add(reason: DeadLetterReason, made: readonly DueLetter[]): Promise<Written> {
    const { due, deadLetters } = this.#kernel;
    const added = await deadLetters.add(made.map(({ fields }) => fields));
    const written: WrittenLetter[] = [];
    const errors: Error[] = [];
    let trimmed = 0;
    let dlqLength = 0;
    added.forEach((outcome, index) => {
      if (outcome instanceof Error) {
        errors.push(outcome);
        return;
      }
      const { id, name, retryCount } = made[index] as DueLetter;
      written.push({ id, name, retryCount, copyId: outcome.id });
      trimmed += outcome.trimmed;
      dlqLength = outcome.dlqLength;
    });
    this.#watch(errors);
    const wasDue = written.length > 0 ? await due.finish(reason, written) : [];
    const letters = new Map(written.filter((_, index) => wasDue[index]).map((letter) => [letter.id, letter]));
    return { letters, trimmed, dlqLength, isIncomplete: errors.length > 0 };
  }

  /** Said once, until it is over: an outage may last. */
  #watch(errors: readonly Error[]): void {
    const { logger, names } = this.#kernel;
    const isFailing = errors.length > 0;
    if (isFailing && !this.#isFailing) {
      logger.error(
        { dlq: names.dlq, count: errors.length, error: redact(messageOf(errors[0])) },
        'the dead-letter stream cannot be written; what is due for it waits',
      );
    } else if (!isFailing && this.#isFailing) {
      logger.info({ dlq: names.dlq }, 'the dead-letter stream can be written again');
    }
    this.#isFailing = isFailing;
  }
}
