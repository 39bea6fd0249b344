/**
 * The lines of a recording, version 2: JSON Lines, a header and then what happened, oldest first. docs/reference/recording-format.md is the
 * specification; these schemas are what a reader holds a file against.
 */
import * as z from 'zod';
import type { Json } from './json-safe.js';
import type { Patch } from './patch.js';

export const FORMAT = 'streamwarden-recording';

/** What is written. A reader refuses a later one, and compares of version 1 what it has: it lacks parameters of actions, what they saw, and effects of a spawn. */
export const FORMAT_VERSION = 2;

export type FormatVersion = 1 | 2;

/** A state value as XState has it: a name, or the state of each region by the region's name. */
export type StateValue = string | { readonly [region: string]: StateValue };

/** An event as it was delivered. */
export interface RecordedEvent {
  readonly type: string;
  readonly [field: string]: Json;
}

/** Why an actor takes no further event. */
export type EndStatus = 'done' | 'error' | 'stopped';

const json = z.custom<Json>((value) => value !== undefined);
const whole = z.int().min(0);
const text = z.string().min(1);
export const stateValue = z.custom<StateValue>(isStateValue, 'expected the state of a machine');
const status = z.enum(['done', 'error', 'stopped']);
export const recordedEvent = z.custom<RecordedEvent>(
  (value) => isFields(value) && typeof value.type === 'string' && value.type !== '',
  'expected an object with a type',
);
const patch = z.custom<Patch>(
  (value) =>
    Array.isArray(value) && value.every((operation) => Array.isArray(operation) && isOperation(operation)),
);

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isStateValue(value: unknown): boolean {
  return typeof value === 'string' || (isFields(value) && Object.values(value).every(isStateValue));
}

function isOperation([path, start, removed, ...items]: readonly unknown[]): boolean {
  if (typeof path !== 'string' || (path !== '' && !path.startsWith('/'))) return false;
  if (removed === undefined) return items.length === 0;
  return [start, removed].every((value) => Number.isSafeInteger(value) && (value as number) >= 0);
}

export const headerSchema = z.object({
  kind: z.literal('header'),
  format: z.literal(FORMAT),
  version: z.literal([1, FORMAT_VERSION]),
  /** Version of the package that recorded. */
  package: text,
  service: text,
  /** Name in the consumer group: the incarnation. */
  consumer: text,
  /** When recording began, epoch milliseconds. */
  startedAt: z.number(),
  /** Why there is this file: `record`, or what made the flight recorder write. */
  why: text,
  /** The only actor that it tells of; absent: it tells of all. */
  only: text.optional(),
  /** Machine → fingerprint of its definition. */
  machines: z.record(z.string(), text),
});

const base = { seq: whole, at: z.number(), actor: text, machine: text };
const by = { by: whole.optional() };

export const lineSchema = z.discriminatedUnion('kind', [
  /** An actor was made. */
  z.object({
    kind: z.literal('spawn'),
    ...base,
    ...by,
    input: json.optional(),
    state: stateValue,
    context: json,
    /** What the machine asked for as it began, in words; effects.ts. */
    effects: z.array(text).optional(),
    status: status.optional(),
  }),
  /** An actor that was there before recording began, or from whose events some were lost: as it stands. */
  z.object({ kind: z.literal('join'), ...base, state: stateValue, context: json }),
  /** An event was delivered, and led to this. */
  z.object({
    kind: z.literal('event'),
    ...base,
    ...by,
    event: recordedEvent,
    state: stateValue,
    patch: patch.optional(),
    /** What the machine asked for, in words; effects.ts. */
    effects: z.array(text).optional(),
    status: status.optional(),
    threw: json.optional(),
  }),
  /** The application was told something. */
  z.object({
    kind: z.literal('notification'),
    seq: whole,
    at: z.number(),
    ...by,
    notification: recordedEvent,
  }),
  /** So many lines are missing here. */
  z.object({ kind: z.literal('lost'), seq: whole, at: z.number(), lines: whole }),
  /** The last line of a recording that was ended and not cut off. */
  z.object({
    kind: z.literal('end'),
    seq: whole,
    at: z.number(),
    why: text,
    events: whole,
    lost: whole,
  }),
]);

export type Header = z.output<typeof headerSchema>;
export type Line = z.output<typeof lineSchema>;
export type SpawnLine = Extract<Line, { kind: 'spawn' }>;
export type JoinLine = Extract<Line, { kind: 'join' }>;
export type EventLine = Extract<Line, { kind: 'event' }>;
export type NotificationLine = Extract<Line, { kind: 'notification' }>;
/** A line about one actor. */
export type ActorLine = SpawnLine | JoinLine | EventLine;

export function isActorLine(line: Line): line is ActorLine {
  return line.kind === 'spawn' || line.kind === 'join' || line.kind === 'event';
}
