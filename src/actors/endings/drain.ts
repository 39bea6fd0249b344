/**
 * The way out: nothing new is read, what is owned is finished or handed over, and this incarnation leaves the group. The lease is kept
 * until then, so that nobody else begins while a handler is still returning.
 */
import { messageOf, StreamwardenError } from '../../core/errors.js';
import type { DrainMode } from '../../machines/consumer.machine.js';
import type { Acquirer } from '../intake/acquirer.js';
import type { Intake } from '../intake/intake.js';
import type { Kernel } from '../kernel.js';
import type { Verifier } from '../lease/verifier.js';
import type { Ownership } from '../ownership.js';
import type { Ownerships } from '../ownerships.js';
import type { Supervisor } from '../supervision/supervisor.js';
import type { Giver } from './giver.js';
import { warnOfStragglers } from './handler-grace.js';

export interface DrainReport {
  /** Streams given back to everyone. */
  readonly handedOver: number;
  /** Streams whose handler had not returned when its grace was over. */
  readonly stragglers: readonly string[];
  /** Streams that could not be handed over in time. */
  readonly abandoned: readonly string[];
}

interface Crew {
  readonly kernel: Kernel;
  readonly ownerships: Ownerships;
  readonly intake: Intake;
  readonly acquirer: Acquirer;
  readonly giver: Giver;
  readonly verifier: Verifier;
  readonly supervisor: Supervisor;
  /** Has the shares of the others worked out without these. */
  readonly balancer: { beforeGivingOut(leavers: readonly string[]): Promise<void> };
}

function handedOver(ownerships: readonly Ownership[]): number {
  return ownerships.filter(({ state, isCancelled }) => state === 'handedOver' && !isCancelled).length;
}

export class Drain {
  readonly #crew: Crew;
  readonly #graceMs: number;
  #mode: DrainMode = 'finish';
  /** On the monotonic clock. */
  #deadline = Number.POSITIVE_INFINITY;
  #handedOver = 0;
  #stragglers: string[] = [];
  /** Giving back what the application never heard of, while that is under way. */
  #unheard: Promise<void> | undefined;
  /** Nothing is read or acquired any more. */
  #isQuiet = false;

  constructor(crew: Crew, graceMs: number) {
    this.#crew = crew;
    this.#graceMs = graceMs;
  }

  /** Another mode, harder than the one so far. */
  harden(mode: DrainMode): void {
    this.#mode = mode;
    this.#crew.ownerships.changed.ring();
  }

  /** Everything has to be over in so many milliseconds; the last word counts. */
  limit(timeoutMs: number): void {
    this.#deadline = this.#crew.kernel.clock.monotonic() + timeoutMs;
    this.#crew.ownerships.changed.ring();
  }

