/** What the seam of one runtime tells, counted and timed. */
import type { Attributes } from '@opentelemetry/api';
import type { Seam, SeamEvents, SeamListener } from '../core/seam.js';
import { ATTRIBUTE, BoundedWords, childKind, errorTypes } from './attributes.js';
import type { Instruments } from './instruments.js';

const LOST_REASONS = ['takenOver', 'entryGone', 'failed'];
const DEAD_LETTER_REASONS = ['dead', 'failed', 'rejected', 'unparseable', 'tooLarge', 'due'];

/** When an entry was put on its stream, epoch milliseconds. */
function addedAt(entryId: string): number {
  return Number(entryId.slice(0, entryId.indexOf('-')));
}

export class RuntimeMetrics {
  readonly #instruments: Instruments;
  readonly #service: Attributes;
  readonly #now: () => number;
  // Words of our own, and yet nothing here relies on there being few.
  readonly #outcomes = new BoundedWords(20);
  readonly #reasons = new BoundedWords(20);
  readonly #children = new BoundedWords(10);
  readonly #leave: (() => void)[];
  /** Of the scan under way. */
  #scanMs = 0;
  /** Length of the dead-letter stream when this runtime last wrote to it. */
  deadLetterLength: number | undefined;

  /** @param now the wall clock, epoch milliseconds */
  constructor(seam: Seam, instruments: Instruments, service: Attributes, now: () => number) {
    this.#instruments = instruments;
    this.#service = service;
    this.#now = now;
    this.#begin();
    const on = <K extends keyof SeamEvents>(type: K, listener: SeamListener<K>) => seam.on(type, listener);
    this.#leave = [
      on('started', ({ tookMs, error }) => this.#time('startUp', tookMs, this.#result(error))),
      on('readFailed', ({ error }) => this.#count('readFailures', 1, this.#error(error))),
      on('acquired', (event) => this.#acquired(event)),
      on('acquireFailed', ({ count, error, tookMs }) => {
        this.#count('acquisitions', count, this.#outcome('failed'));
        this.#time('acquisition', tookMs, this.#error(error));
      }),
      on('finished', ({ tookMs }) => {
        this.#time('operation', tookMs, {
          [ATTRIBUTE.operation]: 'done',
          [ATTRIBUTE.operationType]: 'settle',
        });
      }),
      on('saved', ({ count, refused, tookMs }) => {
        this.#count('checkpoints', count, this.#outcome('saved'));
        this.#count('checkpoints', refused, this.#outcome('refused'));
        this.#time('checkpointFlush', tookMs);
      }),
      on('entries', (event) => this.#entries(event)),
      on('lost', ({ reason }) => this.#count('lost', 1, this.#reason(reason))),
      on('locksExtended', (event) => this.#extended(event)),
      on('locksReleased', ({ count, error }) => {
        this.#count('lockReleases', count, this.#result(error, 'released'));
      }),
      on('moved', (event) => this.#moved(event)),
      on('moveRefused', ({ why, count }) => {
        this.#count('requeues', count, { ...this.#reason(why), ...this.#outcome('refused') });
      }),
      on('vanished', ({ count }) => this.#count('vanished', count)),
      on('touched', ({ count }) => this.#count('touches', count)),
      on('parked', ({ count, coalesced }) => {
        this.#count('parkings', count);
        this.#count('coalesced', coalesced);
      }),
      on('unparked', ({ count }) => this.#count('unparkings', count)),
      on('balanced', ({ moved }) => this.#count('balanced', moved)),
      on('cancelled', ({ count }) => this.#count('cancels', count)),
      on('delayed', ({ count }) => this.#count('delays', count)),
      on('delaysEnded', ({ count, lateMs }) => {
        this.#count('delaysEnded', count);
        this.#time('delayLateness', lateMs);
      }),
      on('heartbeat', ({ outcome, error, tookMs }) => {
        this.#time('heartbeat', tookMs, this.#result(error, outcome ?? 'failed'));
      }),
      on('leaseLapsed', () => this.#count('lapses', 1)),
      on('leaseKept', () => this.#count('keeps', 1)),
      on('leaseMissed', () => this.#count('misses', 1)),
      on('sweepFinished', ({ tookMs }) => this.#time('sweep', tookMs)),
      on('tookOver', ({ afterMs }) => this.#time('takeOver', afterMs)),
      on('scanFinished', (event) => this.#scanned(event)),
      on('scanFailed', ({ error, isFirst, tookMs }) => this.#scanFailed(error, isFirst, tookMs)),
      on('keyspaceEvent', ({ kind, dropped }) => {
        this.#count('keyspaceEvents', 1, {
          [ATTRIBUTE.keyspaceKind]: kind,
          ...this.#outcome(dropped ? 'dropped' : 'heard'),
        });
      }),
      on('keyspaceSetup', ({ outcome, code }) => {
        this.#count('keyspaceSetups', 1, this.#result(code, outcome));
      }),
      on('topologyReset', ({ error }) => this.#count('topologyResets', 1, this.#result(error))),
      on('topologyApplied', () => this.#count('topologyChanges', 1)),
      on('groupRecreated', () => this.#count('groupRecreations', 1)),
      on('childFailed', ({ child, code, restartInMs }) => {
        const whose = this.#child(child);
        this.#count('childFailures', 1, { ...whose, ...this.#error(code) });
        if (restartInMs !== null) this.#count('childRestarts', 1, whose);
      }),
      on('childEscalated', ({ child }) => this.#count('childEscalations', 1, this.#child(child))),
    ];
  }

  close(): void {
    for (const leave of this.#leave) leave();
  }

  /** What alerts watch stands at 0 from the beginning. */
  #begin(): void {
    for (const reason of LOST_REASONS) {
      this.#instruments.begin('lost', { ...this.#service, ...this.#reason(reason) });
    }
    for (const reason of DEAD_LETTER_REASONS) {
      this.#instruments.begin('deadLetters', { ...this.#service, ...this.#reason(reason) });
    }
    for (const id of [
      'balanced',
      'lapses',
      'misses',
      'deadLettersTrimmed',
      'vanished',
      'entriesLost',
      'groupRecreations',
    ] as const) {
      this.#instruments.begin(id, this.#service);
    }
  }

  #entries({ looks, read, bytes, handled, skipped, deadLettered, lost, wakes }: SeamEvents['entries']): void {
    this.#count('looks', looks);
    this.#count('entriesRead', read);
    this.#count('entryBytes', bytes);
    this.#count('entriesHandled', handled);
    this.#count('entriesPassedOver', skipped, this.#outcome('skipped'));
    this.#count('entriesPassedOver', deadLettered, this.#outcome('dead_lettered'));
    this.#count('entriesLost', lost);
    this.#count('wakes', wakes);
  }

  #acquired({ count, entries, contended, lockHeld, refused, tookMs }: SeamEvents['acquired']): void {
    this.#count('consumed', count, { [ATTRIBUTE.operation]: 'read' });
    this.#count('acquisitions', count, this.#outcome('owned'));
    this.#count('acquisitions', contended, this.#outcome('contended'));
    this.#count('acquisitions', lockHeld, this.#outcome('lock_held'));
    this.#count('acquisitions', refused, this.#outcome('refused'));
    this.#time('acquisition', tookMs);
    const now = this.#now();
    const first = { ...this.#service, [ATTRIBUTE.redelivered]: false };
    const again = { ...this.#service, [ATTRIBUTE.redelivered]: true };
    for (const { id, retryCount } of entries) {
      this.#instruments.time('wait', now - addedAt(id), retryCount > 0 ? again : first);
    }
  }

  #extended({ count, failed, foreign, error }: SeamEvents['locksExtended']): void {
    if (error !== null) {
      this.#count('lockExtensions', count, this.#result(error));
      return;
    }
    this.#count('lockExtensions', count - failed, this.#outcome('extended'));
    this.#count('lockExtensions', foreign, this.#outcome('foreign'));
    this.#count('lockExtensions', failed - foreign, this.#outcome('missing'));
  }

  #moved({ why, requeued, deadLettered, trimmed, dlqLength }: SeamEvents['moved']): void {
    const reason = this.#reason(why);
    this.#count('requeues', requeued, { ...reason, ...this.#outcome('requeued') });
    this.#count('deadLetters', deadLettered, reason);
    this.#count('deadLettersTrimmed', trimmed);
    if (deadLettered > 0) this.deadLetterLength = dlqLength;
  }

  #scanned(event: SeamEvents['scanFinished']): void {
    const { requeued, deadLettered, lockAlive, tookMs, isFirst, isWhole } = event;
    const kind = scanKind(isFirst);
    this.#count('scanned', requeued, { ...kind, ...this.#outcome('requeued') });
    this.#count('scanned', deadLettered, { ...kind, ...this.#outcome('dead_lettered') });
    this.#count('scanned', lockAlive, { ...kind, ...this.#outcome('owner_alive') });
    this.#scanMs += tookMs;
    if (!isWhole) return;
    this.#time('scan', this.#scanMs, kind);
    this.#scanMs = 0;
  }

  #scanFailed(error: string, isFirst: boolean, tookMs: number): void {
    this.#time('scan', this.#scanMs + tookMs, { ...scanKind(isFirst), ...this.#error(error) });
    this.#scanMs = 0;
  }

  #count(id: Parameters<Instruments['count']>[0], value: number, more: Attributes = {}): void {
    this.#instruments.count(id, value, { ...this.#service, ...more });
  }

  #time(id: Parameters<Instruments['time']>[0], ms: number, more: Attributes = {}): void {
    this.#instruments.time(id, ms, { ...this.#service, ...more });
  }

  #outcome(outcome: string): Attributes {
    return { [ATTRIBUTE.outcome]: this.#outcomes.of(outcome) };
  }

  #child(id: string): Attributes {
    return { [ATTRIBUTE.child]: this.#children.of(childKind(id)) };
  }

  #reason(reason: string): Attributes {
    return { [ATTRIBUTE.reason]: this.#reasons.of(reason) };
  }

  #error(code: string): Attributes {
    return { [ATTRIBUTE.errorType]: errorTypes.of(code) };
  }

  /** @param word what it is called when it went well */
  #result(error: string | null, word = 'ok'): Attributes {
    return error === null ? this.#outcome(word) : { ...this.#outcome('failed'), ...this.#error(error) };
  }
}

function scanKind(isFirst: boolean): Attributes {
  return { [ATTRIBUTE.scanKind]: isFirst ? 'startup' : 'periodic' };
}
