/** Connections that have not asked for anything yet. Whoever opens many and sends half a header on each is not seen by the gate, which looks at requests. */
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

/** Ends the oldest of those that wait, once there are more than so many. To be called when the server has all its listeners. */
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
  // Who listens for upgrades has to answer them; without a listener they are requests like any other.
  if (server.listenerCount('upgrade') > 0) server.on('upgrade', asked);
}
