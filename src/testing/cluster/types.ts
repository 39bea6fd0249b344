import type { FaultProxy } from '../fault-proxy.js';
import type { RedisBinary } from '../redis-binary.js';
import type { RedisServer } from '../redis-server.js';
import type { ServerConfigOptions } from '../server-config.js';

/** Options of {@link startRedisCluster}. Servers get what is not named here as {@link ServerConfigOptions} say. */
export interface StartRedisClusterOptions extends Omit<ServerConfigOptions, 'aclUsers'> {
  /** How many masters share the slots, evenly. @defaultValue 3 */
  readonly masters?: number;
  /** @defaultValue 1 */
  readonly replicasPerMaster?: number;
  /** `cluster-node-timeout`: milliseconds of silence after which a node is taken for dead. @defaultValue 1000 */
  readonly nodeTimeoutMs?: number;
  /** `cluster-require-full-coverage`: whether a slot without a master stops the whole cluster. @defaultValue true */
  readonly requireFullCoverage?: boolean;
  /**
   * Puts a {@link FaultProxy} before every node, under whose address the node makes itself known: needed to cut a node off from clients
   * only, or from its peers only. Not with `tls`, which no proxy can look into.
   *
   * @defaultValue false
   */
  readonly proxied?: boolean;
  /** @defaultValue the one that {@link findRedisBinary} finds */
  readonly binary?: RedisBinary;
  /** Milliseconds in which the cluster must stand, and in which each later operation must be settled. @defaultValue 120000 */
  readonly timeoutMs?: number;
}

/** One node of a {@link RedisCluster}. */
export interface RedisClusterNode {
  readonly server: RedisServer;
  /** Node id; it stays when the node restarts. */
  readonly id: string;
  readonly host: string;
  /** The port that clients are told: the server's own, or that of `proxy`. */
  readonly port: number;
  /** `host:port`, as clients are told. */
  readonly address: string;
  /** Of this node alone: `redis://…` or `rediss://…`, with the password if there is one. */
  readonly url: string;
  /** What clients reach the node through, in a `proxied` cluster. Replicas reach their master through it as well. */
  readonly proxy: FaultProxy | undefined;
  /** Whether it runs and is not frozen. */
  readonly up: boolean;
  /** From whom `cutOff` has cut it off at present. */
  readonly cutOffFrom: CutOffFrom | undefined;
  /** What the node says of itself. */
  role(): Promise<'master' | 'replica'>;
  /** Sends one command over a connection of its own, past any proxy, and closes it. Rejects as ioredis does. */
  call(command: string, ...args: readonly (string | number)[]): Promise<unknown>;
}

/** Options of {@link RedisCluster.addNode}. */
export interface AddNodeOptions {
  /** Whose replica it becomes. Without it the node is a master without slots. */
  readonly replicaOf?: RedisClusterNode;
  /** Directives for this node, on top of those of the cluster. */
  readonly config?: ServerConfigOptions['config'];
}

export interface ReshardOptions {
  readonly from: RedisClusterNode;
  readonly to: RedisClusterNode;
  /** Which slots of `from`, or how many: then the lowest ones. */
  readonly slots: number | readonly number[];
}

/** Slots on their way from one master to another: marked on both, keys on either side, clients redirected by `ASK`. */
export interface SlotMigration {
  readonly from: RedisClusterNode;
  readonly to: RedisClusterNode;
  readonly slots: readonly number[];
  /** Moves up to so many keys, all without a number. Resolves with how many were moved. */
  moveKeys(count?: number): Promise<number>;
  /** How many keys the source still holds. */
  keysLeft(): Promise<number>;
  /** Moves what is left, gives the slots to the target, and waits until all nodes agree. */
  finish(): Promise<void>;
  /**
   * Brings the slots back: over to the target as `finish` does, and from there home, since Redis lets no key return to a source that is
   * still marked. Clients miss no key meanwhile. Waits until all nodes agree.
   */
  abort(): Promise<void>;
}

/**
 * From whom a node is cut off. `everyone`: it is frozen (SIGSTOP); its connections stay open and nothing answers, as when a network drops
 * its packets, but its own clock stands still as well. `clients`: connections to it are cut and refused while its peers find it well
 * (its replicas lose their replication link, being its clients). `peers`: its bus is silent both ways, and it goes on serving clients
 * until it notices. The last two need a `proxied` cluster.
 */
