/** What all steps of a configuration share: its server, and how a client takes one. */

import { goOn } from './client/going-on.js';
import type { Scene } from './client/scene.js';
import type { Configuration, FaultKind } from './configuration.js';
import { judge } from './invariants/executed.js';
import type { Violation } from './invariants/violation.js';
import type { Answer } from './redis/answers.js';
import type { Command } from './redis/commands.js';
import { type Scripts, Server } from './redis/server.js';
import { pendingOf, viewOf } from './redis/view.js';
import { type Rules, rulesWithout } from './rules.js';
import type { Next } from './step.js';
import type { Client, World } from './world.js';

export interface Ran {
  readonly world: World;
  readonly answer: Answer;
  readonly violations: readonly Violation[];
}

export class Explorer {
  readonly configuration: Configuration;
  readonly rules: Rules;
  readonly server: Server;

  constructor(configuration: Configuration, scripts: Scripts) {
    this.configuration = configuration;
    this.rules = rulesWithout(configuration.without);
    this.server = new Server(configuration.maxRetries, scripts);
  }

  /** Everyone is present and certain, and reads. */
  begin(): World {
    const { consumers, announced, entries, faults } = this.configuration;
    let redis = this.server.begin(consumers);
    for (let root = 0; root < announced; root += 1)
      redis = this.server.announce(redis, entries[root] as string, root);
    const clients = Array.from({ length: consumers }, (_, index) => newClient(index));
    const past = { finished: [], owned: [], tokens: {}, forced: [], generations: clients.map(() => 1) };
    let world: World = {
      redis,
      clients,
      announced,
      faults,
      late: [],
      orphanedReads: [],
      operator: null,
      past,
    };
    for (const { index } of clients) world = this.act(world, index, () => {}, '').world;
    return world;
  }

  /** A step of one client, and all that it does then without waiting. */
  act(
    world: World,
    index: number,
    change: (scene: Scene) => void,
    words: string | (() => string),
    before: readonly Violation[] = [],
  ): Next {
    const client: Client = { ...(world.clients[index] as Client) };
    const scene: Scene = {
      client,
      rules: this.rules,
      capacity: this.configuration.capacity,
      violations: [...before],
      told: [],
    };
    change(scene);
    if (client.life === 'running' || client.life === 'draining') goOn(scene);
    const present = client.life === 'running' || client.life === 'draining' ? client : ended(client);
    const clients = world.clients.map((other) => (other.index === index ? present : other));
    return {
      world: { ...world, clients },
      violations: scene.violations,
      told: () =>
        [typeof words === 'string' ? words : words(), ...scene.told].filter((text) => text !== '').join('; '),
    };
  }

  /** Redis executes a command, whoever waits for the answer. */
  run(world: World, client: number, command: Command): Ran {
    const before = viewOf(world.redis);
    if (command.kind === 'look')
      return { world, answer: { kind: 'pending', entries: pendingOf(before, client) }, violations: [] };
    const { redis, answer } = this.server.run(world.redis, client, command);
    const after = viewOf(redis);
    const { maxRetries } = this.configuration;
    const { past, violations } = judge({ world, before, after, client, command, answer, maxRetries });
    return { world: { ...world, redis, past }, answer, violations };
  }

  /** Answers to consumers that nothing strikes are not delayed: what they do next is, which comes to the same. */
  hearsAtOnce(client: number): boolean {
    return client >= (this.configuration.struck ?? this.configuration.consumers);
  }

  /** One fault of a kind less. */
  spend(world: World, kind: FaultKind): World {
    return { ...world, faults: { ...world.faults, [kind]: (world.faults[kind] ?? 0) - 1 } };
  }
}

function newClient(index: number): Client {
  return {
    index,
    life: 'running',
    isConnected: true,
    lease: 'present',
    generation: 1,
    known: 1,
    asked: 1,
    isStanding: true,
    isCertain: true,
    isDoubted: false,
    hasUnheardBeat: false,
    isConfirmed: true,
    verification: null,
    verifyAgain: false,
    isHalted: false,
    pipe: [],
    reading: { phase: 'idle' },
    held: [],
    asking: null,
    isSweeping: false,
    drain: null,
    unheard: null,
    returning: null,
  };
}

/** It knows nothing any more. */
function ended({ index, life }: Client): Client {
  return {
    ...newClient(index),
    life,
    isConnected: false,
    lease: 'absent',
    isStanding: false,
    isCertain: false,
    isConfirmed: false,
  };
}
