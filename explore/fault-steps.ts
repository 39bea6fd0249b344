/** What may befall a world, and what that leaves behind. None of it has to happen. */
import { readLost } from './client/acquisition.js';
import { disconnected } from './client/answers.js';
import { beat, isExecutedBeat, passTime } from './client/lease.js';
import { stop } from './client/stop.js';
import { giveBack } from './client/work.js';
import { mayBeat, readFrom } from './client-steps.js';
import type { FaultKind } from './configuration.js';
import { letterOf } from './consumers.js';
import type { Explorer } from './explorer.js';
import type { Violation } from './invariants/violation.js';
import type { Answer } from './redis/answers.js';
import type { Command } from './redis/commands.js';
import { type StoredEntry, viewOf } from './redis/view.js';
import type { Next, Step } from './step.js';
import { answerInWords, commandInWords } from './wording.js';
import type { Client, Sent, World } from './world.js';

export function faultSteps(explorer: Explorer, world: World): Step[] {
  const { consumers, struck = consumers } = explorer.configuration;
  return [
    ...world.clients.slice(0, struck).flatMap((client) => strikes(explorer, world, client)),
    ...operatorSteps(explorer, world),
    ...remainders(explorer, world),
  ];
}

function strikes(explorer: Explorer, world: World, client: Client): Step[] {
  if (client.life !== 'running' && client.life !== 'draining') return [];
  const steps: Step[] = [];
  const { index } = client;
  const me = letterOf(index);
  const may = (kind: FaultKind) => (world.faults[kind] ?? 0) > 0;
  const strike = (kind: FaultKind, words: string, change: Parameters<Explorer['act']>[2], before = world) =>
    steps.push({
      isOptional: true,
      take: () => explorer.act(explorer.spend(before, kind), index, change, words),
    });

  if (may('cut') && client.isConnected && client.pipe.length > 0)
    strike('cut', `${me}'s connection breaks${lostOf(client.pipe)}`, disconnected);
  const unexecuted = client.pipe.filter(({ answer }) => answer === null).map(({ command }) => command);
  if (may('late') && client.isConnected && unexecuted.length > 0) {
    const words = `${me} gives its connection up; ${unexecuted.map(commandInWords).join(', ')} may still reach Redis`;
    strike('late', words, disconnected, {
      ...world,
      late: [...world.late, { client: index, commands: unexecuted }],
    });
  }
  if (may('lostRead') && client.reading.phase === 'delivered')
    strike('lostRead', `the answer to ${me}'s read is lost`, readLost);
  if (may('halfOpenReader') && client.reading.phase === 'parked') {
    const { count } = client.reading;
    const words = `${me}'s reading connection breaks on its side only; Redis keeps the parked read, and ${me} reads on a new one`;
    strike('halfOpenReader', words, readLost, {
      ...world,
      orphanedReads: [...world.orphanedReads, { client: index, count }],
    });
  }
  const hasLease =
    client.isCertain || client.isStanding || client.hasUnheardBeat || client.pipe.some(isExecutedBeat);
  if (may('lapse') && hasLease)
    strike('lapse', `time passes, and ${me}'s lease is over by its clock`, passTime);
  if (may('beat') && client.isStanding && mayBeat(client)) strike('beat', `${me} sends a beat`, beat);
  if (may('crash')) {
    strike('crash', `${me} crashes`, (scene) => {
      scene.client.life = 'gone';
    });
  }
  if (client.life !== 'running') return steps;
  if (may('stop')) strike('stop', `${me} begins to stop`, stop);
  for (const { id, state } of client.held) {
    if (state !== 'working') continue;
    if (may('throw'))
      strike('throw', `${me}'s handler throws for ${id}`, (scene) => giveBack(scene, id, 'failed'));
    if (may('release'))
      strike('release', `${me}'s application releases ${id}`, (scene) => giveBack(scene, id, 'handOver'));
  }
  return steps;
}

function lostOf(pipe: readonly Sent[]): string {
  const executed = pipe.filter(({ answer }) => answer !== null).map(({ command }) => commandInWords(command));
  return executed.length > 0 ? `, and the answer to its ${executed.join(', ')} is lost` : '';
}