export type CutOffFrom = 'everyone' | 'clients' | 'peers';

export interface CutOff {
  /** Undoes it and waits until the cluster is settled. Calling it twice is fine. */
  restore(): Promise<void>;
}

export interface SettledOptions {
  /** @defaultValue the cluster's own */
  readonly timeoutMs?: number;
}

/**
 * A Redis Cluster of our own on 127.0.0.1. Operations resolve when the cluster is settled again, unless they say otherwise, and reject
 * with {@link LauncherError} `NotSettled`, which carries `describe()`, when it is not in time. Operations that lead to an election wait
 * first, up to twice the node timeout (or two seconds, if that is longer), until the last one about the same master is over.
 */
export interface RedisCluster extends AsyncDisposable {
  /** Every node that has not been removed, running or not. */
  readonly nodes: readonly RedisClusterNode[];
  /** `redis-cluster://[:password@]host:port,host:port…`, or `rediss-cluster://…`. */
  readonly url: string;
  /** Addresses as clients are told: what `new Cluster()` of ioredis takes. */
  readonly startupNodes: readonly { readonly host: string; readonly port: number }[];
  /** The nodes that are up and call themselves masters, with slots or without, in the order of `nodes`. */
  masters(): Promise<RedisClusterNode[]>;
  /** The replicas of a master that are up, as they say themselves. */
  replicasOf(master: RedisClusterNode): Promise<RedisClusterNode[]>;
  /** The node that serves a key or a slot. @throws {@link LauncherError} `NotSettled` when no node that is up does */
  masterOf(keyOrSlot: string | number): Promise<RedisClusterNode>;
  /** Hash slot of a key. */
  slotOf(key: string): number;
  /** The slots that a node says it serves, ascending. */
  slotsOf(node: RedisClusterNode): Promise<number[]>;

  /** Hands a master's slots over to one of its replicas, which loses nothing (`CLUSTER FAILOVER`). Resolves with the new master. */
  failOver(master: RedisClusterNode): Promise<RedisClusterNode>;
  /** Makes a node master again that has been one: starts it if it does not run, lets it catch up as a replica, and fails over to it. */
  failBack(node: RedisClusterNode): Promise<void>;
  /**
   * SIGKILL, for a master not before the votes of an earlier failover have run out. Resolves when the process is gone, and waits for
   * nothing else.
   */
  kill(node: RedisClusterNode): Promise<void>;
  /** Waits until another node serves what `master`, killed or cut off, served last, and the rest agrees. Resolves with that node. */
  promoted(master: RedisClusterNode, options?: SettledOptions): Promise<RedisClusterNode>;
  /** `kill` and `promoted`. */
  killMaster(master: RedisClusterNode): Promise<RedisClusterNode>;
  /** Starts a node again, killing it first if it runs, cut off from nobody. It keeps its id, and its data only with `appendOnly`. */
  restart(node: RedisClusterNode): Promise<void>;
  cutOff(node: RedisClusterNode, from?: CutOffFrom): Promise<CutOff>;

  addNode(options?: AddNodeOptions): Promise<RedisClusterNode>;
  /**
   * Has every other node forget this one, and stops it.
   *
   * @throws {@link LauncherError} `InvalidOption` while it serves slots or has replicas
   */
  removeNode(node: RedisClusterNode): Promise<void>;
  /** Moves slots with their keys, while clients go on. */
  reshard(options: ReshardOptions): Promise<void>;
  /** The first half of `reshard`, to be carried on step by step. Waits for nothing to settle. */
  beginSlotMigration(slots: number | readonly number[], to: RedisClusterNode): Promise<SlotMigration>;

  /**
   * Waits until every node that is up says `cluster_state:ok`, knows every node, takes those that are up for alive and the others for
   * failed, and agrees with the rest on who serves which slot, and every replica follows its master.
   */
  settled(options?: SettledOptions): Promise<void>;
  /** What every node says of itself and of the others, for messages. */
  describe(): Promise<string>;
  /** Ends every node and removes its files. Calling it twice is fine. */
  stop(): Promise<void>;
}
