/** All checks, in the order in which they are shown: what the servers are, how they are set, what the service makes of them. */
import { clockSkew } from './checks/clock-skew.js';
import { clusterSlots } from './checks/cluster-slots.js';
import { commands } from './checks/commands.js';
import { connections } from './checks/connections.js';
import { consumerSettings } from './checks/consumer-settings.js';
import { consumers } from './checks/consumers.js';
import { deadLetters } from './checks/dead-letters.js';
import { deadOwners } from './checks/dead-owners.js';
import { delays } from './checks/delays.js';
import { deliveryLimit } from './checks/delivery-limit.js';
import { entries } from './checks/entries.js';
import { eviction } from './checks/eviction.js';
import { goConsumers } from './checks/go-consumers.js';
import { idleTimeout } from './checks/idle-timeout.js';
import { keyspaceEvents } from './checks/keyspace-events.js';
import { latency } from './checks/latency.js';
import { memory } from './checks/memory.js';
import { minReplicas } from './checks/min-replicas.js';
import { nodeClockSkew } from './checks/node-clock-skew.js';
import { permissions } from './checks/permissions.js';
import { persistence } from './checks/persistence.js';
import { pubsubBuffer } from './checks/pubsub-buffer.js';
import { reachable } from './checks/reachable.js';
import { replication } from './checks/replication.js';
import { scriptTimeLimit } from './checks/script-time-limit.js';
import { sentinelQuorum } from './checks/sentinel-quorum.js';
import { serverVersion } from './checks/server-version.js';
import { service } from './checks/service.js';
import { stranded } from './checks/stranded.js';
import { streamIds } from './checks/stream-ids.js';
import { tcpKeepalive } from './checks/tcp-keepalive.js';
import { tooLarge } from './checks/too-large.js';
import { topology } from './checks/topology.js';
import { unparseable } from './checks/unparseable.js';
import { vanished } from './checks/vanished.js';
import type { Facts } from './facts.js';
import type { Check, Finding } from './finding.js';

export const CHECKS: readonly Check[] = [
  reachable,
  topology,
  clusterSlots,
  sentinelQuorum,
  serverVersion,
  commands,
  permissions,
  entries,
  keyspaceEvents,
  eviction,
  memory,
  persistence,
  replication,
  minReplicas,
  clockSkew,
  nodeClockSkew,
  latency,
  connections,
  pubsubBuffer,
  idleTimeout,
  tcpKeepalive,
  scriptTimeLimit,
  service,
  streamIds,
  stranded,
  vanished,
  consumers,
  consumerSettings,
  deadOwners,
  delays,
  goConsumers,
  deadLetters,
  tooLarge,
  deliveryLimit,
  unparseable,
];

export function examine(facts: Facts): Finding[] {
  return CHECKS.flatMap(({ name, judge }) => {
    const verdict = judge(facts);
    return verdict === undefined ? [] : [{ check: name, ...verdict }];
  });
}
