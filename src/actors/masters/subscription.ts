/** Listens to the expiries that one master publishes. Runs the master subscription machine; the supervisor restarts it. */
import { type Actor, fromPromise } from 'xstate';
import { isStreamwardenError, StreamwardenError } from '../../core/errors.js';
import { type ErrorFact, factOf } from '../../machines/facts.js';
import { masterSubscriptionMachine } from '../../machines/master-subscription.machine.js';
import type { KeyspaceSetup } from '../../machines/standing.js';
import { type Commands, createCommands } from '../../redis/commands.js';
import { commandTimeoutFor } from '../../redis/connections.js';
import { setUpKeyspace } from '../../redis/keyspace-setup.js';
import type { Link } from '../../redis/link.js';
import { startActor } from '../host.js';
import type { Kernel } from '../kernel.js';
import type { Child, ChildEnd } from '../supervision/supervisor.js';

export interface SubscriptionHooks {
  live(setup: KeyspaceSetup | null): void;
  /** It could not be set up, or was lost. */
  failed(error: unknown): void;
  /** A lock of this entry has expired. False: there is no room for the hint. */
  lockExpired(entryId: string): boolean;
  presenceExpired(): void;
}

export interface SubscriptionView {
  readonly master: string;
  readonly state: string;
  readonly setup: KeyspaceSetup | null;
  readonly error: { readonly code: string; readonly message: string; readonly during: string } | null;
  readonly attempts: number;
  readonly since: number;
  /** Expiries heard, locks and presences. */
  readonly events: number;
}

export class Subscription {
  readonly master: string;
  readonly #kernel: Kernel;
  readonly #hooks: SubscriptionHooks;
  #view: SubscriptionView;
  #link: Link | undefined;
  /** Expiries heard, locks and presences. */
  events = 0;

  constructor(kernel: Kernel, master: string, hooks: SubscriptionHooks) {
    this.#kernel = kernel;
    this.master = master;
    this.#hooks = hooks;
    this.#view = {
      master,
      state: 'absent',
      setup: null,
      error: null,
      attempts: 0,
      since: kernel.clock.now(),
      events: 0,
    };
  }

  /** How it stands, and what came of its last set-up: kept over restarts. */
  get view(): SubscriptionView {
    return { ...this.#view, events: this.events };
  }

  start(end: ChildEnd): Child {
    const { clock, connections, names, settings } = this.#kernel;
    const link = connections.makeSubscriber(this.master);
    this.#link = link;
    const commands = createCommands(link, clock, commandTimeoutFor(settings.heartbeatMs));
    let failure: unknown = new StreamwardenError('InvalidState', 'the subscription ended');
    const keeping = async <T>(work: Promise<T>): Promise<T> => {
      try {
        return await work;
      } catch (error) {
        failure = error;
        throw error;
      }
    };
    const machine = masterSubscriptionMachine.provide({
      actors: {
        connect: fromPromise<void>(() => keeping(this.#connect(link, commands))),
        configure: fromPromise<KeyspaceSetup>(() => keeping(this.#configure(commands))),
        subscribe: fromPromise<void>(() =>
          keeping(
            commands.run('PSUBSCRIBE', async (client) => {
              client.on('pmessage', (_pattern: string, channel: string, event: string) =>
                this.#heard(channel, event),
              );
              await client.psubscribe(...names.keyspacePatterns(client.options.db ?? settings.database));
            }),
          ),
        ),
      },
      actions: {
        tellLive: ({ context }) => this.#hooks.live(context.setup),
      },
    });
    const over = () => {
      // Closing the link reports its own end, which is not why.
      const why = failure;
      link.close();
      this.#hooks.failed(why);
      end.failed(why);
    };
    const actor: Actor<typeof masterSubscriptionMachine> = startActor(this.#kernel, machine, {
      path: `consumer/masterSubscription/${this.master}`,
      input: { master: this.master },
      onError: (error) => {
        failure = error;
        over();
      },
      onDone: () => over(),
    });
    this.#watch(actor);
    link.listen({
      up: () => {},
      down: (error) => {
        failure = error;
        actor.send({ type: 'connection.down', error: factOf(error) });
      },
    });
    return {
      stop: () => {
        actor.stop();
        link.close();
        this.#view = { ...this.#view, state: 'absent', since: clock.now() };
      },
    };
  }

  /** The master is another server now. On the one that was, this looks healthy and hears nothing. */
  masterChanged(why: Error): void {
    this.#link?.replace(why);
  }

  #watch(actor: Actor<typeof masterSubscriptionMachine>): void {
    this.#view = { ...this.#view, attempts: this.#view.attempts + 1 };
    const look = ({ value, context }: ReturnType<typeof actor.getSnapshot>) => {
      const state = String(value);
      this.#view = {
        ...this.#view,
        state,
        // What came of an earlier attempt stands until this one has come further.
        setup: context.setup ?? this.#view.setup,
        error: state === 'live' ? null : (context.error ?? this.#view.error),
        since: state === this.#view.state ? this.#view.since : this.#kernel.clock.now(),
      };
    };
    look(actor.getSnapshot());
    actor.subscribe({ next: look, error: () => {} });
  }

  /** One attempt: starting again is the supervisor's business. */
  async #connect(link: Link, commands: Commands): Promise<void> {
    await link.whenUp();
    if (this.#kernel.connections.kind === 'single') return;
    // What used to be the master answers like one, publishes nothing and says nothing of it.
    const role = await roleOf(commands);
    if (role === undefined || role === 'master') return;
    throw new StreamwardenError(
      'RedisUnavailable',
      `expected ${this.master} to be a master, got: a ${role}`,
      {
        retriable: true,
        details: { master: this.master, role, sent: false },
      },
    );
  }

  /** The other end of its connection; undefined while there is none. */
  get peer(): string | undefined {
    return this.#link?.peer;
  }

  async #configure(commands: Commands): Promise<KeyspaceSetup> {
    const { clock, settings, seam } = this.#kernel;
    const { master } = this;
    const began = clock.monotonic();
    const tell = (outcome: string, error: ErrorFact | null) =>
      seam.emit('keyspaceSetup', {
        master,
        outcome,
        error: error?.message ?? null,
        code: error?.code ?? null,
        tookMs: clock.monotonic() - began,
      });
    try {
      const result = await setUpKeyspace(commands, {
        events: settings.keyspaceEvents === 'require' ? 'require' : 'prefer',
        override: settings.keyspaceOverride,
      });
      tell(result.outcome, null);
      return result;
    } catch (error) {
      tell('failed', factOf(error));
      throw error;
    }
  }

  #heard(channel: string, event: string): void {
    if (event !== 'expired') return;
    const { names, seam } = this.#kernel;
    const key = channel.slice(channel.indexOf(':') + 1);
    if (key.startsWith(names.presencePrefix)) {
      this.events += 1;
      seam.emit('keyspaceEvent', { kind: 'presence', dropped: false });
      this.#hooks.presenceExpired();
      return;
    }
    const lock = names.parseLock(key);
    if (lock === undefined) return;
    this.events += 1;
    const kept = this.#hooks.lockExpired(lock.entryId);
    seam.emit('keyspaceEvent', { kind: 'lock', dropped: !kept });
  }
}

/** `master`, `slave` or `sentinel`; undefined when the user may not ask. */
async function roleOf(commands: Commands): Promise<string | undefined> {
  try {
    const [role] = (await commands.run('ROLE', (client) => client.role())) as [string];
    return role;
  } catch (error) {
    if (isStreamwardenError(error, 'PermissionDenied')) return undefined;
    throw error;
  }
}
