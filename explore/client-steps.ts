/** What a client, its application, and Redis on its behalf may do next. */
import { readAnswered } from './client/acquisition.js';
import { answered } from './client/answers.js';
import { beat, connect, requestVerification } from './client/lease.js';
import { heldBy, isAtRest, type Scene, send } from './client/scene.js';
import { handOver } from './client/stop.js';
import { askForNames } from './client/waiting.js';
import { finish } from './client/work.js';
import { letterOf } from './consumers.js';
import type { Entry } from './entry.js';
import type { Explorer } from './explorer.js';
import { pendingOf, type View, viewOf } from './redis/view.js';
import type { Next, Step } from './step.js';
import { answerInWords, commandInWords } from './wording.js';
import type { Client, Sent, World } from './world.js';

export function clientSteps(explorer: Explorer, world: World, client: Client): Step[] {
  if (client.life !== 'running' && client.life !== 'draining') return [];
  const steps: Step[] = [];
  const me = letterOf(client.index);
  const view = viewOf(world.redis);
  const can = (take: () => Next) => steps.push({ isOptional: false, take });
  const act = (words: string, change: (scene: Scene) => void) =>
    can(() => explorer.act(world, client.index, change, words));

  const position = client.pipe.findIndex(({ answer }) => answer === null);
  if (position !== -1) can(() => execute(explorer, world, client, position));
  const [first] = client.pipe;
  if (first !== undefined && first.answer !== null) {
    act(`${me} hears of its ${commandInWords(first.command)}`, (scene) => {
      scene.client.pipe = scene.client.pipe.slice(1);
      answered(scene, first);
    });
  }
  if (client.reading.phase === 'parked' && view.entries.some(({ isDelivered }) => !isDelivered)) {
    const { count } = client.reading;
    can(() => readBy(explorer, world, client.index, count));
  }
  if (client.reading.phase === 'delivered') act(`${me} receives what it reads`, readAnswered);
  for (const { id, state } of client.held) {
    if (state === 'working') act(`${me}'s application is done with ${id}`, (scene) => finish(scene, id));
  }
  if (client.drain === 'quieting' && client.reading.phase === 'parked') {
    act(`${me} ends its read`, (scene) => {
      scene.client.reading = { phase: 'idle' };
    });
  }
  if (client.drain === 'returning') act(`${me} hands over what it works on`, handOver);
  if (!client.isConnected) act(`${me} connects again`, connect);
  if (beatMatters(client, view)) act(`${me} sends a beat`, beat);
  if (mayAsk(explorer, client, view))
    act(`${me} asks whether names are free`, (scene) => askForNames(scene, 'waiting'));
  if (explorer.rules.audits && seesWrongNumber(client, view))
    act(`${me} sees by their number that entries are pending that it does not know`, requestVerification);
  steps.push(...sweeps(explorer, world, client, view));
  return steps;
}

function execute(explorer: Explorer, world: World, client: Client, position: number): Next {
  const { command } = client.pipe[position] as Sent;
  const ran = explorer.run(world, client.index, command);
  const words = () =>
    `Redis executes ${letterOf(client.index)}'s ${commandInWords(command)}: ${answerInWords(ran.answer, command)}`;
  if (explorer.hearsAtOnce(client.index)) {
    const hear = (scene: Scene) => {
      scene.client.pipe = scene.client.pipe.slice(1);
      answered(scene, { command, answer: ran.answer });
    };
    return explorer.act(ran.world, client.index, hear, words, ran.violations);
  }
  const pipe = client.pipe.map((sent, at) => (at === position ? { ...sent, answer: ran.answer } : sent));
  const clients = world.clients.map((other) => (other.index === client.index ? { ...other, pipe } : other));
  return {
    world: { ...ran.world, clients },
    violations: ran.violations,
    told: words,
  };
}

function readBy(explorer: Explorer, world: World, index: number, count: number): Next {
  const { redis, answer } = readFrom(explorer, world, index, count);
  const reading: Client['reading'] = { phase: 'delivered', entries: answer };
  const clients = world.clients.map(
    (client): Client => (client.index === index ? { ...client, reading } : client),
  );
  const next = { ...world, redis, clients };
  const words = () => `Redis answers ${letterOf(index)}'s read: ${answer.map(({ id }) => id).join(', ')}`;
  if (explorer.hearsAtOnce(index)) return explorer.act(next, index, readAnswered, words);
  return { world: next, violations: [], told: words };
}

export function readFrom(explorer: Explorer, world: World, index: number, count: number) {
  const { entries } = viewOf(world.redis);
  const entryOf = (id: string): Entry => ({ id, name: entries.find((entry) => entry.id === id)?.name ?? '' });
  return explorer.server.read(world.redis, index, count, entryOf);
}

/** Beats that would change nothing are left out: presence stands, under this generation, and the lease is certain. */
function beatMatters(client: Client, view: View): boolean {
  if (!mayBeat(client)) return false;
  return (
    !client.isStanding ||
    (client.isDoubted && client.isConfirmed) ||
    view.presence[client.index] !== String(client.generation)
  );
}

export function mayBeat({ lease, isConnected, drain, pipe }: Client): boolean {
  if (lease !== 'present' || !isConnected || drain === 'leaving') return false;
  return !pipe.some(({ command }) => command.kind === 'refresh');
}

/** Asking is left out while every name is taken: the answer would change nothing. */
function mayAsk({ rules }: Explorer, client: Client, view: View): boolean {
  if (!rules.asksForNames || client.life !== 'running' || client.asking !== null || !client.isConfirmed)
    return false;
  return client.held.some(({ state, id, name }) => {
    const owner = view.owners.get(name);
    return state === 'contended' && (owner === undefined || owner === id || !view.pending.has(owner));
  });
}

function seesWrongNumber(client: Client, view: View): boolean {
  if (
    !client.isConfirmed ||
    client.drain === 'leaving' ||
    client.drain === 'quieting' ||
    client.unheard !== null
  )
    return false;
  const arriving = client.reading.phase === 'delivered' ? client.reading.entries : [];
  const isKnown = (id: string) =>
    heldBy(client, id) !== undefined || arriving.some((entry) => entry.id === id);
  if (pendingOf(view, client.index).some(({ id }) => !isKnown(id))) return true;
  return client.held.some((held) => isAtRest(held) && view.pending.get(held.id) !== client.index);
}

/** It has seen that a consumer has no presence, and what is pending for it. */
function sweeps(explorer: Explorer, world: World, client: Client, view: View): Step[] {
  if (client.isSweeping || client.isHalted || !client.isConnected || client.drain === 'leaving') return [];
  return world.clients.flatMap(({ index: from }) => {
    if (from === client.index || view.presence[from] !== undefined) return [];
    const entries = pendingOf(view, from);
    if (entries.length === 0) return [];
    const change = (scene: Scene) => {
      scene.client.isSweeping = true;
      send(scene, { kind: 'requeue', from, entries });
    };
    const words = `${letterOf(client.index)} sees that ${letterOf(from)} has no presence, and ${entries.map(({ id }) => id).join(', ')} pending`;
    return [{ isOptional: false, take: () => explorer.act(world, client.index, change, words) }];
  });
}
