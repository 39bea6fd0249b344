/** Recordings that are written by hand, with the times that a test wants: what a runtime would have recorded, as far as a player looks at it. */
import type { Header, Line, Recording } from '../../src/testing/index.js';

const FINGERPRINT = '0000000000000000';

/** When the recordings begin, epoch milliseconds. */
export const BEGAN = 1_800_000_000_000;

type Fields = Readonly<Record<string, unknown>>;

export class Recorded {
  readonly #consumer: string;
  readonly #lines: Line[] = [];
  readonly #names = new Map<string, Fields>();
  #seq = 0;

  constructor(consumer: string) {
    this.#consumer = consumer;
    this.line(0, { kind: 'spawn', actor: 'consumer', machine: 'consumer', state: 'idle', context: {} });
  }

  /** Any line, at so many milliseconds. */
  line(ms: number, fields: Fields): this {
    this.#lines.push({ seq: this.#seq, at: BEGAN + ms, ...fields } as unknown as Line);
    if (fields.kind !== 'join' && fields.kind !== 'lost' && fields.kind !== 'end') this.#seq += 1;
    return this;
  }

  told(ms: number, type: string, id: string, more: Fields = {}): this {
    const { name, retryCount } = this.#names.get(id) ?? {};
    const notification = { type, at: BEGAN + ms, stream: name, id, retryCount, info: null, ...more };
    return this.line(ms, { kind: 'notification', notification });
  }

  event(ms: number, id: string, event: Fields, state: string, more: Fields = {}): this {
    return this.line(ms, {
      kind: 'event',
      actor: `consumer/ownership/${id}`,
      machine: 'ownership',
      event,
      state,
      ...more,
    });
  }

  assigned(ms: number, id: string, name: string, { retryCount = 0, info = null as unknown } = {}): this {
    const input = { id, name, retryCount };
    this.#names.set(id, input);
    const about = { actor: `consumer/ownership/${id}`, machine: 'ownership' };
    const context = { ...input, reason: null, unheard: false };
    this.line(ms, { kind: 'spawn', ...about, input, state: 'acquiring', context });
    this.event(ms, id, { type: 'verified' }, 'acquired');
    this.event(ms, id, { type: 'handed' }, 'extending');
    return this.told(ms, 'StreamAdded', id, { info });
  }

  /** The lease is proven for so long. */
  proven(ms: number, remainingMs: number): this {
    const about = { actor: 'consumer/leaseDeadline', machine: 'leaseDeadline' };
    return this.line(ms, {
      kind: 'event',
      ...about,
      event: { type: 'lease.proven', remainingMs },
      state: 'certain',
    });
  }

  /** A timer is set, and rings at another moment: late, where the process stood still. */
  timer(ms: number, afterMs: number, rangMs: number): this {
    const about = { kind: 'event', actor: 'consumer/leaseKeeper', machine: 'leaseKeeper', state: 'resting' };
    this.line(ms, { ...about, event: { type: 'beat' }, effects: [`after pulseInterval ${afterMs}`] });
    return this.line(rangMs, { ...about, event: { type: 'xstate.after.pulseInterval.leaseKeeper.resting' } });
  }

  uncertain(ms: number, id: string): this {
    return this.event(ms, id, { type: 'lease.missed' }, 'uncertain').told(ms, 'StreamUncertain', id, {
      overdueMs: 1,
    });
  }

  confirmed(ms: number, id: string): this {
    return this.event(ms, id, { type: 'lease.confirmed' }, 'extending').told(ms, 'StreamConfirmed', id);
  }

  lost(ms: number, id: string): this {
    const reason = 'takenOver';
    this.event(ms, id, { type: 'lost', reason }, 'lost', { status: 'done' });
    return this.told(ms, 'StreamDisowned', id, { reason });
  }

  done(ms: number, id: string, answeredMs: number): this {
    this.event(ms, id, { type: 'done.requested' }, 'acking');
    return this.event(answeredMs, id, { type: 'acked', lockReleased: true }, 'released', { status: 'done' });
  }

  failed(ms: number, id: string, givenBackMs: number): this {
    this.event(ms, id, { type: 'handler.failed', error: { code: 'Error', message: 'no' } }, 'backingOff');
    this.told(ms, 'StreamFailed', id, { error: { $error: { name: 'Error', message: 'no' } } });
    this.event(givenBackMs, id, { type: 'giveBack.requested', reason: 'failed' }, 'givingBack');
    return this.event(givenBackMs + 5, id, { type: 'requeued' }, 'handedOver', { status: 'done' });
  }

  stopped(ms: number): this {
    const about = { actor: 'consumer', machine: 'consumer' };
    const event = { type: 'stop.requested', mode: 'handOver' };
    return this.line(ms, { kind: 'event', ...about, event, state: 'draining' });
  }

  end(ms: number): this {
    return this.line(ms, { kind: 'end', why: 'stopped', events: this.#lines.length, lost: 0 });
  }

  /** Without its end where it was not told. */
  get recording(): Recording {
    const header: Header = {
      kind: 'header',
      format: 'streamwarden-recording',
      version: 1,
      package: '0.1.0',
      service: 'orders',
      consumer: this.#consumer,
      startedAt: BEGAN,
      why: 'record',
      machines: { ownership: FINGERPRINT },
    };
    return { header, lines: this.#lines, file: null, cut: null };
  }

  /** As the text of a file. */
  get text(): string {
    const { header, lines } = this.recording;
    return `${[header, ...lines].map((line) => JSON.stringify(line)).join('\n')}\n`;
  }
}
