/** What `topology` shows: masters, their replicas, and whether they agree. The same form for a cluster, Sentinel and a single server. */
import type { SlotRange } from '../../redis/cluster-view.js';

export interface KeyspaceSetting {
  /** `notify-keyspace-events`. */
  readonly setting: string;
  /** Whether it has expiries published to keyspace and keyevent channels. */
  readonly suffices: boolean;
}

export interface NodePicture {
  /** `host:port` as clients reach it. */
  readonly address: string;
  /** Node id; null outside a cluster. */
  readonly id: string | null;
  /**
   * `failed`: declared dead by the cluster. `foreign`: a node of another cluster answers at its address. `unreachable`: it does not answer us, or
   * not what it is asked.
   */
  readonly state: 'up' | 'failed' | 'foreign' | 'unreachable';
  /** Why it did not answer, or who answered in its place; null when it did. */
  readonly error: string | null;
  /** Null when it may not be read. */
  readonly keyspaceEvents: KeyspaceSetting | null;
  /** Connections of streamwarden consumers that have subscribed to expiries; null when that may not be read. */
  readonly subscribers: number | null;
}

export interface Slots {
  readonly count: number;
  readonly ranges: readonly SlotRange[];
  /** On their way to or from this master: `[slot->-node]` and `[slot-<-node]`. */
  readonly moving: readonly string[];
}

export interface MasterPicture extends NodePicture {
  /** Null outside a cluster. */
  readonly slots: Slots | null;
  readonly replicas: readonly NodePicture[];
}

export interface SentinelPicture {
  readonly address: string;
  readonly state: 'up' | 'unreachable';
  readonly error: string | null;
  /** Address of the master that it names. */
  readonly master: string | null;
}

export interface TopologyPicture {
  readonly kind: 'single' | 'sentinel' | 'cluster';
  readonly settled: boolean;
  /** Why it is not settled, and which nodes are of another cluster; the latter are no reason not to be settled. */
  readonly problems: readonly string[];
  /** `cluster_current_epoch`, which grows with every failover; null outside a cluster. */
  readonly epoch: number | null;
  readonly masters: readonly MasterPicture[];
  /** Nodes that belong to no master shown: named by the URL and unknown to the cluster, or replicas of an unknown master. */
  readonly others: readonly NodePicture[];
  readonly sentinels: readonly SentinelPicture[];
}

/** Whether two pictures tell the same. A node that is still unreachable, in other words, is no news. */
export function isSamePicture(a: TopologyPicture, b: TopologyPicture): boolean {
  return essence(a) === essence(b);
}

function essence(picture: TopologyPicture): string {
  return JSON.stringify(picture, (name, value) => (name === 'error' ? undefined : value));
}
