/**
 * What makes two states the same. Ids count by their order only, and consumers not by their names: scripts compare them and do nothing else with
 * them. What an ended entry left behind counts only while an older one of its name is there, which is all that looks at it.
 */
import { createHash } from 'node:crypto';
import type { Command } from './redis/commands.js';
import { sequenceOf, type View, viewOf } from './redis/view.js';
import type { Client, World } from './world.js';

/** The client at index `i` is called `order[i]`. */
type Order = readonly number[];

const ORDERS: Readonly<Record<number, readonly Order[]>> = {
  1: [[0]],
  2: [[0, 1], [1, 0]],
  3: [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]],
}; // biome-ignore format: a table

/** Orders of the consumers that make no difference: those that are struck stay among themselves. */
export function ordersOf(consumers: number, struck: number): readonly Order[] {
  return (ORDERS[consumers] ?? []).filter((order) =>
    order.every((place, index) => place < struck === index < struck),
  );
}

/** A hash of 128 bits. */
export function keyOf(world: World, orders: readonly Order[]): string {
  let smallest = '';
  for (const order of likely(world, orders)) {
    const text = ranked(textOf(world, order));
    if (smallest === '' || text < smallest) smallest = text;
  }
  return createHash('md5').update(smallest).digest('binary');
}

/** Of all orders those that put the clients, as they look without ids and names, in order: one, unless some look alike. */
function likely({ clients }: World, orders: readonly Order[]): readonly Order[] {
  if (orders.length === 1) return orders;
  const shapes = clients.map((client) => textsOf(client).shape);
  let best: Order[] = [];
  let smallest: readonly string[] = [];
  for (const order of orders) {
    const placed = inPlace(order, shapes);
    const difference = best.length === 0 ? -1 : compare(placed, smallest);
    if (difference < 0) {
      best = [order];
      smallest = placed;
    } else if (difference === 0) best.push(order);
  }
  return best;
}

function compare(a: readonly string[], b: readonly string[]): number {
  const at = a.findIndex((text, index) => text !== b[index]);
  if (at === -1) return 0;
  return (a[at] as string) < (b[at] as string) ? -1 : 1;
}

function inPlace<T>(order: Order, items: readonly T[]): T[] {
  const placed: T[] = [];
  order.forEach((place, index) => {
    placed[place] = items[index] as T;
  });
  return placed;
}

const ID = /1000-(\d+)/g;

/** Ids by their rank among all ids that occur. */
function ranked(text: string): string {
  const seen = new Set<string>();
  for (const [, sequence] of text.matchAll(ID)) seen.add(sequence as string);
  const ranks = new Map(
    [...seen].sort((a, b) => Number(a) - Number(b)).map((sequence, rank) => [sequence, rank]),
  );
  return text.replace(ID, (_, sequence: string) => `#${ranks.get(sequence)}`);
}

function textOf(world: World, order: Order): string {
  const { clients, announced, faults, late, orphanedReads, operator, past } = world;
  const view = viewOf(world.redis);
  const { owned, tokens, finished, forced, generations } = past;
  const parts = [
    ...inPlace(order, clients.map((client) => clientText(client, order))),
    redisText(view, order),
    announced,
    ...Object.entries(faults).map(([kind, left]) => `${kind}${left}`),
    late.map(({ client, commands }) => [order[client], ...commands.map((command) => commandText(command, order))].join(' ')).sort().join('|'),
    orphanedReads.map(({ client, count }) => `${order[client]}:${count}`).sort().join(' '),
    operator === null ? '' : commandText(operator, order),
    owned.map(({ id, client }) => `${id}:${order[client]}`).sort(byId).join(' '),
    ofNames(Object.entries(tokens), (name, id) => hasOlder(view, name, id)),
    finished.join(' '),
    forced.join(' '),
    inPlace(order, generations).join(' '),
  ]; // biome-ignore format: one list
  return parts.join('\n');
}

function byId(a: string, b: string): number {
  return sequenceOf(a.slice(0, a.indexOf(':'))) - sequenceOf(b.slice(0, b.indexOf(':')));
}

function ofNames(
  pairs: Iterable<[name: string, id: string]>,
  counts: (name: string, id: string) => boolean,
): string {
  return [...pairs]
    .filter(([name, id]) => counts(name, id))
    .map(([name, id]) => `${name}=${id}`)
    .sort()
    .join(' ');
}

