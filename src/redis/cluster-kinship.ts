/**
 * Which of the nodes that answer are of our cluster. An address may be given to somebody else: a pod of another cluster gets the address of a node
 * of ours that has died. What it says is true of its own cluster, and of a higher epoch perhaps, but no word of it is about ours.
 */
import type { ClusterView } from './cluster-view.js';

/** What is known of our cluster before its nodes are asked. */
export interface Kinship {
  /** Ids of its nodes, as they were when it was settled last. Empty: it has not been yet. */
  readonly members: ReadonlySet<string>;
  /** Addresses that the application has given. */
  readonly seeds: readonly string[];
}

/** Whoever has nothing to go by. */
export const NO_KINSHIP: Kinship = { members: new Set(), seeds: [] };

/** Nodes come and go, a few at a time: most of ours are known to it still, or most of whom it knows are ours. */
export function isAkin({ nodes }: ClusterView, members: ReadonlySet<string>): boolean {
  const shared = nodes.filter(({ id }) => members.has(id)).length;
  return shared * 2 > members.size || shared * 2 > nodes.length;
}

/** The views of our cluster. Before anything is known of it: of the one that most of the given addresses lead to. */
export function kin(views: readonly ClusterView[], { members, seeds }: Kinship): readonly ClusterView[] {
  if (members.size > 0) return views.filter((view) => isAkin(view, members));
  const all = clustersOf(views);
  if (seeds.length === 0 || all.length < 2) return views;
  const seedsIn = (cluster: readonly ClusterView[]) =>
    cluster.filter(({ from }) => seeds.includes(from)).length;
  // A node that was taken out of the cluster, its address still among those given.
  const isLonely = (cluster: readonly ClusterView[]) =>
    cluster.length === 1 && cluster[0]?.nodes.length === 1 ? 1 : 0;
  const first = (cluster: readonly ClusterView[]) =>
    Math.min(...cluster.map(({ from }) => (seeds.includes(from) ? seeds.indexOf(from) : seeds.length)));
  const [best = []] = [...all].sort(
    (a, b) => seedsIn(b) - seedsIn(a) || isLonely(a) - isLonely(b) || first(a) - first(b),
  );
  return best;
}

/** Those that know a node in common belong together. */
function clustersOf(views: readonly ClusterView[]): ClusterView[][] {
  let clusters: { readonly ids: Set<string>; readonly views: ClusterView[] }[] = [];
  for (const view of views) {
    const ids = new Set([view.id, ...view.nodes.map(({ id }) => id)]);
    const joined = clusters.filter((cluster) => [...ids].some((id) => cluster.ids.has(id)));
    clusters = clusters.filter((cluster) => !joined.includes(cluster));
    for (const cluster of joined) for (const id of cluster.ids) ids.add(id);
    clusters.push({ ids, views: [...joined.flatMap((cluster) => cluster.views), view] });
  }
  return clusters.map((cluster) => cluster.views);
}
