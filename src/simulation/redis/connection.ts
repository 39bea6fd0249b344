import { toBinary } from './bytes.js';
import type { Reply } from './reply.js';
import type { BlockedRead, ReplyCallback, ServerSession, Session } from './session.js';

/** What a connection needs of its server. */
export interface ConnectionHost {
  process(connection: Connection, argv: string[], reply: ReplyCallback): void;
  closed(connection: Connection): void;
}

interface Waiting {
  readonly argv: string[];
  readonly reply: ReplyCallback;
}

/** One connection: what it has said of itself, and what of it waits. */
export class Connection implements Session, ServerSession {
  readonly id: number;
  readonly createdAt: number;
  readonly channels = new Set<string>();
  readonly patterns = new Set<string>();
  name = '';
  database = 0;
  lastCommand = 'NULL';
  lastCommandAt: number;
  onMessage: Session['onMessage'];
  onClosed: Session['onClosed'];
  isClosed = false;
  /** The read that is parked, and whom to answer. */
  parked: { readonly read: BlockedRead; reply: ReplyCallback; cancel: (() => void) | undefined } | undefined;
  /** Commands that came while a read was parked. */
  readonly waiting: Waiting[] = [];
  readonly #host: ConnectionHost;

  constructor(host: ConnectionHost, id: number, now: number) {
    this.#host = host;
    this.id = id;
    this.createdAt = now;
    this.lastCommandAt = now;
  }

  get isBlocked(): boolean {
    return this.parked !== undefined;
  }

  execute(argv: readonly (string | Buffer)[], reply: ReplyCallback): void {
    if (this.isClosed) return;
    const binary = argv.map(toBinary);
    if (this.parked === undefined && this.waiting.length === 0) this.#host.process(this, binary, reply);
    else this.waiting.push({ argv: binary, reply });
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.parked?.cancel?.();
    this.parked = undefined;
    this.waiting.length = 0;
    this.#host.closed(this);
  }

  /** Ends the parked read. Returns what answers it. */
  unpark(reply: Reply): () => void {
    const { parked } = this;
    parked?.cancel?.();
    this.parked = undefined;
    return () => {
      if (!this.isClosed) parked?.reply(reply);
    };
  }
}
