/** A server that answers every command with an error of the test's choice. No real one can be made to. */
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { CommandReader } from '../../src/testing/command-reader.js';

export interface RefusingServer {
  readonly url: string;
  close(): Promise<void>;
}

const INFO = 'redis_version:7.2.0\r\nredis_mode:standalone\r\nrole:master\r\nloading:0\r\n';
/** What clients ask of whatever they have connected to. */
const GREETINGS: Readonly<Record<string, string>> = {
  PING: '+PONG\r\n',
  // ioredis 6 asks for RESP3, and goes on without it.
  HELLO: "-ERR unknown command 'HELLO'\r\n",
  SELECT: '+OK\r\n',
  CLIENT: '+OK\r\n',
  INFO: `$${INFO.length}\r\n${INFO}\r\n`,
};

/**
 * @param error one line, behind `ERR `
 * @param how.greets it lets itself be connected to, as a Redis that is well
 */
export async function startRefusingServer(
  error: string,
  { greets }: { readonly greets: boolean },
): Promise<RefusingServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const reader = new CommandReader();
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      for (const { args } of reader.push(bytes)) {
        const greeting = greets ? GREETINGS[args[0]?.toUpperCase() ?? ''] : undefined;
        socket.write(greeting ?? `-ERR ${error}\r\n`);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
