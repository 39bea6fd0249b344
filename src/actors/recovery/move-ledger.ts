/**
 * Keeps count of what was moved, tells of each dead letter, says what had vanished, and warns when the dead-letter stream nears its cap or
 * begins to lose letters.
 */
import type { DeadLetterReason } from '../../redis/due-consumer.js';
import type { EntryRef, MoveResult } from '../../redis/lease-store.js';
import type { BuriedEntry } from '../application.js';
import type { Kernel } from '../kernel.js';
import { IdWatch } from './id-watch.js';

/** At this share of the cap a person should look. */
const WARN_AT = 0.8;
/** So many are named in one line of the log. */
const MOST_NAMED = 20;

export class MoveLedger {
  requeued = 0;
  deadLettered = 0;
  /** Given back, to be given to everyone later. */
  delayed = 0;
  trimmed = 0;
  /** Entries whose payload somebody else had deleted or trimmed before they were finished. */
  vanished = 0;
  /** Of the load balancer stream. */
  readonly ids: IdWatch;
  readonly #kernel: Kernel;
  #hasWarned = false;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.ids = new IdWatch(kernel.names.lbs, () => kernel.clock.now());
  }

  /** @param refs what was to be moved, in the order of the result */
  record(why: string, refs: readonly EntryRef[], { moved, trimmed, dlqLength }: MoveResult): void {
    let requeued = 0;
    let refused = 0;
    let delayed = 0;
    const gone: EntryRef[] = [];
    const buried: BuriedEntry[] = [];
    moved.forEach(({ outcome, copyId, retryCount, reason }, index) => {
      const { id, name } = refs[index] as EntryRef;
      if (outcome === 'requeued') {
        requeued += 1;
        if (copyId !== '') this.ids.given(copyId);
      }
      if (outcome === 'deadLettered')
        buried.push({ id, name, retryCount, reason: reason as DeadLetterReason, letterId: copyId });
      else if (outcome === 'notMine' || outcome === 'notPending') refused += 1;
      else if (outcome === 'delayed') delayed += 1;
      else if (outcome === 'gone') gone.push({ id, name });
    });
    const deadLettered = buried.length;
    this.noteVanished(gone);
    this.#tell(buried);
    this.requeued += requeued;
    this.delayed += delayed;
    if (delayed > 0) this.#kernel.seam.emit('delayed', { count: delayed });
    this.deadLettered += deadLettered;
    this.trimmed += trimmed;
    if (requeued + deadLettered > 0) {
      this.#kernel.seam.emit('moved', { why, requeued, deadLettered, trimmed, dlqLength });
    }
    if (refused > 0) this.#kernel.seam.emit('moveRefused', { why, count: refused });
    if (deadLettered > 0) this.#watchCap(trimmed, dlqLength);
  }

  /** Each has a line of its own, but for those of a flood. */
  #tell(buried: readonly BuriedEntry[]): void {
    const { application, logger, names } = this.#kernel;
    for (const { id, name, ...rest } of buried.slice(0, MOST_NAMED)) {
      logger.error({ dlq: names.dlq, stream: name || null, id, ...rest }, 'a stream was dead-lettered');
    }
    const more = buried.length - MOST_NAMED;
    if (more > 0) logger.error({ dlq: names.dlq, count: more }, 'and so were others, at the same time');
    for (const entry of buried) application.deadLettered(entry);
  }

  /** Their work can be given to nobody any more: only whoever announced them can announce them again. */
  noteVanished(entries: readonly EntryRef[]): void {
    if (entries.length === 0) return;
    this.vanished += entries.length;
    const { logger, names, seam } = this.#kernel;
    const some = entries.slice(0, MOST_NAMED);
    logger.error(
      {
        lbs: names.lbs,
        count: entries.length,
        streams: some.map(({ name }) => name || null),
        ids: some.map(({ id }) => id),
      },
      'payloads were trimmed or deleted from the load balancer stream before their entries were finished; something other than streamwarden does that',
    );
    seam.emit('vanished', { count: entries.length });
  }

  #watchCap(trimmed: number, length: number): void {
    const { logger, names, settings } = this.#kernel;
    const fields = { dlq: names.dlq, length, cap: settings.dlqMaxLen };
    if (trimmed > 0) {
      logger.error({ ...fields, trimmed }, 'dead letters were trimmed away: the dead-letter stream is full');
      return;
    }
    const isNear = settings.dlqMaxLen > 0 && length >= settings.dlqMaxLen * WARN_AT;
    if (isNear && !this.#hasWarned) logger.warn(fields, 'the dead-letter stream is nearly full');
    this.#hasWarned = isNear;
  }
}
