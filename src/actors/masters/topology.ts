/** Follows the masters of a cluster: runs the topology watcher machine and does its I/O. */
import { type Actor, fromPromise } from 'xstate';
import { StreamwardenError } from '../../core/errors.js';
import { factOf } from '../../machines/facts.js';
import {
  type ApplyInput,
  type TopologyReport,
  type TopologyWatcherContext,
  topologyWatcherMachine,
} from '../../machines/topology-watcher.machine.js';
import type { ClusterVerdict } from '../../redis/cluster-verdict.js';
import type { ClusterNode } from '../../redis/cluster-view.js';
import { neverSent } from '../../redis/reply-errors.js';
import type { Shards } from '../../redis/shards.js';
import { startActor } from '../host.js';
import type { Kernel } from '../kernel.js';
import type { Child, ChildEnd } from '../supervision/supervisor.js';

/** Rounds follow each other so fast while the cluster is not settled, in milliseconds. */
const RESTLESS_MS = 250;
const MOST_CALM_MS = 5000;

export interface TopologyHooks {
  /** Cover these masters, and have what is owned verified. */
  apply(input: ApplyInput): Promise<void>;
  /** Nodes have answered: it is known where to connect to. */
  learned(): void;
}

export interface TopologyView
  extends Pick<TopologyWatcherContext, 'rounds' | 'changes' | 'report' | 'lastError'> {
  readonly state: 'probing' | 'applying' | 'settled' | 'unsettled';
  /** Every node as the newest view has it. */
  readonly nodes: readonly ClusterNode[];
  /** Nodes that did not answer when last asked, and why. */
  readonly silent: ClusterVerdict['silent'];
}

export class Topology {
  readonly #kernel: Kernel;
  readonly #shards: Shards;
  readonly #hooks: TopologyHooks;
  #actor: Actor<typeof topologyWatcherMachine> | undefined;
  #verdict: ClusterVerdict | undefined;
  #unsettledSince: number | undefined;

  constructor(kernel: Kernel, shards: Shards, hooks: TopologyHooks) {
    this.#kernel = kernel;
    this.#shards = shards;
    this.#hooks = hooks;
  }

  get view(): TopologyView | null {
    const snapshot = this.#actor?.getSnapshot();
    if (snapshot === undefined) return null;
    const { rounds, changes, report, lastError } = snapshot.context;
    return {
      state: snapshot.value,
      rounds,
      changes,
      report,
      lastError,
      nodes: this.#verdict?.view?.nodes ?? [],
      silent: this.#verdict?.silent ?? [],
    };
  }

