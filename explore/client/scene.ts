/** What a client's step takes part in: the client as it will be, and what it breaks on the way. */
import type { Violation } from '../invariants/violation.js';
import type { Command } from '../redis/commands.js';
import type { Rules } from '../rules.js';
import type { Client, Held } from '../world.js';

export interface Scene {
  /** To be changed: a copy of its own. What lies in it is replaced, never changed. */
  readonly client: Client;
  readonly rules: Rules;
  readonly capacity: number;
  readonly violations: Violation[];
  /** What happened, for people, in the order in which it did. */
  readonly told: string[];
}

export function send({ client }: Scene, command: Command): void {
  client.pipe = [...client.pipe, { command, answer: null }];
}

export function isSent({ client }: Scene, kind: Command['kind']): boolean {
  return client.pipe.some(({ command }) => command.kind === kind);
}

export function heldBy(client: Client, id: string): Held | undefined {
  return client.held.find((held) => held.id === id);
}

export function update({ client }: Scene, id: string, changes: Partial<Held>): void {
  client.held = client.held.map((held) => (held.id === id ? { ...held, ...changes } : held));
}

export function drop({ client }: Scene, id: string): void {
  client.held = client.held.filter((held) => held.id !== id);
}

/** Nothing of ours is on its way: whether it is still pending for us is for a verification to say. */
export function isAtRest({ state }: Held): boolean {
  return state === 'contended' || state === 'acquired' || state === 'working';
}

export function isStopped({ client }: Scene): boolean {
  return client.life !== 'running';
}
