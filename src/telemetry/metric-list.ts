/**
 * Every metric there is: name, kind, unit (UCUM) and meaning. docs/reference/telemetry.md says when each is recorded and which attributes it
 * carries; a test holds the two together.
 */

export interface Metric {
  readonly name: string;
  /** `gauge` and `level` are looked at when somebody collects; levels of several runtimes add up. */
  readonly kind: 'counter' | 'histogram' | 'level' | 'gauge';
  readonly unit: string;
  readonly description: string;
  /** Bounds of a histogram's buckets, in its unit. */
  readonly buckets?: readonly number[];
}

/** What one command, or one script, of Redis takes. */
const QUICK = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** What the messaging conventions advise, and what people wait for. */
const WAIT = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
/** A stream may be owned for days. */
const WORK = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14_400, 86_400,
];

const list = <const M extends Readonly<Record<string, Metric>>>(metrics: M) => metrics;

export const METRICS = list({
  // The messaging conventions have names for these.
  sent: {
    name: 'messaging.client.sent.messages',
    kind: 'counter',
    unit: '{message}',
    description: 'Data streams that a producer tried to announce.',
  },
  consumed: {
    name: 'messaging.client.consumed.messages',
    kind: 'counter',
    unit: '{message}',
    description: 'Data streams that became owned.',
  },
  operation: {
    name: 'messaging.client.operation.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Duration of announcing and of finishing data streams, a batch at a time.',
    buckets: QUICK,
  },
  processing: {
    name: 'messaging.process.duration',
    kind: 'histogram',
    unit: 's',
    description: 'From giving a data stream to the application until it was done with it.',
    buckets: WORK,
  },

  // What is owned.
  owned: {
    name: 'streamwarden.streams.owned',
    kind: 'level',
    unit: '{stream}',
    description: 'Data streams that are owned.',
  },
  waiting: {
    name: 'streamwarden.streams.waiting',
    kind: 'level',
    unit: '{stream}',
    description: 'Entries that wait until the name of their data stream is free.',
  },
  parked: {
    name: 'streamwarden.parked.length',
    kind: 'gauge',
    unit: '{entry}',
    description: 'Entries of the service that wait aside for their names, as of the last heartbeat.',
  },
  hottest: {
    name: 'streamwarden.parked.hottest',
    kind: 'gauge',
    unit: '{entry}',
    description: 'Of the name of which most wait aside: how many.',
  },
  capacity: {
    name: 'streamwarden.streams.capacity',
    kind: 'level',
    unit: '{stream}',
    description: 'Data streams that may be owned at once.',
  },
  share: {
    name: 'streamwarden.streams.share',
    kind: 'level',
    unit: '{stream}',
    description:
      'Data streams that would be owned if all processes had their share, as of the last round of balancing.',
  },
  imbalance: {
    name: 'streamwarden.balance.imbalance',
    kind: 'gauge',
    unit: '1',
    description: 'How far the process that is furthest from its share is from it, as a part of the share.',
  },
  balanced: {
    name: 'streamwarden.balance.moves',
    kind: 'counter',
    unit: '{stream}',
    description: 'Data streams that were handed over so that others have their share.',
  },
  lagEntries: {
    name: 'streamwarden.lag.entries',
    kind: 'level',
    unit: '{entry}',
    description: 'Entries of owned data streams that are there and are not committed.',
  },
  lagTime: {
    name: 'streamwarden.lag.time',
    kind: 'gauge',
    unit: 's',
    description: 'How old the oldest entry of owned data streams is that is not committed.',
  },
  lagStreams: {
    name: 'streamwarden.lag.streams',
    kind: 'level',
    unit: '{stream}',
    description: 'Owned data streams that have entries that are not committed.',
  },
  lagUnknown: {
    name: 'streamwarden.lag.unknown',
    kind: 'level',
    unit: '{stream}',
    description: 'Owned data streams of which it is not known how far behind they are.',
  },
  lost: {
    name: 'streamwarden.streams.lost',
    kind: 'counter',
    unit: '{stream}',
    description: 'Data streams whose lease was lost while the application worked on them.',
  },
  consumers: {
    name: 'streamwarden.consumers',
    kind: 'level',
    unit: '{consumer}',
    description: 'Runtimes of this process, by state.',
  },
  startUp: {
    name: 'streamwarden.startup.duration',
    kind: 'histogram',
    unit: 's',
    description: 'From start() until reading began, or failed for good.',
    buckets: WAIT,
  },

  // From the load balancer stream to an owner.
  wait: {
    name: 'streamwarden.wait.duration',
    kind: 'histogram',
    unit: 's',
    description: "From an entry's being put on the load balancer stream until it had an owner.",
    buckets: WAIT,
  },
  acquisitions: {
    name: 'streamwarden.acquisitions',
    kind: 'counter',
    unit: '{entry}',
    description: 'Entries whose lock and lease were asked for.',
  },
  acquisition: {
    name: 'streamwarden.acquisition.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Taking the locks and verifying the leases of a batch of entries.',
    buckets: QUICK,
  },
  readFailures: {
    name: 'streamwarden.read.failures',
    kind: 'counter',
    unit: '{failure}',
    description: 'Reads of the load balancer stream that failed and were tried again.',
  },

  // The lease and its locks.
  heartbeat: {
    name: 'streamwarden.heartbeat.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Refreshing presence, which keeps every lease of the process.',
    buckets: QUICK,
  },
  lapses: {
    name: 'streamwarden.lease.lapses',
    kind: 'counter',
    unit: '{lapse}',
    description: 'Presence had run out before it was refreshed: others could take the streams.',
  },
  misses: {
    name: 'streamwarden.lease.misses',
    kind: 'counter',
    unit: '{miss}',
    description: 'The lease could not be confirmed before its deadline: streams became uncertain.',
  },
  keeps: {
    name: 'streamwarden.lease.kept',
    kind: 'counter',
    unit: '{keep}',
    description:
      'The event loop was blocked for longer than the lease lasts, and the heartbeat thread kept it.',
  },
  lockExtensions: {
    name: 'streamwarden.lock.extensions',
    kind: 'counter',
    unit: '{lock}',
    description: 'Lock keys that were to be prolonged.',
  },
  lockReleases: {
    name: 'streamwarden.lock.releases',
    kind: 'counter',
    unit: '{lock}',
    description: 'Lock keys that were to be released.',
  },

  // Recovery.
  sweep: {
    name: 'streamwarden.sweep.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Asking which consumers are present.',
    buckets: QUICK,
  },
  takeOver: {
    name: 'streamwarden.takeover.duration',
    kind: 'histogram',
    unit: 's',
    description: "From a dead consumer's presence running out until its streams were free for everyone.",
    buckets: WAIT,
  },
  scan: {
    name: 'streamwarden.scan.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Walking the whole pending list.',
    buckets: WAIT,
  },
  scanned: {
    name: 'streamwarden.scan.entries',
    kind: 'counter',
    unit: '{entry}',
    description: 'What scans did with entries that had been pending for long.',
  },
  requeues: {
    name: 'streamwarden.requeues',
    kind: 'counter',
    unit: '{entry}',
    description: 'Entries that were to be put back on the load balancer stream.',
  },
  deadLetters: {
    name: 'streamwarden.dead_letters.routed',
    kind: 'counter',
    unit: '{entry}',
    description: 'Entries that were moved to the dead-letter stream.',
  },
  deadLettersTrimmed: {
    name: 'streamwarden.dead_letters.trimmed',
    kind: 'counter',
    unit: '{entry}',
    description: 'Dead letters that were trimmed away because the dead-letter stream was full.',
  },
  deadLetterLength: {
    name: 'streamwarden.dead_letters.length',
    kind: 'gauge',
    unit: '{entry}',
    description: 'Length of the dead-letter stream when this process last wrote to it.',
  },
  vanished: {
    name: 'streamwarden.entries.vanished',
    kind: 'counter',
    unit: '{entry}',
    description: 'Entries whose payload something else had trimmed or deleted before they were finished.',
  },
  checkpoints: {
    name: 'streamwarden.checkpoints.saved',
    kind: 'counter',
    unit: '{checkpoint}',
    description: 'Checkpoints of owned streams that were written, or refused as their streams had been lost.',
  },
  checkpointFlush: {
    name: 'streamwarden.checkpoints.flush',
    kind: 'histogram',
    unit: 's',
    description: 'Duration of writing the checkpoints of several streams together.',
    buckets: QUICK,
  },
  entriesRead: {
    name: 'streamwarden.entries.read',
    kind: 'counter',
    unit: '{entry}',
    description: 'Entries of data streams that were read.',
  },
  entryBytes: {
    name: 'streamwarden.entries.size',
    kind: 'counter',
    unit: 'By',
    description: 'Bytes of the fields of entries of data streams that were read.',
  },
  entriesHandled: {
    name: 'streamwarden.entries.handled',
    kind: 'counter',
    unit: '{entry}',
    description: 'Entries of data streams with which handlers were done.',
  },
  entriesPassedOver: {
    name: 'streamwarden.entries.passed_over',
    kind: 'counter',
    unit: '{entry}',
    description: 'Entries of data streams that no try would mend, and that were passed over.',
  },
  entriesLost: {
    name: 'streamwarden.entries.lost',
    kind: 'counter',
    unit: '{entry}',
    description: 'Entries of data streams that were removed before they were read.',
  },
  looks: {
    name: 'streamwarden.entries.looks',
    kind: 'counter',
    unit: '{look}',
    description: 'Looks at a data stream, whether or not there was anything.',
  },
  wakes: {
    name: 'streamwarden.wakes',
    kind: 'counter',
    unit: '{wake}',
    description: 'Wakes that were heard: producers appended to owned data streams.',
  },
  touches: {
    name: 'streamwarden.streams.touches',
    kind: 'counter',
    unit: '{touch}',
    description: 'Touches that owners heard of: producers ensured streams that they own.',
  },
  cancels: {
    name: 'streamwarden.streams.cancels',
    kind: 'counter',
    unit: '{stream}',
    description: 'Streams of which their owners heard that a producer had cancelled them.',
  },
  delays: {
    name: 'streamwarden.streams.delays',
    kind: 'counter',
    unit: '{stream}',
    description: 'Streams that owners gave back to be given out later.',
  },
  delaysEnded: {
    name: 'streamwarden.delays.ended',
    kind: 'counter',
    unit: '{stream}',
    description: 'Delayed streams that were given to everyone when they were due.',
  },
  delayLateness: {
    name: 'streamwarden.delays.lateness',
    kind: 'histogram',
    unit: 's',
    description: 'For how long the first of the delayed streams that were given out together had been due.',
  },
  parkings: {
    name: 'streamwarden.streams.parked',
    kind: 'counter',
    unit: '{entry}',
    description: 'Entries that were read while their names were not free, and were put aside.',
  },
  coalesced: {
    name: 'streamwarden.streams.coalesced',
    kind: 'counter',
    unit: '{entry}',
    description: 'Entries that were finished, as another one of their name waited.',
  },
  unparkings: {
    name: 'streamwarden.parked.found',
    kind: 'counter',
    unit: '{entry}',
    description: 'Entries that waited aside though their names were free, and were found by looking.',
  },
  groupRecreations: {
    name: 'streamwarden.group.recreations',
    kind: 'counter',
    unit: '{group}',
    description: 'The consumer group was gone and was created again.',
  },

  // Keyspace events and topology.
  keyspaceEvents: {
    name: 'streamwarden.keyspace.events',
    kind: 'counter',
    unit: '{event}',
    description: 'Expiries heard of by keyspace events.',
  },
  keyspaceSetups: {
    name: 'streamwarden.keyspace.setups',
    kind: 'counter',
    unit: '{setup}',
    description: 'Masters on which keyspace events were to be set up.',
  },
  topologyResets: {
    name: 'streamwarden.topology.resets',
    kind: 'counter',
    unit: '{reset}',
    description: 'Calls of resetTopology() on a cluster.',
  },
  topologyChanges: {
    name: 'streamwarden.topology.changes',
    kind: 'counter',
    unit: '{change}',
    description: "Times that the cluster's masters were covered, the first time included.",
  },

  // Supervision.
  childFailures: {
    name: 'streamwarden.child.failures',
    kind: 'counter',
    unit: '{failure}',
    description: 'Children of the supervisor that failed.',
  },
  childRestarts: {
    name: 'streamwarden.child.restarts',
    kind: 'counter',
    unit: '{restart}',
    description: 'Restarts of failed children.',
  },
  childEscalations: {
    name: 'streamwarden.child.escalations',
    kind: 'counter',
    unit: '{escalation}',
    description: 'Children that failed beyond their limits, or whose loss degrades the consumer.',
  },
  loopDelayMax: {
    name: 'streamwarden.event_loop.delay.max',
    kind: 'gauge',
    unit: 's',
    description: 'Longest delay of the event loop since the last collection.',
  },
  loopDelayP99: {
    name: 'streamwarden.event_loop.delay.p99',
    kind: 'gauge',
    unit: 's',
    description: 'Delay of the event loop that one turn in a hundred exceeded since the last collection.',
  },
});

export type MetricId = keyof typeof METRICS;

type OfKind<K extends Metric['kind']> = {
  [Id in MetricId]: (typeof METRICS)[Id]['kind'] extends K ? Id : never;
}[MetricId];

export type CounterId = OfKind<'counter'>;
export type HistogramId = OfKind<'histogram'>;
/** Looked at when somebody collects. */
export type ObservedId = OfKind<'level' | 'gauge'>;
