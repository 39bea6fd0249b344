/** Why a connection could not be made, where ioredis does not say: what the server or TLS said is lost on the way. */
import { connect, Socket } from 'node:net';
import { Redis, type RedisOptions } from 'ioredis';
import { messageOf } from '../core/errors.js';
import { formatAddress } from './address.js';
import { connectAnswered, listenToErrors } from './handshake.js';

/** How long a server may take to say why it lets nobody in, in milliseconds. */
const LISTEN_MS = 500;

/** The other side has closed a connection that it had accepted. */
const CLOSED = /EPIPE|ECONNRESET|closed by the other side|Connection is closed|Stream isn't writeable/;
const NO_SENTINEL = /^All sentinels are unreachable/;

/** @returns undefined: no more can be told */
export async function reasonOf(client: Redis, error: Error): Promise<Error | undefined> {
  const { stream, options } = client;
  if (NO_SENTINEL.test(error.message)) return await reasonOfSentinel(options, error);
  // One that is simulated has no socket, and TLS says nothing before it is agreed upon.
  if (!(stream instanceof Socket) || 'encrypted' in stream || !CLOSED.test(error.message)) return undefined;
  const { host, port } = options;
  const said = host === undefined || port === undefined ? undefined : await greetingOf(host, port);
  return said === undefined ? undefined : new Error(said, { cause: error });
}

/** What a server says unasked to a connection that it does not keep, such as `ERR max number of clients reached`. */
function greetingOf(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    const over = (said?: string) => {
      socket.destroy();
      resolve(said);
    };
    socket.setTimeout(LISTEN_MS, over);
    socket.once('data', (chunk) => over(/^-(.+?)\r?\n/.exec(String(chunk))?.[1]));
    socket.once('error', () => over());
    socket.once('close', () => over());
  });
}

/** ioredis keeps no more of what each Sentinel answered than that its connection was closed. */
async function reasonOfSentinel(options: RedisOptions, error: Error): Promise<Error | undefined> {
  const [{ host, port } = {}] = options.sentinels ?? [];
  if (host === undefined || port === undefined) return undefined;
  const { sentinelTLS } = options;
  const sentinel = new Redis({
    host,
    port,
    ...(sentinelTLS === undefined ? {} : { tls: sentinelTLS }),
    lazyConnect: true,
    disableClientInfo: true,
    enableReadyCheck: false,
    retryStrategy: () => null,
    connectTimeout: LISTEN_MS,
    disconnectTimeout: 0,
  });
  const told = listenToErrors(sentinel);
  try {
    await connectAnswered(sentinel, told);
    return undefined;
  } catch (thrown) {
    const why = messageOf(told() ?? thrown);
    return new Error(`no Sentinel answers; ${formatAddress({ host, port })}: ${why}`, { cause: error });
  } finally {
    sentinel.disconnect();
  }
}
