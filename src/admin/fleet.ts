/** The members of a service's consumer group, as they are told. */
import { dueReason } from '../redis/due-consumer.js';
import { isIncarnation } from '../redis/names.js';
import type { ConsumerStatus, ServiceStatus } from './status/service-status.js';

export interface FleetMember extends ConsumerStatus {
  /** The option `consumerId` of its runtime; of a consumer of the Go client its name. */
  readonly consumerId: string;
  readonly kind: 'streamwarden' | 'go';
  /** Whether its presence stands. Null: consumers of the Go client have none, and show only by the locks of their entries that they live. */
  readonly isAlive: boolean | null;
}

/** What waits for the dead-letter stream is kept under names of its own in the group: these are no members. */
export function membersOf({ consumers }: ServiceStatus): FleetMember[] {
  return consumers.filter(({ name }) => dueReason(name) === undefined).map(memberOf);
}

function memberOf(consumer: ConsumerStatus): FleetMember {
  const { name, presenceMs } = consumer;
  const isOurs = isIncarnation(name);
  return {
    ...consumer,
    consumerId: name.replace(/~[0-9a-f]{8}$/, ''),
    kind: isOurs ? 'streamwarden' : 'go',
    isAlive: isOurs ? presenceMs !== null : null,
  };
}