/** Whether an entry of this name is there that is older: nothing else looks at what has ended. */
function hasOlder({ entries }: View, name: string, id: string): boolean {
  return entries.some((entry) => entry.name === name && sequenceOf(entry.id) < sequenceOf(id));
}

interface Texts {
  /** Without what a requeue is from, which depends on the order. */
  readonly whole: string;
  /** Without ids. */
  readonly shape: string;
  readonly hasRequeue: boolean;
}

const texts = new WeakMap<Client, Texts>();

function textsOf(client: Client): Texts {
  let known = texts.get(client);
  if (known === undefined) {
    const whole = wholeText(client);
    known = {
      whole,
      shape: whole.replace(ID, ''),
      hasRequeue: client.pipe.some(({ command }) => command.kind === 'requeue'),
    };
    texts.set(client, known);
  }
  return known;
}

function clientText(client: Client, order: Order): string {
  const { whole, hasRequeue } = textsOf(client);
  if (!hasRequeue) return whole;
  const from = client.pipe.flatMap(({ command }) =>
    command.kind === 'requeue' ? [order[command.from]] : [],
  );
  return `${whole} ${from.join(' ')}`;
}

function flags(...values: readonly boolean[]): string {
  return values.map((value) => (value ? 1 : 0)).join('');
}

function wholeText(client: Client): string {
  const {
    life,
    lease,
    generation,
    known,
    asked,
    verification,
    reading,
    held,
    pipe,
    asking,
    drain,
    unheard,
    returning,
  } = client;
  return [
    life, lease, generation, known, asked,
    flags(client.isConnected, client.isStanding, client.isCertain, client.isDoubted, client.hasUnheardBeat, client.isConfirmed, client.verifyAgain, client.isHalted, client.isSweeping),
    verification === null ? '' : verification.phase === 'look' ? `look ${verification.held.join(' ')}` : 'adopt',
    reading.phase, 'count' in reading ? reading.count : '', 'entries' in reading ? reading.entries.map(({ id }) => id).join(' ') : '',
    held.map(({ id, name, state, reason, isSent, mayBeRepeat, isUnheard }) => `${id} ${name} ${state} ${reason ?? ''} ${flags(!!isSent, !!mayBeRepeat, !!isUnheard)}`).join('|'),
    pipe.map(({ command, answer, isOver }) => `${commandText(command)}:${answer === null ? '' : JSON.stringify(answer)}${isOver ? '!' : ''}`).join('|'),
    asking === null ? '' : JSON.stringify(asking),
    drain ?? '', unheard ?? '',
    returning === null ? '' : JSON.stringify(returning),
  ].join(','); // biome-ignore format: one list
}

function commandText(command: Command, order?: Order): string {
  const generation = 'generation' in command ? command.generation : '';
  const entries = 'entries' in command ? command.entries.map(({ id, name }) => `${id}${name}`).join(' ') : '';
  const purpose = 'purpose' in command ? command.purpose : '';
  const reason = 'reason' in command ? command.reason : '';
  const from = 'from' in command && order ? order[command.from] : '';
  return `${command.kind} ${generation} ${entries} ${purpose} ${reason} ${from}${'isForced' in command && command.isForced ? '!' : ''}`;
}

function redisText(view: View, order: Order): string {
  const { entries, pending, presence, owners, endings, parked, turns, letters } = view;
  return [
    entries.map(({ id, name, root, retries, isSuspect, isDelivered }) => `${id} ${name} ${root} ${retries}${isSuspect ? '?' : ''} ${isDelivered ? '' : 'new'}`).join('|'),
    [...pending].map(([id, client]) => `${id}:${order[client]}`).join(' '),
    inPlace(order, presence.slice(0, order.length)).map((generation) => generation ?? '-').join(' '),
    ofNames(owners, (name, id) => pending.has(id) || hasOlder(view, name, id)),
    ofNames(endings, (name, id) => hasOlder(view, name, id)),
    parked.map(({ name, root, retries }) => `${name} ${root} ${retries}`).join('|'),
    ofNames(turns, () => true),
    letters.map(({ root, retries }) => `${root}:${retries}`).sort().join(' '),
  ].join('\n'); // biome-ignore format: one list
}
