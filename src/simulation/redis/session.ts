/** A connection, as the server sees it. */
import type { StreamId } from './data/stream-id.js';
import type { Reply } from './reply.js';

/** A read that waits for entries. */
export interface BlockedRead {
  /** Undefined: XREAD. */
  readonly group: string | undefined;
  readonly consumer: string;
  readonly count: number;
  readonly isNoAck: boolean;
  /** Epoch ms; undefined: it waits for ever. */
  readonly deadline: number | undefined;
  /**
   * What it waits for, as it was mentioned, and that may be twice: the streams, and after which id. `new`: after what its group has been
   * delivered.
   */
  readonly streams: readonly (readonly [key: string, from: StreamId | 'new'])[];
}

export type ReplyCallback = (reply: Reply) => void;

/** One connection to a simulated server. */
export interface Session {
  /** As CLIENT ID says. Counts up, and never comes again. */
  readonly id: number;
  /**
   * Executes one command: a string is text, sent as UTF-8, a Buffer is bytes. `reply` is called once: at once, or later where the command
   * parks or waits behind a parked one; never when the connection is closed before. A subscription to several patterns answers with one
   * array of confirmations.
   *
   * @throws Unsupported for what the simulation does not know; never for what Redis answers with an error
   */
  execute(argv: readonly (string | Buffer)[], reply: ReplyCallback): void;
  /** A read of it is parked. */
  readonly isBlocked: boolean;
  /** It is of no use any more: closed by either side. */
  readonly isClosed: boolean;
  /** What is published to it. `pattern` is '' for a channel that was subscribed to by name. Texts of one character a byte. */
  onMessage?: ((pattern: string, channel: string, message: string) => void) | undefined;
  /** The server has closed the connection (CLIENT KILL, a restart). What was unanswered stays so. */
  onClosed?: (() => void) | undefined;
  /** The server notices that the other side is gone: its parked read ends unserved. */
  close(): void;
}

/** What commands see of a session. */
export interface ServerSession {
  readonly id: number;
  name: string;
  database: number;
  readonly createdAt: number;
  lastCommand: string;
  lastCommandAt: number;
  readonly channels: Set<string>;
  readonly patterns: Set<string>;
  readonly isBlocked: boolean;
}
