/** Keeps the routes into a cluster current for whoever has no topology watcher: producers, commands of the terminal. */
import type { Clock, Timer } from '../core/clock.js';
import type { Link } from './link.js';
import type { Shards } from './shards.js';

const AGAIN_MS = 250;

/**
 * Asks the nodes now, and whenever something hints at a change, and then again and again until the link is up. Opens the link when it is
 * first known where it leads.
 *
 * @returns ends it
 */
export function followShards(shards: Shards, link: Link, clock: Clock): () => void {
  let isOver = false;
  let isAsking = false;
  let timer: Timer | undefined;

  async function ask(): Promise<void> {
    if (isAsking || isOver) return;
    isAsking = true;
    clock.clearTimeout(timer);
    const { view } = await shards.refresh();
    isAsking = false;
    if (isOver) return;
    if (view !== null) link.open();
    if (view === null || !link.isUp) timer = clock.setTimeout(() => void ask(), AGAIN_MS);
  }

  const forget = shards.onTrouble(() => void ask());
  void ask();
  return () => {
    isOver = true;
    clock.clearTimeout(timer);
    forget();
  };
}