/** An operator looks first, and then acts on what it saw. */
function operatorSteps(explorer: Explorer, world: World): Step[] {
  const view = viewOf(world.redis);
  const { operator } = world;
  if (operator !== null) {
    const from = operator.kind === 'claim' ? operator.from : 0;
    const take = (): Next => {
      const ran = explorer.run(world, from, operator);
      return {
        world: { ...ran.world, operator: null },
        violations: ran.violations,
        told: () =>
          `Redis executes the operator's ${commandInWords(operator)}: ${answerInWords(ran.answer, operator)}`,
      };
    };
    return [{ isOptional: true, take }];
  }
  const claim = (kind: 'claim' | 'force', { id, name }: StoredEntry, from: number): Step => ({
    isOptional: true,
    take: () => ({
      world: {
        ...explorer.spend(world, kind),
        operator: { kind: 'claim', from, entries: [{ id, name }], isForced: kind === 'force' },
      },
      violations: [],
      told: () =>
        `an operator sees ${id}, pending for ${letterOf(from)}${kind === 'claim' ? ', which has no presence' : ''}`,
    }),
  });
  return view.entries.flatMap((entry) => {
    const from = view.pending.get(entry.id);
    if (from === undefined) return [];
    const steps: Step[] = [];
    if ((world.faults.claim ?? 0) > 0 && view.presence[from] === undefined)
      steps.push(claim('claim', entry, from));
    if ((world.faults.force ?? 0) > 0) steps.push(claim('force', entry, from));
    return steps;
  });
}

/** Commands and reads that were given up, and reach Redis all the same. */
function remainders(explorer: Explorer, world: World): Step[] {
  const late = world.late.map(
    (_, at): Step => ({ isOptional: true, take: () => arrive(explorer, world, at) }),
  );
  const hasNew = viewOf(world.redis).entries.some(({ isDelivered }) => !isDelivered);
  const reads = hasNew
    ? world.orphanedReads.map((_, at): Step => ({ isOptional: true, take: () => serve(explorer, world, at) }))
    : [];
  return [...late, ...reads];
}

function arrive(explorer: Explorer, world: World, at: number): Next {
  const { client, commands } = world.late[at] as World['late'][number];
  const [command, ...rest] = commands;
  if (command === undefined) throw new Error('expected a late command, got: none');
  const ran = explorer.run(world, client, command);
  const late = world.late.flatMap((group, position) =>
    position !== at ? [group] : rest.length > 0 ? [{ client, commands: rest }] : [],
  );
  const isBeat = isExecutedBeat(ran);
  const clients = world.clients.map((other) =>
    isBeat && other.index === client && (other.life === 'running' || other.life === 'draining')
      ? { ...other, hasUnheardBeat: true }
      : other,
  );
  return {
    world: { ...ran.world, late, clients },
    violations: [...ran.violations, ...effectOfLate(world, client, command, ran.answer)],
    told: () =>
      `Redis executes ${letterOf(client)}'s ${commandInWords(command)}, which was given up: ${answerInWords(ran.answer, command)}`,
  };
}

/** What was given up has no effect once the next connection is in use. */
function effectOfLate({ clients }: World, index: number, command: Command, { kind }: Answer): Violation[] {
  const isFenced = command.kind === 'acquire' || command.kind === 'done' || command.kind === 'giveBack';
  if (!isFenced || kind === 'refused' || clients[index]?.lease !== 'present') return [];
  const message = `${letterOf(index)} has given this command up, and uses a new connection: it should have been refused`;
  return [{ clause: 'C-DONE-3', message }];
}

function serve(explorer: Explorer, world: World, at: number): Next {
  const { client, count } = world.orphanedReads[at] as World['orphanedReads'][number];
  const { redis, answer } = readFrom(explorer, world, client, count);
  return {
    world: { ...world, redis, orphanedReads: world.orphanedReads.filter((_, position) => position !== at) },
    violations: [],
    told: () =>
      `Redis answers ${letterOf(client)}'s old read with ${answer.map(({ id }) => id).join(', ')}; nobody receives it`,
  };
}
