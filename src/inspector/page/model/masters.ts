/** Masters with all that is known of each: slots, replicas, and how they are listened to. */
import type { Json } from '../../../replay/json-safe.js';
import type { ActorRow, Overview } from '../../protocol.js';
import type { Actors } from './actors.js';

type Topology = NonNullable<Overview['topology']>;
type Node = Topology['nodes'][number];
type Subscription = Overview['subscriptions'][number];

/** As in the overview; from a recording, what is in the context of its machine. */
export type SubscriptionView = Pick<Subscription, 'master' | 'state' | 'setup' | 'error' | 'attempts'> & {
  /** Expiries heard; null: not recorded. */
  readonly events: number | null;
};

export interface MasterView extends Pick<Node, 'address' | 'failed' | 'silent' | 'slots'> {
  readonly replicas: readonly Node[];
  readonly subscription: SubscriptionView | undefined;
}

/** What they are taken from. */
interface Source {
  readonly overview: Partial<Overview>;
  readonly actors: Actors;
  contextOf(path: string): Json;
}

function isSubscription({ machine }: ActorRow): boolean {
  return machine === 'masterSubscription';
}

/** The latest that failed and was not started again yet; what was stopped is not missed. */
function failedSubscriptions(actors: Actors): ActorRow[] {
  const failed = actors.ended.filter(
    (row) => isSubscription(row) && row.status !== 'stopped' && actors.get(row.path) === undefined,
  );
  return [...new Map(failed.map((row) => [row.path, row])).values()];
}

function fromContext(source: Source): SubscriptionView[] {
  return [...[...source.actors.rows()].filter(isSubscription), ...failedSubscriptions(source.actors)].map(
    ({ path, label, state, restarts }) => {
      const context = (source.contextOf(path) ?? {}) as Partial<Pick<Subscription, 'setup' | 'error'>>;
      return {
        master: label ?? path,
        state: typeof state === 'string' ? state : JSON.stringify(state),
        setup: context.setup ?? null,
        error: context.error ?? null,
        attempts: (restarts ?? 0) + 1,
        events: null,
      };
    },
  );
}

export function subscriptionsOf(source: Source): readonly SubscriptionView[] {
  return source.overview.subscriptions ?? fromContext(source);
}

/** Where there is no cluster, whoever is listened to is a master. */
export function mastersOf(
  topology: Topology | null,
  subscriptions: readonly SubscriptionView[],
): MasterView[] {
  const bySubscription = new Map(subscriptions.map((one) => [one.master, one]));
  const nodes = topology?.nodes ?? [];
  const known = nodes
    .filter(({ role }) => role === 'master')
    .map((node): MasterView => {
      const { address, id, failed, silent, slots } = node;
      const replicas = nodes.filter(({ masterId }) => masterId === id);
      return { address, failed, silent, slots, replicas, subscription: bySubscription.get(address) };
    });
  const addresses = new Set(known.map(({ address }) => address));
  const others = subscriptions
    .filter(({ master }) => !addresses.has(master))
    .map((subscription): MasterView => {
      const { master: address } = subscription;
      return { address, failed: false, silent: null, slots: [], replicas: [], subscription };
    });
  const start = ({ slots }: MasterView) => slots[0]?.[0] ?? Number.MAX_SAFE_INTEGER;
  return [...known.sort((a, b) => start(a) - start(b)), ...others];
}
