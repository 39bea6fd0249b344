/**
 * Keyspace events as the consumer sees them: one supervised subscription for each master, or none at all. Which masters there are is
 * said from outside; what became of each is kept here and shown everywhere.
 */
import { isStreamwardenError, messageOf, StreamwardenError } from '../../core/errors.js';
import type { ChildSpec } from '../../machines/standing.js';
import { isPassing, neverSent } from '../../redis/reply-errors.js';
import { type Kernel, pause } from '../kernel.js';
import type { Supervisor } from '../supervision/supervisor.js';
import { Subscription, type SubscriptionHooks, type SubscriptionView } from './subscription.js';

/** What expired, and that events from before are gone. */
export type KeyspaceHooks = Pick<SubscriptionHooks, 'lockExpired' | 'presenceExpired'> & { live(): void };

/** The only master there is, where there is but one. */
export const THE_MASTER = 'master';

interface Covered {
  readonly subscription: Subscription;
  readonly child: string;
  /** It may not be configured, or not be listened to, and that was allowed for. */
  isForbidden: boolean;
  /** What came of its first set-up: null when it went well, undefined while it is under way. */
  first: unknown;
  /** Resolved by `known`, when its first set-up has come to something. */
  readonly firstKnown: Promise<void>;
  readonly known: () => void;
}

export class Keyspace {
  readonly #kernel: Kernel;
  readonly #supervisor: Supervisor;
  readonly #spec: (id: string) => ChildSpec;
  readonly #hooks: KeyspaceHooks;
  readonly #covered = new Map<string, Covered>();
  /** Of those that are gone. */
  #events = 0;

  constructor(kernel: Kernel, supervisor: Supervisor, spec: (id: string) => ChildSpec, hooks: KeyspaceHooks) {
    this.#kernel = kernel;
    this.#supervisor = supervisor;
    this.#spec = spec;
    this.#hooks = hooks;
  }

