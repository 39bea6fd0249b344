/** The status of a service in words, for people. */

import type {
  ConsumerStatus,
  DelayedStatus,
  ParkedStatus,
  PausedStatus,
  ServiceStatus,
} from '../../admin/status/service-status.js';
import { readInWords } from '../../admin/status/words.js';
import { duration, entries, plural } from '../../core/amounts.js';
import { dueReason } from '../../redis/due-consumer.js';
import { table, timeOfDay } from '../output.js';
import { printable } from '../printable.js';
import type { Rates } from './rates.js';

export function statusInWords(status: ServiceStatus): string {
  const { service, stream, group, consumers, dlq, delayed, parked, paused } = status;
  const read = group.created ? readInWords(group) : `no group ${group.name} yet: no consumer has started`;
  const lines = [
    `service ${service}`,
    `  ${stream.name}: ${entries(stream.length)} (${read})`,
    `  ${dlq.name}: ${plural(dlq.length, 'dead letter')}`,
    ...(delayed === null || delayed.count === 0 ? [] : [`  ${delayedInWords(delayed)}`]),
    ...(parked === null || parked.count === 0 ? [] : [`  ${parkedInWords(parked)}`]),
    ...(paused === null || paused.count === 0 ? [] : [`  ${pausedInWords(paused)}`]),
    '',
  ];
  if (consumers.length === 0) return [...lines, 'no consumers'].join('\n');
  const headings = ['CONSUMER', 'PENDING', 'PRESENCE', 'IDLE', 'OWNED', 'WAITING'];
  return [...lines, table(headings, consumers.map(rowOf))].join('\n');
}

/** A service that delays nothing need not hear of it. */
export function delayedInWords({ count, nextMs, lateMs }: DelayedStatus): string {
  const when =
    nextMs === null ? `the first is ${duration(lateMs)} late` : `the next is due in ${duration(nextMs)}`;
  return `${count} delayed: ${when}`;
}

/** The hottest three. */
export function parkedInWords({ count, names, hottest }: ParkedStatus): string {
  const most = hottest.slice(0, 3).map(({ name, parked }) => `${printable(name)} ${parked}`);
  return `${count} parked of ${plural(names, 'name')}, owned or paused: ${most.join(', ')}${names > 3 ? ', …' : ''}`;
}

function pausedInWords({ count, names }: PausedStatus): string {
  const some = names.slice(0, 5).map(({ name }) => printable(name));
  return `${count} paused: ${some.join(', ')}${count > 5 ? ', …' : ''}`;
}

function rowOf({ name, pending, owned, presenceMs, idleMs }: ConsumerStatus): (string | number)[] {
  // Nobody's, until they have been written to the dead-letter stream.
  const isOwnable = owned !== null && dueReason(name) === undefined;
  return [
    printable(name),
    pending,
    presenceMs === null ? 'none' : `${presenceMs} ms left`,
    duration(idleMs),
    isOwnable ? owned : '-',
    isOwnable ? Math.max(0, pending - owned) : '-',
  ];
}

/** @param rates undefined: there is nothing yet to compare with */
export function ratesInWords(rates: Rates | undefined): string {
  const figures = (['announced', 'delivered', 'removed', 'deadLettered'] as const).map((name) => {
    const rate = rates?.[name] ?? null;
    return rate === null ? '-' : rate.toFixed(1);
  });
  return table(['PER SECOND', 'ANNOUNCED', 'GIVEN OUT', 'GONE', 'DEAD-LETTERED'], [['', ...figures]]);
}

export interface Trouble {
  /** Since when, epoch milliseconds. */
  readonly since: number;
  readonly message: string;
}

export function troubleInWords({ since, message }: Trouble): string {
  return `cannot be looked at since ${timeOfDay(since)}: ${printable(message)}`;
}
