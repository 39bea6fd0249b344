/**
 * The message format of Stately's inspector: what the package `@statelyai/inspect` sends and its receivers read, one JSON object a message, as its
 * types declare it (`StatelyInspectionEvent` in src/types.ts of https://github.com/statelyai/inspect) and as its conversion of XState's inspection
 * events fills it in (`convertXStateEvent` in src/createInspector.ts). That package is no dependency of ours; tests hold the two together.
 */
import type { Json } from '../../replay/json-safe.js';

/** Version of the package that was read. Its receivers take what has any version for a message. */
export const FORMAT_VERSION = '0.7.2';

interface MessageBase {
  /** Who it is about: unique in the process, and another one when an actor is started again. */
  readonly sessionId: string;
  /** The top of the tree that it stands in: here the supervisor of its runtime. */
  readonly rootId: string;
  /** Epoch milliseconds, as a text. */
  readonly createdAt: string;
  readonly id: string;
  readonly _version: typeof FORMAT_VERSION;
}

/** How an actor stands. */
export interface StatelySnapshot {
  readonly status: string;
  readonly value: Json;
  readonly context: Json;
  /** What was thrown, where the status is `error`. */
  readonly error?: Json;
}

/** An actor is there. */
export interface ActorMessage extends MessageBase {
  readonly type: '@xstate.actor';
  readonly name: string;
  readonly snapshot: StatelySnapshot;
  /** The config of its machine as a text of JSON; a function in it is `{ "type": its name }`. */
  readonly definition: string;
  /** Left out at the top. */
  readonly parentId?: string;
}

/** An actor was told something. */
export interface EventMessage extends MessageBase {
  readonly type: '@xstate.event';
  readonly event: Json;
  /** The actor that told it; left out: it came from outside. */
  readonly sourceId?: string;
}

/** What that led to. */
export interface SnapshotMessage extends MessageBase {
  readonly type: '@xstate.snapshot';
  readonly event: Json;
  readonly snapshot: StatelySnapshot;
}

export type StatelyMessage = ActorMessage | EventMessage | SnapshotMessage;