  /** Deaths are found by asking alone: there are no events, or it is not known whether there are. */
  get isPolling(): boolean {
    const all = [...this.#covered.values()];
    return all.length === 0 || all.some(({ isForbidden }) => isForbidden);
  }

  get views(): readonly SubscriptionView[] {
    return [...this.#covered.values()].map(({ subscription }) => subscription.view);
  }

  /** Expiries heard, locks and presences. */
  get events(): number {
    let events = this.#events;
    for (const { subscription } of this.#covered.values()) events += subscription.events;
    return events;
  }

  /** The commands' connection leads to this server now: a subscription to another one hears nothing. */
  masterIs(peer: string | undefined): void {
    for (const { subscription } of this.#covered.values()) {
      if (peer === undefined || subscription.peer === undefined || subscription.peer === peer) continue;
      subscription.masterChanged(new Error(`the master is ${peer} now`));
    }
  }

  /** Redis is there again: what waits for its time to be tried, or tries since it went, is tried now. */
  renew(): void {
    for (const { subscription, child, isForbidden, first } of this.#covered.values()) {
      // One that is being set up for the first time has only begun, and somebody waits for what comes of it.
      const isTried = first !== undefined && !isForbidden;
      if (isTried && subscription.view.state !== 'live') this.#supervisor.renew(child);
    }
  }

  /** The master has turned into a replica. */
  masterChanged(why: Error): void {
    for (const { subscription } of this.#covered.values()) subscription.masterChanged(why);
  }

  /**
   * From now on these masters are listened to, and no others. Waits for what comes of the first set-up of those that are new.
   *
   * @param anew whether those that are listened to already are set up again
   * @param timeoutMs how long the first set-ups are waited for; after it the rest is the supervisor's business
   */
  async cover(masters: readonly string[], anew: boolean, timeoutMs: number): Promise<void> {
    if (this.#kernel.settings.keyspaceEvents === 'off') return;
    for (const [master, covered] of this.#covered) {
      if (masters.includes(master) && !anew) continue;
      this.#supervisor.dismiss(covered.child);
      if (masters.includes(master)) continue;
      this.#covered.delete(master);
      this.#events += covered.subscription.events;
    }
    const begun = masters
      .filter((master) => anew || !this.#covered.has(master))
      .map((master) => this.#begin(master));
    const known = Promise.all(begun.map(({ firstKnown }) => firstKnown));
    await Promise.race([known, pause(this.#kernel, timeoutMs)]);
    // The only master's failing is the supervisor's business: that its server is there has been seen already.
    if (this.#kernel.connections.kind !== 'cluster') return;
    for (const { child, error } of failedFirst(begun)) this.#supervisor.distressed(child, error);
  }

  /**
   * Looks at what came of the first set-ups: is that enough to start with?
   *
   * @throws StreamwardenError what time does not heal: `KeyspaceConfigConflict` of any master; of the only one also
   *   `KeyspaceConfigForbidden` and `PermissionDenied`; in a cluster `KeyspaceSetupFailed` when not one of several went well
   */
  judge(): void {
    const refusal = this.#refusalOf(failedFirst([...this.#covered.values()]));
    if (refusal === undefined) return;
    for (const { child } of this.#covered.values()) this.#supervisor.dismiss(child);
    this.#covered.clear();
    throw refusal;
  }

  #refusalOf(failed: readonly FailedFirst[]): StreamwardenError | undefined {
    const conflict = failed.find(({ error }) => error.code === 'KeyspaceConfigConflict');
    if (conflict !== undefined) return conflict.error;
    const [first] = failed;
    if (first === undefined || failed.length < this.#covered.size) return undefined;
    if (this.#kernel.connections.kind !== 'cluster') return isPassing(first.error) ? undefined : first.error;
    const list = failed.map(({ master, error }) => `${master}: ${error.message}`).join('; ');
    return new StreamwardenError(
      'KeyspaceSetupFailed',
      `keyspace events could be set up on none of ${failed.length} masters; ${list}`,
      {
        retriable: failed.every(({ error }) => isPassing(error)),
        cause: first.error,
        details: {
          masters: failed.map(({ master, error }) => ({ master, code: error.code, message: error.message })),
        },
      },
    );
  }

  #isAllowedFor(error: unknown): boolean {
    return (
      this.#kernel.settings.keyspaceEvents === 'prefer' && isStreamwardenError(error, 'PermissionDenied')
    );
  }

  #forbid(covered: Covered, error: unknown): void {
    this.#kernel.logger.warn(
      { master: covered.subscription.master, error: messageOf(error) },
      'keyspace events are not permitted; deaths are found by asking alone',
    );
    this.#supervisor.dismiss(covered.child);
    covered.isForbidden = true;
  }

  #begin(master: string): Covered {
    const before = this.#covered.get(master);
    const subscription =
      before?.subscription ??
      new Subscription(this.#kernel, master, {
        ...this.#hooks,
        live: (setup) => this.#live(master, setup?.outcome === 'forbidden'),
        failed: (error) => this.#failed(master, error),
      });
    let known: () => void = () => {};
    const firstKnown = new Promise<void>((resolve) => {
      known = resolve;
    });
    const covered: Covered = {
      subscription,
      child: childOf(master),
      isForbidden: false,
      first: undefined,
      known,
      firstKnown,
    };
    this.#covered.set(master, covered);
    this.#supervisor.start(this.#spec(covered.child), (end) => subscription.start(end));
    return covered;
  }

  #live(master: string, isForbidden: boolean): void {
    const covered = this.#covered.get(master);
    if (covered === undefined) return;
    covered.isForbidden = isForbidden;
    this.#supervisor.healthy(covered.child);
    this.#tellFirst(master, null);
    this.#hooks.live();
  }

  #failed(master: string, error: unknown): void {
    const covered = this.#covered.get(master);
    if (covered !== undefined && this.#isAllowedFor(error)) this.#forbid(covered, error);
    this.#tellFirst(master, error);
  }

  #tellFirst(master: string, outcome: unknown): void {
    const covered = this.#covered.get(master);
    if (covered === undefined) return;
    if (covered.first === undefined) covered.first = outcome;
    covered.known();
  }
}

function childOf(master: string): string {
  return `masterSubscription/${master}`;
}

interface FailedFirst {
  readonly master: string;
  readonly child: string;
  readonly error: StreamwardenError;
}

function failedFirst(covered: readonly Covered[]): FailedFirst[] {
  return covered.flatMap(({ subscription, child, isForbidden, first }) => {
    // Undefined: not known in time. That is the supervisor's business, and it goes on trying. And while others were waited for, one that failed
    // first may have been set up.
    if (isForbidden || first === null || first === undefined || subscription.view.state === 'live') return [];
    const error = isStreamwardenError(first) ? first : neverSent('PSUBSCRIBE', first);
    return [{ master: subscription.master, child, error }];
  });
}
