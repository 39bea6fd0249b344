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
  | { readonly act: 'poison' }
  /** Entries with much in them; `tooLarge` of them have more than is read. */
  | { readonly act: 'large'; readonly bytes: readonly number[]; readonly tooLarge: number }
  /** All connections together carry so much, each way. */
  | { readonly act: 'limit'; readonly bytesPerMs: number; readonly forMs: number }
  /** Redis refuses every write. */
  | { readonly act: 'refuse'; readonly how: Refusal; readonly forMs: number }
  /** Another password; a while later the old one is worth nothing, and whoever is connected is disconnected. */
  | { readonly act: 'rotate' }
  /** The wall clock of one consumer is set: away from the time, or back to it. */
  | { readonly act: 'setClock'; readonly who: number }
  /** A tool deletes an entry that is pending. `who` picks among those. */
  | { readonly act: 'vanish'; readonly who: number };

/** What the error begins with. */
export const REFUSALS = ['NOREPLICAS', 'OOM', 'READONLY', 'MISCONF'] as const;
export type Refusal = (typeof REFUSALS)[number];

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
  large: 2,
  limit: 1,
  refuse: 1,
  rotate: 0.7,
  setClock: 1.5,
  vanish: 2,
};

/** In bytes. */
const LARGE = { least: 32_768, most: 900_000 };
const MOST_LARGE = 8;

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
    case 'large':
      return {
        act: kind,
        bytes: Array.from({ length: 1 + Math.floor(MOST_LARGE * random()) }, () =>
          Math.round(LARGE.least + (LARGE.most - LARGE.least) * random() ** 3),
        ),
        tooLarge: random() < 0.3 ? 1 : 0,
      };
    case 'limit':
      return {
        act: kind,
        bytesPerMs: Math.round(2000 + 8000 * random()),
        forMs: Math.round(heartbeatMs * (2 + 4 * random())),
      };
    case 'refuse':
      return {
        act: kind,
        how: REFUSALS[Math.floor(random() * REFUSALS.length)] as Refusal,
        forMs: Math.round(heartbeatMs * (0.2 + 3 * random())),
      };
    case 'setClock':
    case 'vanish':
      return { act: kind, who: random() };
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
