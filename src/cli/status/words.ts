/** The status of a service in words, for people. */

import { changeIn, type Move } from '../../admin/status/moves.js';
import type {
  BalanceStatus,
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

/** Processes of one line about moves. */
const MOST_MOVES = 6;

export function statusInWords(status: ServiceStatus, at: number): string {
  const { service, stream, group, consumers, balance, dlq, delayed, parked, paused } = status;
  const read = group.created ? readInWords(group) : `no group ${group.name} yet: no consumer has started`;
  const lines = [
    `service ${service}`,
    `  ${stream.name}: ${entries(stream.length)} (${read})`,
    `  ${dlq.name}: ${plural(dlq.length, 'dead letter')}`,
    ...(delayed === null || delayed.count === 0 ? [] : [`  ${delayedInWords(delayed)}`]),
    ...(parked === null || parked.count === 0 ? [] : [`  ${parkedInWords(parked)}`]),
    ...(paused === null || paused.count === 0 ? [] : [`  ${pausedInWords(paused)}`]),
    ...(balance === null ? [] : [`  ${balanceInWords(balance)}`]),
    ...lagLines(consumers),
    '',
  ];
  if (consumers.length === 0) return [...lines, 'no consumers'].join('\n');
  return [...lines, workTable(consumers), ...processTable(consumers, at)].join('\n');
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

function balanceInWords({ imbalance, ordered, waits }: BalanceStatus): string {
  return [
    `balance: at most ${Math.round(imbalance * 100)} % from the fair share`,
    ...(ordered > 0 ? [`${plural(ordered, 'stream')} to be handed over`] : []),
    ...(waits === null ? [] : [`waits: ${printable(waits)}`]),
  ].join(', ');
}

/** Of all processes that say so; what reads no entries need not hear of it. */
function lagLines(consumers: readonly ConsumerStatus[]): string[] {
  const lags = consumers.flatMap(({ process }) => process?.lag ?? []);
  if (lags.length === 0) return [];
  const behind = lags.reduce((sum, lag) => sum + lag.behind, 0);
  const count = lags.reduce((sum, lag) => sum + lag.entries, 0);
  if (behind === 0) return ['  lag: none, all entries are dealt with'];
  const oldestMs = Math.max(...lags.map(({ ms }) => ms ?? 0));
  const age = oldestMs > 0 ? `, the oldest for ${duration(oldestMs)}` : '';
  return [`  lag: ${entries(count)} of ${plural(behind, 'stream')} wait to be dealt with${age}`];
}

/** Entries, and for how long the oldest has waited. */
function lagInWords({ process }: ConsumerStatus): string {
  const lag = process?.lag ?? null;
  if (lag === null) return '-';
  return lag.entries === 0 || lag.ms === null ? `${lag.entries}` : `${lag.entries}, ${duration(lag.ms)}`;
}

type Column = readonly [heading: string, cell: (consumer: ConsumerStatus) => string | number];

function tableOf(consumers: readonly ConsumerStatus[], columns: readonly Column[]): string {
  const rows = consumers.map((consumer) => columns.map(([, cell]) => cell(consumer)));
  return table(
    columns.map(([heading]) => heading),
    rows,
  );
}

/** What each does. What is the same for all needs no column. */
function workTable(consumers: readonly ConsumerStatus[]): string {
  const hasWeights = consumers.some(({ process }) => process !== null && process.weight !== 1);
  const isMoving = consumers.some(({ handOver }) => handOver !== 0);
  const lag: Column = ['LAG', lagInWords];
  const weight: Column = ['WEIGHT', ({ process }) => process?.weight ?? '-'];
  const toMove: Column = ['TO MOVE', ({ handOver }) => (handOver === 0 ? '-' : signed(-handOver))];
  return tableOf(consumers, [
    ['CONSUMER', ({ name }) => name],
    ['STATE', ({ process }) => process?.state ?? '-'],
    ['OWNED', (consumer) => (isOwnable(consumer) ? ownedInWords(consumer) : '-')],
    ...(hasWeights ? [weight] : []),
    ...(isMoving ? [toMove] : []),
    ...(consumers.some(({ process }) => process?.lag) ? [lag] : []),
    [
      'WAITING',
      (consumer) => (isOwnable(consumer) ? Math.max(0, consumer.pending - (consumer.owned ?? 0)) : '-'),
    ],
    ['PENDING', ({ pending }) => pending],
    ['LEASE', ({ presenceMs }) => (presenceMs === null ? 'none' : duration(presenceMs))],
    ['IDLE', ({ idleMs }) => duration(idleMs)],
  ]);
}

/** Who each is, of those that say so. */
function processTable(consumers: readonly ConsumerStatus[], at: number): string[] {
  const known = consumers.filter(({ process }) => process !== null);
  if (known.length === 0) return [];
  const inspector: Column = ['INSPECTOR', ({ process }) => process?.inspector ?? '-'];
  const columns: Column[] = [
    ['CONSUMER', ({ name }) => name],
    ['VERSION', ({ process }) => process?.version ?? '-'],
    ['SINCE', ({ process }) => `${duration(Math.max(0, at - (process?.since ?? at)))} ago`],
    ['HOST', ({ process }) => process?.host ?? '-'],
    ...(known.some(({ process }) => process?.inspector) ? [inspector] : []),
  ];
  return ['', tableOf(known, columns)];
}

/** What waits for the dead-letter stream is nobody's until it has been written there. */
function isOwnable({ name, owned }: ConsumerStatus): boolean {
  return owned !== null && dueReason(name) === undefined;
}

function ownedInWords({ owned, process }: ConsumerStatus): string {
  return process === null ? `${owned}` : `${owned} of ${process.capacity}`;
}

function signed(count: number): string {
  return count > 0 ? `+${count}` : String(count);
}

/** One line: who has fewer streams than before, and who more. */
export function movesInWords(moves: readonly Move[]): string {
  const some = moves.slice(0, MOST_MOVES).map((move) => {
    const { consumer, before, now, ordered } = move;
    const change = signed(changeIn(move));
    const what = before === null ? `${change}, new` : now === null ? `${change}, gone` : change;
    return `${printable(consumer)} ${what}${ordered === 0 ? '' : ` (${signed(-ordered)} ordered)`}`;
  });
  const more = moves.length - some.length;
  return `${some.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
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
