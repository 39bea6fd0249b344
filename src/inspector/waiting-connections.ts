/** Connections that have not asked for anything yet. Whoever opens many and sends half a header on each is not seen by the gate, which looks at requests. */
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

/** Ends the oldest of those that wait, once there are more than so many. */
export function keepFree(server: Server, mostWaiting: number): void {
  const waiting = new Set<Socket>();
  server.on('connection', (socket) => {
    waiting.add(socket);
    socket.once('close', () => waiting.delete(socket));
    const [oldest] = waiting;
    if (waiting.size > mostWaiting) oldest?.destroy();
  });
  const asked = ({ socket }: IncomingMessage) => waiting.delete(socket);
  server.on('request', asked);
  server.on('upgrade', asked);
}
