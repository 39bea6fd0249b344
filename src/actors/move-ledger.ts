/** Keeps count of what was moved, and warns when the dead-letter stream nears its cap or begins to lose letters. */
import type { MoveResult } from '../redis/lease-store.js';
import type { Kernel } from './kernel.js';

/** At this share of the cap a person should look. */
const WARN_AT = 0.8;

export class MoveLedger {
  requeued = 0;
  deadLettered = 0;
  trimmed = 0;
  readonly #kernel: Kernel;
  #hasWarned = false;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  record(why: string, { moved, trimmed, dlqLength }: MoveResult): void {
    let requeued = 0;
    let deadLettered = 0;
    let refused = 0;
    for (const { outcome } of moved) {
      if (outcome === 'requeued') requeued += 1;
      else if (outcome === 'deadLettered') deadLettered += 1;
      else if (outcome === 'notMine' || outcome === 'notPending' || outcome === 'gone') refused += 1;
    }
    this.requeued += requeued;
    this.deadLettered += deadLettered;
    this.trimmed += trimmed;
    if (requeued + deadLettered > 0) {
      this.#kernel.seam.emit('moved', { why, requeued, deadLettered, trimmed, dlqLength });
    }
    if (refused > 0) this.#kernel.seam.emit('moveRefused', { why, count: refused });
    if (deadLettered > 0) this.#watchCap(trimmed, dlqLength);
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
