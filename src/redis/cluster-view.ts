/**
 * What one node of a Redis Cluster says of the cluster: read from `CLUSTER INFO`, `CLUSTER NODES` and `CLUSTER SLOTS`.
 *
 * NODES alone lists masters without slots, slots being moved and failure flags; SLOTS alone says where clients are to connect
 * (`cluster-preferred-endpoint-type`). They are joined by node id.
 */
import { formatAddress } from './address.js';
import { infoField } from './info.js';

/** From and to, both included. */
export type SlotRange = readonly [from: number, to: number];

export interface ClusterNode {
  readonly id: string;
  /** `host:port` as clients reach it. */
  readonly address: string;
  readonly role: 'master' | 'replica';
  /** Id of the master it replicates; null for a master. */
  readonly masterId: string | null;
  /** Declared dead by the cluster. */
  readonly isFailed: boolean;
  /** Slots it serves; none for a replica. */
  readonly slots: readonly SlotRange[];
  /** Slots being moved from or to it, as the node that was asked knows of its own: `[slot->-node]` and `[slot-<-node]`. */
  readonly moving: readonly string[];
}

export interface ClusterView {
  /** Address of the node that was asked. */
  readonly from: string;
  /** Its id. */
  readonly id: string;
  /** `cluster_state`: `ok`, `fail`. */
  readonly state: string;
  /** `cluster_current_epoch`: grows with every failover. */
  readonly epoch: number;
  /** Without those that have no address yet. */
  readonly nodes: readonly ClusterNode[];
}

/** One row of `CLUSTER SLOTS`: from, to, and the nodes that serve the range, each as host, port, id. */
export type SlotsReply = readonly (readonly [
  number,
  number,
  ...(readonly [string | null, number, string])[],
])[];

export interface ClusterReplies {
  readonly info: string;
  readonly nodes: string;
  readonly slots: SlotsReply;
}

/**
 * @param from address of the node that was asked; where the cluster leaves a host out, it is this node's
 * @param translate the address under which clients reach a node that calls itself so (ioredis `natMap`)
 */
export function parseClusterView(
  replies: ClusterReplies,
  from: string,
  translate: (address: string) => string,
): ClusterView {
  const endpoints = endpointsOf(replies.slots, from);
  const nodes: ClusterNode[] = [];
  let id = '';
  for (const line of replies.nodes.split('\n')) {
    const node = parseNode(line, from, endpoints);
    if (node === undefined) continue;
    if (node.isMyself) id = node.id;
    nodes.push({ ...node.node, address: translate(node.node.address) });
  }
  return {
    from,
    id,
    state: infoField(replies.info, 'cluster_state') ?? 'unknown',
    epoch: Number(infoField(replies.info, 'cluster_current_epoch') ?? 0),
    nodes,
  };
}

/** Id of the node that answered with this to `CLUSTER NODES`. */
export function idOfMyself(nodes: string): string | undefined {
  const line = nodes.split('\n').find((one) => one.split(' ')[2]?.split(',').includes('myself'));
  return line?.split(' ')[0];
}

/** Node id → where clients are to connect. */
function endpointsOf(slots: SlotsReply, from: string): Map<string, string> {
  const host = from.slice(0, from.lastIndexOf(':'));
  const endpoints = new Map<string, string>();
  for (const [, , ...nodes] of slots) {
    for (const [preferred, port, id] of nodes) {
      // Null: reach it where you reached me. '?': it has not told its host name yet.
      if (preferred === '?') continue;
      endpoints.set(id, formatAddress({ host: preferred || host, port }));
    }
  }
  return endpoints;
}

function parseNode(
  line: string,
  from: string,
  endpoints: ReadonlyMap<string, string>,
): { id: string; isMyself: boolean; node: ClusterNode } | undefined {
  // <id> <ip:port@cport[,hostname]> <flags> <master> <ping-sent> <pong-recv> <config-epoch> <link-state> <slot> <slot> …
  const [id = '', place = '', flagList = '', master = '', , , , , ...slotTexts] = line.trim().split(' ');
  const flags = new Set(flagList.split(','));
  if (id === '' || flags.has('noaddr') || flags.has('handshake')) return undefined;
  const isMyself = flags.has('myself');
  const told = place.split('@')[0] ?? '';
  // A node that has never been met by another one does not know its own host.
  const address = endpoints.get(id) ?? (isMyself && told.startsWith(':') ? from : told);
  const ranges = slotTexts.filter((text) => text !== '' && !text.startsWith('['));
  return {
    id,
    isMyself,
    node: {
      id,
      address,
      role: flags.has('master') ? 'master' : 'replica',
      masterId: master === '-' ? null : master,
      isFailed: flags.has('fail'),
      slots: ranges.map(toRange),
      moving: slotTexts.filter((text) => text.startsWith('[')),
    },
  };
}

function toRange(text: string): SlotRange {
  const [from = 0, to = from] = text.split('-').map(Number);
  return [from, to];
}
