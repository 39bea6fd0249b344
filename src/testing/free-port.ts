import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below the ports that operating systems give to outgoing connections (32768 and up on Linux). From there, a client that
 * reconnects while its server is down could be given the server's own port, and talk to itself or keep the server from
 * coming back. The upper end also leaves room for the cluster bus, 10000 above.
 */
const lowest = 20_000;
const highest = 32_767;

/** A port on which nothing listens at this moment; whoever binds it must still expect to be second. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(lowest, highest + 1);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
