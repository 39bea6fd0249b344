import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  /** Present when the server speaks TLS; with certificates to show, should it want to see one. */
  readonly tls?: { readonly cert?: string; readonly key?: string };
}

/**
 * Whether a Redis server answers a PING at this address. An error reply is an answer as well (`-NOAUTH`, `-MASTERDOWN`),
 * except `-LOADING`: that server cannot be used yet. Spoken over a bare socket, so that no client library is needed.
 */
export function answersPing(address: ServerAddress, timeoutMs = 1_000): Promise<boolean> {
  return new Promise((resolve) => {
    let reply = '';
    const socket = open(address);
    const finish = (answered: boolean) => {
      socket.destroy();
      resolve(answered);
    };
    socket.setTimeout(timeoutMs, () => finish(false));
    socket.once('error', () => finish(false));
    socket.once('close', () => finish(false));
    socket.once(address.tls !== undefined ? 'secureConnect' : 'connect', () => socket.write('PING\r\n'));
    socket.on('data', (chunk) => {
      reply += chunk.toString('latin1');
      if (reply.includes('\r\n')) finish(/^[+-](?!LOADING)/.test(reply));
    });
  });
}

function open({ host, port, tls }: ServerAddress): Socket {
  // Readiness is asked here, not identity: the certificate is the test's own.
  return tls !== undefined
    ? connectTls({ host, port, rejectUnauthorized: false, ...tls })
    : connectTcp({ host, port });
}
