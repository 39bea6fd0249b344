/**
 * What happens to the fleet, and when: decided by a seed before anything runs, so that the same seed plays the same schedule again. (What
 * the processes make of it is theirs: two runs of one schedule are not two equal histories.)
 */

/** Numbers in [0, 1) from a seed: mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `who` picks among the consumers that run when it happens: the share of the way through their list. */
export type Act =
  | { readonly act: 'start'; readonly holdMs: number }
  | { readonly act: 'kill' | 'stop'; readonly who: number }
  /** SIGSTOP, and SIGCONT so much later. */
  | { readonly act: 'pause'; readonly who: number; readonly forMs: number }
  /** Every connection is cut. */
  | { readonly act: 'cut' }
  /** Nothing gets through, while connections stay open. */
  | { readonly act: 'freeze'; readonly forMs: number }
  /** Every byte takes longer. */
  | { readonly act: 'slow'; readonly byMs: number; readonly forMs: number }
  /** Commands are executed and their replies are lost, with their connections. */
  | { readonly act: 'loseReplies'; readonly count: number }
  /** Killed and started again on the same data. */
  | { readonly act: 'restartRedis' }
  /** An entry that nobody can parse. */
  | { readonly act: 'poison' };

export type Planned = Act & { readonly atMs: number };

export const FEWEST = 3;
export const MOST = 20;

const EVERY_MS = { least: 300, most: 2500 };

/** How often each thing happens, by weight. */
const WEIGHTS: Readonly<Record<Act['act'], number>> = {
  start: 7,
  kill: 4,
  stop: 2,
  pause: 3,
  cut: 2,
  freeze: 1,
  slow: 1,
  loseReplies: 3,
  restartRedis: 0.5,
  poison: 2,
};

export function holdMsFor(random: () => number): number {
  return Math.round(20 + 780 * random() ** 2);
}

function actOf(kind: Act['act'], random: () => number, heartbeatMs: number): Act {
  switch (kind) {
    case 'start':
      return { act: kind, holdMs: holdMsFor(random) };
    case 'kill':
    case 'stop':
      return { act: kind, who: random() };
    case 'pause':
      return { act: kind, who: random(), forMs: Math.round(heartbeatMs * (0.3 + 4 * random())) };
    case 'freeze':
      return { act: kind, forMs: Math.round(heartbeatMs * (0.2 + 2 * random())) };
    case 'slow':
      return {
        act: kind,
        byMs: Math.round(5 + 60 * random()),
        forMs: Math.round(heartbeatMs * (1 + 2 * random())),
      };
    case 'loseReplies':
      return { act: kind, count: 1 + Math.floor(3 * random()) };
    default:
      return { act: kind };
  }
}

/** A kind, as often as its weight says. */
function pick(random: () => number): Act['act'] {
  const kinds = Object.entries(WEIGHTS) as [Act['act'], number][];
  let left = random() * kinds.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [kind, weight] of kinds) {
    left -= weight;
    if (left < 0) return kind;
  }
  return 'start';
}

export function plan(seed: number, durationMs: number, heartbeatMs: number): Planned[] {
  const random = seeded(seed);
  const planned: Planned[] = [];
  let atMs = 1000;
  while (atMs < durationMs) {
    const kind = pick(random);
    planned.push({ atMs: Math.round(atMs), ...actOf(kind, random, heartbeatMs) });
    atMs += EVERY_MS.least + (EVERY_MS.most - EVERY_MS.least) * random();
  }
  return planned;
}
