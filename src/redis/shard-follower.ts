/** Keeps the routes into a cluster current for whoever has no topology watcher: producers. */
import type { Clock, Timer } from '../core/clock.js';
import type { Link } from './link.js';
import type { Shards } from './shards.js';

const AGAIN_MS = 250;

export interface ShardFollower {
  /** Why no node has told anything yet, when last asked; undefined when one has. */
  readonly problem: string | undefined;
  /** Rejects when no waiting helps: no node lets itself be asked. */
  readonly refused: Promise<never>;
  stop(): void;
}

/**
 * Asks the nodes now, and whenever something hints at a change, and then again and again until the link is up. Opens the link when it is
 * first known where it leads. Without a link it is enough that somebody answers.
 *
 * @param onProblem told after every round in which no node has told anything
 */
export function followShards(
  shards: Shards,
  link: Link | undefined,
  clock: Clock,
  onProblem: (problem: string) => void = () => {},
): ShardFollower {
  let isOver = false;
  let isAsking = false;
  let timer: Timer | undefined;
  let problem: string | undefined;
  let refuse: (error: Error) => void = () => {};
  const refused = new Promise<never>((_resolve, reject) => {
    refuse = reject;
  });
  // Whoever waits for a connection listens; nobody need.
  refused.catch(() => {});

  async function ask(): Promise<void> {
    if (isAsking || isOver) return;
    isAsking = true;
    clock.clearTimeout(timer);
    const { view, silent, problems, foreign } = await shards.refresh();
    isAsking = false;
    if (isOver) return;
    const [first] = silent;
    if (view !== null) problem = undefined;
    else if (foreign.length > 0) problem = problems.join('; ');
    else problem = `no node of the cluster answers; ${first?.address}: ${first?.error}`;
    if (view !== null) link?.open();
    else if (first?.refusal && silent.every(({ refusal }) => refusal)) refuse(first.refusal);
    else if (problem !== undefined) onProblem(problem);
    if (view === null || link?.isUp === false) timer = clock.setTimeout(() => void ask(), AGAIN_MS);
  }

  const forget = shards.onTrouble(() => void ask());
  void ask();
  return {
    get problem() {
      return problem;
    },
    refused,
    stop() {
      isOver = true;
      clock.clearTimeout(timer);
      forget();
    },
  };
}
