/** Jobs on the dead letters of one runtime's service: begun and stopped by viewers, told to all of them, kept in the log. */
import type { AdminWithin } from '../../admin/admin-within.js';
import type { Inside } from '../../runtime/inside.js';
import type { Audit } from '../audit.js';
import type { LetterJob, LetterJobRequest } from '../protocol.js';
import { Refusal } from '../refusal.js';
import { LetterWork } from './letter-work.js';
import type { OneAtATime } from './one-at-a-time.js';

/** Viewers are told so often, in milliseconds. */
const TELL_EVERY_MS = 250;

interface Begun {
  readonly id: number;
  readonly request: LetterJobRequest;
  readonly by: string;
  readonly startedAt: number;
  readonly work: LetterWork;
  endedAt: number | null;
  over: Promise<void>;
}

export class LetterJobs {
  readonly #inside: Pick<Inside, 'deadLetters' | 'clock'>;
  readonly #admin: Pick<AdminWithin, 'deadLetters'>;
  readonly #slot: OneAtATime;
  readonly #audit: Audit;
  readonly #onChange: () => void;
  #latest: Begun | undefined;
  #count = 0;
  #toldAt = Number.NEGATIVE_INFINITY;
  #toldPhase: LetterJob['phase'] | undefined;

  /** @param slot shared by all runtimes of an inspector */
  constructor(
    inside: Pick<Inside, 'deadLetters' | 'clock'>,
    admin: Pick<AdminWithin, 'deadLetters'>,
    slot: OneAtATime,
    audit: Audit,
    onChange: () => void,
  ) {
    this.#inside = inside;
    this.#admin = admin;
    this.#slot = slot;
    this.#audit = audit;
    this.#onChange = onChange;
  }

  /** The latest job; undefined: there was none. */
  get latest(): LetterJob | undefined {
    return this.#latest && told(this.#latest);
  }

  /** @param by address of who asks @throws Refusal `Busy`, StreamwardenError `RedisUnavailable` */
  async start(request: LetterJobRequest, by: string): Promise<LetterJob> {
    this.#slot.take();
    let begun: Begun;
    try {
      begun = await this.#begin(request, by);
    } catch (error) {
      this.#slot.free();
      throw error;
    }
    this.#latest = begun;
    this.#log(begun, 'begun');
    begun.over = begun.work.run().then(() => this.#end(begun));
    return told(begun);
  }

  /** After the page that it is at. @throws Refusal `NotFound` */
  async stop(): Promise<LetterJob> {
    const begun = this.#latest;
    if (begun === undefined || begun.endedAt !== null) {
      throw new Refusal(404, 'NotFound', 'no job is under way');
    }
    begun.work.stop();
    await begun.over;
    return told(begun);
  }

  async close(): Promise<void> {
    this.#latest?.work.stop();
    await this.#latest?.over;
  }

  async #begin(request: LetterJobRequest, by: string): Promise<Begun> {
    const { deadLetters: queue, clock } = this.#inside;
    const settings = {
      queue,
      admin: this.#admin.deadLetters,
      clock,
      length: await queue.length(),
      onProgress: () => this.#tell(),
    };
    this.#count += 1;
    return {
      id: this.#count,
      request,
      by,
      startedAt: clock.now(),
      work: new LetterWork(settings, request),
      endedAt: null,
      over: Promise.resolve(),
    };
  }

  #end(begun: Begun): void {
    begun.endedAt = this.#inside.clock.now();
    this.#slot.free();
    this.#onChange();
    this.#log(begun, begun.work.told().phase);
  }

  #tell(): void {
    const now = this.#inside.clock.monotonic();
    const phase = this.#latest?.work.told().phase;
    if (phase === this.#toldPhase && now - this.#toldAt < TELL_EVERY_MS) return;
    this.#toldAt = now;
    this.#toldPhase = phase;
    this.#onChange();
  }

  #log({ request: { action, filter, range }, by, work }: Begun, result: string): void {
    const { matching, changed, gone, refused, unknown } = work.told();
    const command = `dlq ${action}`;
    this.#audit({
      command,
      chosen: { all: true, ...filter, ...range },
      matching,
      changed,
      gone,
      refused,
      unknown,
      result,
      by,
    });
  }
}

function told({ id, request, by, startedAt, endedAt, work }: Begun): LetterJob {
  return { id, ...request, by, startedAt, endedAt, ...work.told() };
}
