/** From what the nodes of a cluster say, each for itself: does the cluster agree with itself, and who serves what? */
import { type Kinship, kin, NO_KINSHIP } from './cluster-kinship.js';
import type { ClusterNode, ClusterView } from './cluster-view.js';

/** What came of asking one node. */
export type NodeAnswer = { readonly address: string; readonly view: ClusterView } | SilentNode;

/** A node that gave no view of the cluster. */
export interface SilentNode {
  readonly address: string;
  /** Why, for people. */
  readonly error: string;
  /** Set when no waiting heals it: the user may not ask, or it is no node of a cluster. */
  readonly refusal?: Error;
}

export interface ClusterVerdict {
  /** Every node that answers says `cluster_state:ok`, and all agree on who owns which slot. */
  readonly settled: boolean;
  /** Why it is not settled, and which nodes are of another cluster, for people; the latter are no reason not to be settled. */
  readonly problems: readonly string[];
  /** The newest view: what to go by, settled or not. Null when no node answered. */
  readonly view: ClusterView | null;
  /**
   * Addresses of the masters that serve slots and are not declared dead, in order. One without slots holds no keys; every new node begins as
   * one, also one that is to be a replica, and a master that was replaced ends as one.
   */
  readonly masters: readonly string[];
  /** Nodes that did not answer, and why. */
  readonly silent: readonly SilentNode[];
  /** Addresses at which a node of another cluster answers. */
  readonly foreign: readonly string[];
}

export function judgeCluster(answers: readonly NodeAnswer[], kinship: Kinship = NO_KINSHIP): ClusterVerdict {
  const silent = answers.filter((answer) => 'error' in answer);
  const all = answers.flatMap((answer) => ('view' in answer ? [answer.view] : []));
  const ours = kin(all, kinship);
  const foreign = all.filter((view) => !ours.includes(view)).map(({ from }) => from);
  const strangers = foreign.map((address) => `${address} is a node of another cluster`);
  const views = members(ours);
  const newest = newestOf(views);
  if (newest === undefined) {
    const problems = ['no node answers', ...strangers];
    return { settled: false, problems, view: null, masters: [], silent, foreign };
  }
  const disputes = [
    ...views
      .filter(({ state }) => state !== 'ok')
      .map(({ from, state }) => `${from} says cluster_state:${state}`),
    ...disagreements(views, newest),
  ];
  const masters = newest.nodes.filter(servesSlots).map(({ address }) => address);
  return {
    settled: disputes.length === 0,
    problems: [...disputes, ...strangers],
    view: newest,
    masters: masters.sort(),
    silent,
    foreign,
  };
}

/**
 * A node that was taken out of the cluster answers all the same, of a cluster of its own: known to none of the others. Where no two that
 * answer know each other, the newest is believed.
 */
function members(views: readonly ClusterView[]): readonly ClusterView[] {
  const known = new Set<string>();
  for (const { id, nodes } of views) {
    for (const node of nodes) if (node.id !== id) known.add(node.id);
  }
  const listed = views.filter(({ id }) => known.has(id));
  if (listed.length > 0) return listed;
  const newest = newestOf(views);
  return newest === undefined ? [] : [newest];
}

/**
 * Of those that serve the one with the highest epoch; of several, the one that most agree with. One that does not serve may be cut off, and
 * its epoch then says little: it grows each time that a replica asks in vain to be elected.
 */
function newestOf(views: readonly ClusterView[]): ClusterView | undefined {
  const support = new Map<string, number>();
  for (const view of views) {
    const owners = ownersOf(view);
    support.set(owners, (support.get(owners) ?? 0) + 1);
  }
  const rank = (view: ClusterView) =>
    [view.state === 'ok' ? 1 : 0, view.epoch, support.get(ownersOf(view)) ?? 0] as const;
  return [...views].sort((a, b) => {
    const [left, right] = [rank(a), rank(b)];
    return right[0] - left[0] || right[1] - left[1] || right[2] - left[2];
  })[0];
}

/** Who owns which slots, as text. Slots on their way from one node to another belong to where they are. */
function ownersOf({ nodes }: ClusterView): string {
  return nodes
    .filter(({ slots }) => slots.length > 0)
    .map(({ id, slots }) => `${id} ${slots.map(([from, to]) => `${from}-${to}`).join(',')}`)
    .sort()
    .join('\n');
}

function disagreements(views: readonly ClusterView[], newest: ClusterView): string[] {
  const owners = ownersOf(newest);
  return views
    .filter((view) => ownersOf(view) !== owners)
    .map(({ from }) => `${from} and ${newest.from} disagree on who owns which slot`);
}

function servesSlots({ role, isFailed, slots }: ClusterNode): boolean {
  return role === 'master' && !isFailed && slots.length > 0;
}
