/** Every machine that a recording may speak of, by its id. */
import { balancerMachine } from '../machines/balancer.machine.js';
import { consumerMachine } from '../machines/consumer.machine.js';
import { dataReaderMachine } from '../machines/data-reader.machine.js';
import { intakeMachine } from '../machines/intake.machine.js';
import { leaseDeadlineMachine } from '../machines/lease-deadline.machine.js';
import { leaseKeeperMachine } from '../machines/lease-keeper.machine.js';
import { lockKeeperMachine } from '../machines/lock-keeper.machine.js';
import { masterSubscriptionMachine } from '../machines/master-subscription.machine.js';
import { ownershipMachine } from '../machines/ownership.machine.js';
import { reconcilerMachine } from '../machines/reconciler.machine.js';
import { supervisorMachine } from '../machines/supervisor.machine.js';
import { topologyWatcherMachine } from '../machines/topology-watcher.machine.js';
import { fingerprintOf, type Machine } from './fingerprint.js';

/** Machines by id. */
export type Machines = ReadonlyMap<string, Machine>;

export function machinesById(machines: Iterable<Machine>): Machines {
  return new Map([...machines].map((machine) => [machine.id, machine]));
}

/** The machines of this version of the package. */
export const presentMachines: Machines = machinesById([
  balancerMachine,
  consumerMachine,
  dataReaderMachine,
  intakeMachine,
  leaseDeadlineMachine,
  leaseKeeperMachine,
  lockKeeperMachine,
  masterSubscriptionMachine,
  ownershipMachine,
  reconcilerMachine,
  supervisorMachine,
  topologyWatcherMachine,
]);

/** Machine → fingerprint of its definition, in the order of their names. */
export function fingerprintsOf(machines: Machines): Record<string, string> {
  return Object.fromEntries(
    [...machines].sort(([a], [b]) => (a < b ? -1 : 1)).map(([id, machine]) => [id, fingerprintOf(machine)]),
  );
}
