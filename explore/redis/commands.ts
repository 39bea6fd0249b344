/** What clients ask of Redis, and how it is written on the wire: as `src/redis/lease-store.ts`, `group.ts` and `claims.ts` write it, which a test holds. */
import type { GiveBackReason } from '../../src/redis/lease-store.js';
import { flatten } from '../../src/redis/lease-store.js';
import { createNames } from '../../src/redis/names.js';
import type { ScriptName } from '../../src/redis/scripts.js';
import { CONSUMERS } from '../consumers.js';
import type { Entry } from '../entry.js';

export type Command =
  | { readonly kind: 'raise' | 'refresh'; readonly generation: number }
  | {
      readonly kind: 'acquire';
      readonly generation: number;
      readonly entries: readonly Entry[];
      readonly purpose: 'read' | 'adoption';
    }
  | { readonly kind: 'done'; readonly generation: number; readonly entries: readonly Entry[] }
  | {
      readonly kind: 'giveBack';
      readonly generation: number;
      readonly entries: readonly Entry[];
      readonly reason: GiveBackReason;
      readonly purpose: 'held' | 'asking' | 'returning';
    }
  /** What is pending for the caller, with the names that it announces. */
  | { readonly kind: 'look'; readonly purpose: 'verification' | 'unheard' }
  | { readonly kind: 'leave' }
  | { readonly kind: 'requeue'; readonly from: number; readonly entries: readonly Entry[] }
  | {
      readonly kind: 'claim';
      readonly from: number;
      readonly entries: readonly [Entry];
      readonly isForced: boolean;
    };

export type ScriptCommand = Exclude<Command, { kind: 'look' }>;

export const NAMES = createNames({ service: 'explored' });
export const HEARTBEAT_MS = 2_000;
export const DLQ_MAX_LEN = 10_000;
export const OPERATOR = 'operator~000000ff';

export interface ScriptCall {
  readonly script: ScriptName;
  readonly keys: readonly string[];
  readonly args: readonly (string | number)[];
}

const SCRIPT_OF: Record<ScriptCommand['kind'], ScriptName> = {
  raise: 'raise',
  refresh: 'refresh',
  acquire: 'acquire',
  done: 'done',
  giveBack: 'give-back',
  leave: 'leave',
  requeue: 'requeue',
  claim: 'claim',
};

const ASIDE = [NAMES.cancels, ...NAMES.parking];
const [parked, , parkedCounts] = NAMES.parking;

/** @param client who sends it */
export function callOf(command: ScriptCommand, client: number, maxRetries: number): ScriptCall {
  const { lbs, group, owners, endings, dlq } = NAMES;
  const consumer = CONSUMERS[client] as string;
  const presence = NAMES.presence(consumer);
  const script = SCRIPT_OF[command.kind];
  switch (command.kind) {
    case 'raise':
      return {
        script,
        keys: [presence],
        args: [command.generation, HEARTBEAT_MS, consumer, NAMES.presences],
      };
    case 'refresh':
      return {
        script,
        keys: [presence],
        args: [
          command.generation,
          HEARTBEAT_MS,
          consumer,
          NAMES.touches,
          NAMES.delayedDue,
          NAMES.cancels,
          parked,
          parkedCounts,
          NAMES.presences,
          NAMES.members,
          '',
          NAMES.balance,
          NAMES.lbs,
          '',
        ],
      };
    case 'acquire':
    case 'done': {
      const { generation, entries } = command;
      return {
        script,
        keys: [
          lbs,
          presence,
          owners,
          ...endings,
          ...(script === 'acquire' ? [...ASIDE, NAMES.checkpoints] : NAMES.parking),
        ],
        args: [group, consumer, generation, ...flatten(entries)],
      };
    }
    case 'giveBack': {
      const { generation, entries, reason } = command;
      const args = [group, consumer, generation, maxRetries, DLQ_MAX_LEN, reason, ...flatten(entries)];
      return { script, keys: [lbs, presence, owners, ...endings, dlq, ...ASIDE], args };
    }
    case 'leave':
      return {
        script,
        keys: [lbs, presence, NAMES.presences],
        args: [group, consumer, NAMES.wakes(consumer)],
      };
    case 'requeue': {
      const dead = CONSUMERS[command.from] as string;
      const args = [group, dead, consumer, maxRetries, DLQ_MAX_LEN, 0, 0, 0, ...flatten(command.entries)];
      return { script, keys: [lbs, NAMES.presence(dead), owners, ...endings, dlq, ...ASIDE], args };
    }
    case 'claim': {
      const holder = CONSUMERS[command.from] as string;
      const [{ id, name }] = command.entries;
      return {
        script,
        keys: [lbs, NAMES.presence(holder), owners, ...endings, dlq, lbs, ...ASIDE],
        args: [group, holder, OPERATOR, command.isForced ? 1 : 0, 0, 0, id, name],
      };
    }
  }
}
