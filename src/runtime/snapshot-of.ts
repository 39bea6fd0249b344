import type { Consumer } from '../actors/consumer.js';
import type { HandlerFailures } from './handler-failures.js';
import type { Overview, Snapshot, TopologySnapshot } from './snapshot.js';

/** A state value as a path: `{ present: { assurance: 'confirmed' } }` of one region becomes `present.confirmed`. */
function pathOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  const parts = Object.entries(value).map(([key, inner]) => {
    const rest = pathOf(inner);
    return rest === '' ? key : `${key}.${rest}`;
  });
  return parts.join('+');
}

export interface RuntimeFacts {
  readonly service: string;
  readonly handlers: Pick<HandlerFailures, 'count' | 'latest'>;
  readonly notificationsDropped: number;
  /** Streams that the application was told are not its own any more. */
  readonly lost: number;
}

function topologyOf({ topology }: Consumer): TopologySnapshot | null {
  const view = topology?.view;
  if (!view) return null;
  const { state, report, rounds, changes, nodes, silent } = view;
  return {
    state,
    settled: report?.settled ?? null,
    problems: report?.problems ?? [],
    askedAt: report?.at ?? null,
    rounds,
    changes,
    nodes: nodes.map(({ address, id, role, masterId, isFailed, slots }) => ({
      address,
      id,
      role,
      masterId,
      failed: isFailed,
      slots,
      silent: silent.find((node) => node.address === address)?.error ?? null,
    })),
  };
}

export function snapshotOf(consumer: Consumer, facts: RuntimeFacts & { readonly now: number }): Snapshot {
  return {
    at: facts.now,
    ...overviewOf(consumer, facts),
    streams: [...consumer.ownerships].map((ownership) => {
      const { name, id, state, retryCount, mark, touches, since } = ownership;
      const lag = consumer.dataReader.lag.of(ownership);
      return { name, id, state, retryCount, mark, touched: touches, since, lag };
    }),
  };
}

export function overviewOf(consumer: Consumer, facts: RuntimeFacts): Overview {
  const { kernel, ownerships, lease, reconciler, supervisor, ledger } = consumer;
  const keeper = lease.snapshot;
  const scan = reconciler.snapshot;
  const balance = consumer.balancer.snapshot;
  const scanValue = scan?.value as { work?: string } | undefined;
  const supervised = supervisor.context;
  const { tally } = consumer.dataReader;
  return {
    service: facts.service,
    consumer: kernel.consumer,
    state: consumer.state,
    troubles: consumer.troubles,
    recovery: consumer.keyspace.isPolling ? 'polling' : 'events',
    paused: consumer.intake.isPaused,
    capacity: consumer.intake.capacity,
    owned: ownerships.owned,
    waiting: ownerships.waiting.size,
    parked: consumer.parking.heard,
    heldBack: consumer.acquirer.heldBack,
    lag: consumer.dataReader.lag.total ?? null,
    lease: {
      state: keeper === undefined ? 'absent' : pathOf(keeper.value.lease),
      certain: lease.isCertain,
      validUntil: lease.validUntil === 0 ? null : lease.validUntil,
      generation: keeper?.context.generation ?? 0,
      lapses: keeper?.context.lapses ?? 0,
      misses: lease.misses,
      keeps: consumer.kernel.heartbeatThread === undefined ? null : lease.keeps,
      lastError: keeper?.context.lastError ?? null,
      lastVerify: keeper?.context.lastVerify ?? null,
    },
    reconciler: {
      state: scanValue?.work ?? 'offline',
      scans: scan?.context.scans ?? 0,
      sweeps: scan?.context.sweeps ?? 0,
      lastScan: scan?.context.lastScan ?? null,
      lastError: scan?.context.lastError ?? null,
      dead: scan?.context.dead ?? [],
    },
    balancer: {
      state: balance?.value.rounds ?? 'resting',
      moving: balance?.value.moves === 'moving',
      cooling: consumer.balancer.isCooling,
      rounds: balance?.context.rounds ?? 0,
      lastRound: balance?.context.lastRound ?? null,
      level: kernel.lease.roundHeard().round?.level ?? null,
      lastError: balance?.context.lastError ?? null,
    },
    deployment: kernel.connections.kind,
    topology: topologyOf(consumer),
    subscriptions: consumer.keyspace.views,
    children: Object.values(supervised.children),
    failures: [...supervised.failures, ...facts.handlers.latest].sort((a, b) => a.at - b.at),
    server: consumer.server,
    counters: {
      acquired: consumer.acquirer.acquired,
      finished: consumer.finisher.finished,
      handedOver: consumer.giver.handedOver,
      moved: balance?.context.moved ?? 0,
      lost: facts.lost,
      handlerFailures: facts.handlers.count,
      requeued: ledger.requeued,
      deadLettered: ledger.deadLettered,
      deadLettersTrimmed: ledger.trimmed,
      vanished: ledger.vanished,
      saved: consumer.saver.saved,
      flushes: consumer.saver.flushes,
      savesRefused: consumer.saver.refused,
      entriesRead: tally.read,
      entryBytes: tally.bytes,
      entriesHandled: tally.handled,
      entriesPassedOver: tally.skipped + tally.deadLettered,
      entriesLost: tally.lost,
      wakes: tally.wakes,
      unknownOutcomes: consumer.finisher.unknownOutcomes,
      touches: consumer.touches.heard,
      cancelled: consumer.canceller.cancelled,
      delayed: ledger.delayed,
      delaysEnded: consumer.delays.ended,
      parked: consumer.parking.parked,
      coalesced: consumer.parking.coalesced,
      unparked: consumer.parking.found,
      keyspaceEvents: consumer.keyspace.events,
      notificationsDropped: facts.notificationsDropped,
    },
  };
}
