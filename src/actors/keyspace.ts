/** Keyspace events as the consumer sees them: a supervised subscription, or none, and what its first set-up came to. */
import { isStreamwardenError } from '../core/errors.js';
import type { ChildSpec } from '../machines/supervisor.machine.js';
import { isPassing } from '../redis/reply-errors.js';
import { type Kernel, pause } from './kernel.js';
import { Subscription, type SubscriptionHooks, type SubscriptionView } from './subscription.js';
import type { Supervisor } from './supervisor.js';

/** What expired, and that events from before are gone. */
export type KeyspaceHooks = Pick<SubscriptionHooks, 'lockExpired' | 'presenceExpired'> & { live(): void };

export class Keyspace {
  readonly #kernel: Kernel;
  readonly #supervisor: Supervisor;
  readonly #subscription: Subscription | undefined;
  readonly #child: string;
  #isForbidden = false;
  /** Set while the first set-up is waited for; null: it went well. */
  #first: ((problem: unknown) => void) | undefined;

  constructor(kernel: Kernel, supervisor: Supervisor, hooks: KeyspaceHooks) {
    this.#kernel = kernel;
    this.#supervisor = supervisor;
    const master = 'master';
    this.#child = `masterSubscription/${master}`;
    if (kernel.settings.keyspaceEvents === 'off') return;
    this.#subscription = new Subscription(kernel, master, {
      ...hooks,
      live: (setup) => {
        this.#isForbidden = setup?.outcome === 'forbidden';
        supervisor.healthy(this.#child);
        this.#first?.(null);
        hooks.live();
      },
      failed: (error) => this.#first?.(error),
    });
  }

  /** Deaths are found by asking alone: there are no events, or it is not known whether there are. */
  get isPolling(): boolean {
    return this.#isForbidden || this.#subscription === undefined;
  }

  get views(): readonly SubscriptionView[] {
    return this.#subscription ? [this.#subscription.view] : [];
  }

  /** Expiries heard, locks and presences. */
  get events(): number {
    return this.#subscription?.events ?? 0;
  }

  /** The master is another server now. */
  masterChanged(why: Error): void {
    this.#subscription?.masterChanged(why);
  }

  /**
   * Starts the subscription's supervision, and waits for what comes of its first set-up; once.
   *
   * @param timeoutMs how long that is waited for; after it the rest is the supervisor's business
   * @throws StreamwardenError what time does not heal: `KeyspaceConfigConflict`, `KeyspaceConfigForbidden`, `PermissionDenied`
   */
  async start(spec: (id: string) => ChildSpec, timeoutMs: number): Promise<void> {
    const subscription = this.#subscription;
    if (subscription === undefined || subscription.view.attempts > 0) return;
    const { settings, logger } = this.#kernel;
    const first = new Promise<unknown>((resolve) => {
      this.#first = resolve;
    });
    this.#supervisor.start(spec(this.#child), (end) => subscription.start(end));
    const problem = await Promise.race([first, pause(this.#kernel, timeoutMs)]);
    this.#first = undefined;
    if (!isStreamwardenError(problem)) return;
    if (settings.keyspaceEvents === 'prefer' && problem.code === 'PermissionDenied') {
      logger.warn(
        { error: problem.message },
        'keyspace events are not permitted; deaths are found by asking alone',
      );
      this.#supervisor.dismiss(this.#child);
      this.#isForbidden = true;
    } else if (!isPassing(problem)) {
      this.#supervisor.dismiss(this.#child);
      throw problem;
    }
    // Anything else is the supervisor's business: it restarts the subscription, and the sweep works meanwhile.
  }
}