  /** Since when the cluster is not settled, epoch milliseconds, and why; null: it is, or has not been asked. */
  get unsettled(): { readonly since: number; readonly problems: readonly string[] } | null {
    if (this.#unsettledSince === undefined) return null;
    return { since: this.#unsettledSince, problems: this.#verdict?.problems ?? [] };
  }

  start(end: ChildEnd): Child {
    const { settings } = this.#kernel;
    const machine = topologyWatcherMachine.provide({
      actors: {
        ask: fromPromise<TopologyReport>(({ signal }) => this.#ask(signal)),
        apply: fromPromise<void, ApplyInput>(({ input }) => this.#apply(input)),
      },
    });
    const actor = startActor(this.#kernel, machine, {
      path: 'topologyWatcher',
      input: { calmMs: Math.min(MOST_CALM_MS, settings.heartbeatMs / 2), restlessMs: RESTLESS_MS },
      onError: end.failed,
      onDone: end.ended,
    });
    this.#actor = actor;
    const forget = this.#shards.onTrouble(() => this.look());
    return {
      stop: () => {
        forget();
        actor.stop();
      },
    };
  }

  /** Something hints at a change. */
  look(): void {
    this.#actor?.send({ type: 'look.requested' });
  }

  /**
   * Resolves when all masters of a settled cluster have been covered once.
   * @throws StreamwardenError `ClusterNotSettled` when the present round says that it is not settled
   */
  async ready(): Promise<void> {
    await this.#outcome((context) => context.applied !== null);
  }

  /**
   * Asks anew, and covers every master anew.
   * @throws StreamwardenError `ClusterNotSettled`; `RedisUnavailable` when no node answers, or none is asked yet; `RuntimeStopped`
   */
  async reset(): Promise<void> {
    const { clock, seam } = this.#kernel;
    const began = clock.monotonic();
    const tell = (error: string | null) =>
      seam.emit('topologyReset', { tookMs: clock.monotonic() - began, error });
    try {
      this.#running().send({ type: 'reset.requested' });
      await this.#outcome((context) => !context.isReset);
      tell(null);
    } catch (error) {
      tell(factOf(error).code);
      throw error;
    }
  }

  #running(): Actor<typeof topologyWatcherMachine> {
    const actor = this.#actor;
    if (actor?.getSnapshot().status === 'active') return actor;
    throw this.#kernel.ended.aborted ? stopped() : neverSent('CLUSTER NODES');
  }

  /** Waits until the watcher rests: resolves when it is settled and so, rejects when it is not settled. */
  #outcome(isDone: (context: TopologyWatcherContext) => boolean): Promise<void> {
    const actor = this.#running();
    return new Promise((resolve, reject) => {
      const look = ({ value, context }: ReturnType<typeof actor.getSnapshot>) => {
        if (value === 'settled' && isDone(context)) over(resolve);
        else if (value === 'unsettled') over(() => reject(this.#notSettled(context)));
      };
      let isOver = false;
      const over = (settle: () => void) => {
        if (isOver) return;
        isOver = true;
        subscription?.unsubscribe();
        settle();
      };
      const gone = () => over(() => reject(stopped()));
      const subscription = actor.subscribe({ next: look, error: gone, complete: gone });
      look(actor.getSnapshot());
    });
  }

  #notSettled({ report, lastError }: TopologyWatcherContext): Error {
    const silent = this.#verdict?.silent ?? [];
    if (this.#verdict !== undefined && this.#verdict.view === null) {
      const [first] = silent;
      if (this.#verdict.foreign.length > 0) return this.#noneOfOurs(this.#verdict.problems);
      if (first?.refusal && silent.every(({ refusal }) => refusal)) return first.refusal;
      return new StreamwardenError(
        'RedisUnavailable',
        `no node of the cluster answers; ${first?.address}: ${first?.error}`,
        {
          retriable: true,
          cause: new Error(first?.error),
          details: { sent: false, silent: silent.map(({ address, error }) => ({ address, error })) },
        },
      );
    }
    const problems = report?.problems.length ? report.problems : [lastError?.message ?? 'not asked yet'];
    return new StreamwardenError('ClusterNotSettled', `the cluster is not settled: ${problems.join('; ')}`, {
      retriable: true,
      details: { problems },
    });
  }

  /** Those that answer are of another cluster. */
  #noneOfOurs(problems: readonly string[]): Error {
    const message = `no node of the cluster answers: ${problems.join('; ')}`;
    return new StreamwardenError('RedisUnavailable', message, { retriable: true, details: { sent: false } });
  }

  /** @param round aborts when the answers are not wanted any more: another round is under way, or none */
  async #ask(round: AbortSignal): Promise<TopologyReport> {
    const verdict = this.#shards.judge(await this.#shards.ask());
    const { clock, seam, logger } = this.#kernel;
    const { settled, problems, masters, view } = verdict;
    if (round.aborted) return { settled: false, problems: ['too late'], masters, at: clock.now() };
    if (settled) this.#unsettledSince = undefined;
    else this.#unsettledSince ??= clock.now();
    for (const address of verdict.foreign) {
      if (this.#verdict?.foreign.includes(address)) continue;
      logger.error(
        { address },
        'at the address of a node of the cluster a node of another one answers; it is ignored',
      );
    }
    if (settled !== this.#verdict?.settled) {
      logger[settled ? 'info' : 'warn'](
        { masters, problems },
        settled ? 'the cluster is settled' : 'the cluster is not settled',
      );
    }
    this.#verdict = verdict;
    this.#shards.learn(verdict);
    if (view !== null) this.#hooks.learned();
    seam.emit('topologyAsked', { settled, problems, masters });
    return { settled, problems, masters, at: clock.now() };
  }

  async #apply(input: ApplyInput): Promise<void> {
    const { logger, seam } = this.#kernel;
    logger.info({ masters: input.masters, anew: input.anew }, 'covering the masters of the cluster');
    await this.#hooks.apply(input);
    seam.emit('topologyApplied', { masters: input.masters, anew: input.anew });
  }
}

function stopped(): StreamwardenError {
  return new StreamwardenError('RuntimeStopped', 'the topology watcher was stopped');
}
