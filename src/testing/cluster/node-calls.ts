import { Redis } from 'ioredis';

/** Where and how a node is reached, past any proxy. */
export interface CallTarget {
  readonly url: string;
  /** What the client shows a server that wants to see a certificate; absent without TLS. */
  readonly tls?: { readonly cert?: string; readonly key?: string } | undefined;
}

/** A node that does not answer in so many milliseconds is taken for one that does not answer. */
const answerMs = 5_000;

/**
 * Connections for the length of one operation: at most one a node, opened when it is first needed. None is kept between
 * operations, since nodes come and go, and a test would find it left open.
 */
export class NodeCalls {
  readonly #clients = new Map<CallTarget, Redis>();

  client(target: CallTarget): Redis {
    const open = this.#clients.get(target);
    if (open !== undefined && open.status !== 'end') return open;
    const client = connect(target);
    this.#clients.set(target, client);
    return client;
  }

  call(target: CallTarget, command: string, ...args: readonly (string | number)[]): Promise<unknown> {
    return this.client(target).call(command, ...args);
  }

  close(): void {
    for (const client of this.#clients.values()) client.disconnect();
  }
}

/** Runs an operation, and closes its connections when it has ended, in whatever way. */
export async function withCalls<T>(operation: (calls: NodeCalls) => Promise<T>): Promise<T> {
  const calls = new NodeCalls();
  try {
    return await operation(calls);
  } finally {
    calls.close();
  }
}

function connect({ url, tls }: CallTarget): Redis {
  const client = new Redis(url, {
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    disableClientInfo: true,
    // A node that has just been started, or has lost its slots, is to be asked all the same.
    enableReadyCheck: false,
    connectTimeout: answerMs,
    commandTimeout: answerMs,
    // Our own server: its certificate is the test's.
    ...(tls !== undefined && { tls: { rejectUnauthorized: false, ...tls } }),
  });
  // Every command rejects by itself; ioredis would print the connection's error as well.
  client.on('error', () => undefined);
  return client;
}
