/** Everything that may befall a fleet, and how often it does in a mixed run. What has 0 comes by itself into some of them: see schedule.ts. */
const WEIGHTS = {
  // The network.
  cut: 3,
  cutClient: 3,
  halfOpenReader: 3,
  mute: 2,
  deaf: 1,
  stall: 2,
  late: 2,
  // Processes.
  freeze: 3,
  block: 0,
  suspend: 1,
  crash: 2,
  restart: 2,
  stop: 3,
  pause: 1,
  wallStep: 1,
  // The server.
  serverStall: 1,
  refuse: 1,
  serverRestart: 1,
  deny: 0.5,
  serverClock: 0.3,
  dataLoss: 0.2,
  failover: 0.3,
  // Operators and their tools.
  claim: 1,
  forceClaim: 0.5,
  redrive: 0.5,
  xclaim: 0.5,
  destroyGroup: 0.3,
  deleteConsumer: 0.3,
  trim: 0.3,
  garbage: 0,
  wrongRound: 0,
  setBack: 0,
  ahead: 0,
} as const;

export type FaultKind = keyof typeof WEIGHTS;

export const FAULT_KINDS: readonly { readonly kind: FaultKind; readonly weight: number }[] = Object.entries(
  WEIGHTS,
).map(([kind, weight]) => ({ kind: kind as FaultKind, weight }));

export function isFaultKind(text: string): text is FaultKind {
  return text in WEIGHTS;
}

/** Kinds that befall whatever has a process and connections; the others are for runtimes, servers and operators. */
export const BEFALLS_ANYONE: ReadonlySet<FaultKind> = new Set<FaultKind>([
  'cut',
  'cutClient',
  'halfOpenReader',
  'mute',
  'deaf',
  'stall',
  'late',
  'freeze',
  'crash',
  'restart',
]);