  async run(mode: DrainMode): Promise<DrainReport> {
    this.#mode = mode;
    const { ownerships, kernel } = this.#crew;
    try {
      if (!this.#isAbandoned) await this.#orderly();
    } catch (error) {
      kernel.logger.warn(
        { error: messageOf(error) },
        'stopping in order failed; the rest is left to the others',
      );
    }
    const abandoned: string[] = [];
    for (const ownership of ownerships) {
      if (ownership.state !== 'contended') abandoned.push(ownership.name);
      ownership.abort(() => this.#stopping(ownership));
    }
    return { handedOver: this.#handedOver, stragglers: this.#stragglers, abandoned };
  }

  /** Entries are pending for us that are in nobody's hands. */
  leftBehind(): void {
    // Before that, the look that is due anyway finds them.
    if (!this.#isQuiet || this.#isAbandoned) return;
    this.#giveBackUnheard().catch(() => {});
  }

  async #orderly(): Promise<void> {
    const { intake, acquirer, ownerships, giver, supervisor, kernel } = this.#crew;
    await this.#before(Promise.all([intake.stop(), acquirer.stop()]));
    if (this.#isAbandoned) return;
    this.#isQuiet = true;
    // What is being acknowledged may be refused, as it was touched, and is worked on then.
    const isAtWork = (o: Ownership) => o.isWorkedOn || o.state === 'acking';
    // At once, so that others need not wait until we are through; and not waited for here, since it waits out an outage.
    this.#giveBackUnheard().catch(() => {});
    await this.#until(() => this.#mode !== 'finish' || !this.#some(isAtWork), this.#finishBy);
    if (this.#isAbandoned) return;

    do {
      await this.#giveBackWorked();
      if (this.#isAbandoned) return;
      // What was acknowledged a moment ago may still wait for its answer.
      await this.#until(
        () => this.#some((o) => o.isWorkedOn) || !this.#some((o) => o.state !== 'contended'),
        Number.POSITIVE_INFINITY,
      );
      if (this.#isAbandoned) return;
    } while (this.#some((o) => o.isWorkedOn));
    const waiting = [...ownerships.waiting];
    await this.#before(giver.giveBack('handOver', waiting));
    this.#handedOver += handedOver(waiting);
    // One that began earlier may have looked too early, or before an outage.
    await this.#before(Promise.allSettled([this.#unheard]));
    await this.#before(this.#giveBackUnheard());
    // Deleting presence now would let the others take what a handler still works on before the time that it was told.
    if (this.#isAbandoned) return;
    // A beat after the leaving would find presence gone, and have it written again: a sign of life of nobody.
    supervisor.dismiss('leaseKeeper');
    supervisor.dismiss('leaseDeadline');
    supervisor.dismiss('toucher');
    supervisor.dismiss('prover');
    await this.#before(kernel.lease.leave());
  }

  /** What the application works on, once its handlers have had their grace. */
  async #giveBackWorked(): Promise<void> {
    const { ownerships, kernel, balancer } = this.#crew;
    const worked = [...ownerships].filter((ownership) => ownership.isWorkedOn);
    for (const ownership of worked) ownership.abort(() => this.#stopping(ownership));
    // Those who have their share already are to take what is left here, too, and at once.
    const shared = worked.length > 0 && balancer.beforeGivingOut([kernel.consumer]);
    await this.#until(() => !worked.some((o) => kernel.application.isBusy(o)), this.#now + this.#graceMs);
    const stragglers = worked.filter((o) => kernel.application.isBusy(o)).map(({ name }) => name);
    this.#stragglers = [...this.#stragglers, ...stragglers];
    warnOfStragglers(kernel.logger, stragglers);
    if (shared) await this.#before(shared);
    if (this.#isAbandoned) return;

    // A handler that threw before the stop has failed, whatever comes after.
    const failed = worked.filter((ownership) => ownership.state === 'backingOff');
    const fine = worked.filter((ownership) => ownership.isWorkedOn && ownership.state !== 'backingOff');
    await this.#giveBack('failed', failed);
    await this.#giveBack('handOver', fine);
  }

  async #giveBack(reason: 'failed' | 'handOver', ownerships: readonly Ownership[]): Promise<void> {
    if (this.#isAbandoned) return;
    for (const ownership of ownerships) ownership.send({ type: 'giveBack.requested', reason: 'handOver' });
    await this.#before(this.#crew.giver.giveBack(reason, ownerships));
    this.#handedOver += handedOver(ownerships);
  }

  /**
   * What is ours and has not been told of, because the stop came first, and what is pending for us unknown: nobody has worked on it,
   * and nobody here will.
   */
  #giveBackUnheard(): Promise<void> {
    const { ownerships, giver, verifier } = this.#crew;
    const giveBack = async () => {
      const untold = [...ownerships].filter(({ state }) => state === 'acquired');
      for (const ownership of untold) ownership.send({ type: 'giveBack.requested', reason: 'handOver' });
      await giver.giveBack('handOver', untold);
      const unknown = await verifier.giveBackUnknown();
      this.#handedOver += handedOver(untold) + unknown;
    };
    this.#unheard ??= giveBack().finally(() => {
      this.#unheard = undefined;
    });
    return this.#unheard;
  }

  get #isAbandoned(): boolean {
    return this.#mode === 'abandon' || this.#now >= this.#deadline;
  }

  get #now(): number {
    return this.#crew.kernel.clock.monotonic();
  }

  /** When finishing has to give way to handing over. */
  get #finishBy(): number {
    return this.#deadline - this.#graceMs - this.#crew.kernel.settings.heartbeatMs;
  }

  #some(test: (ownership: Ownership) => boolean): boolean {
    for (const ownership of this.#crew.ownerships) if (test(ownership)) return true;
    return false;
  }

  #stopping(ownership: Ownership): StreamwardenError {
    return new StreamwardenError(
      'RuntimeStopped',
      `the runtime is stopping; ${ownership.name} is handed over`,
      {
        details: { stream: ownership.name, id: ownership.id },
      },
    );
  }

  /** Waits for a condition; until a moment of the monotonic clock, the deadline, or the harder mode that ends all waiting. */
  async #until(condition: () => boolean, by: number): Promise<void> {
    while (!condition() && !this.#isAbandoned) {
      const left = Math.min(by, this.#deadline) - this.#now;
      if (left <= 0) return;
      await this.#changeOr(left);
    }
  }

  /** Waits for work, but not past the deadline or a harder mode. Undefined when it was not over by then. */
  async #before<T>(work: Promise<T>): Promise<T | undefined> {
    let isOver = false;
    const result = work.finally(() => {
      isOver = true;
      this.#crew.ownerships.changed.ring();
    });
    // Awaited below, unless it comes too late for anybody to mind.
    result.catch(() => {});
    await this.#until(() => isOver, Number.POSITIVE_INFINITY);
    return isOver ? await result : undefined;
  }

  async #changeOr(ms: number): Promise<void> {
    const { clock } = this.#crew.kernel;
    const { changed } = this.#crew.ownerships;
    if (!Number.isFinite(ms)) {
      await changed.rung();
      return;
    }
    const timer = clock.setTimeout(() => changed.ring(), ms);
    await changed.rung();
    clock.clearTimeout(timer);
  }
}
