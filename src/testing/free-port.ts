import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

interface PortRange {
  readonly lowest: number;
  readonly highest: number;
}

/**
 * Below the ports that operating systems give to outgoing connections (32768 and up on Linux). From there, a client that
 * reconnects while its server is down could be given the server's own port, and talk to itself or keep the server from
 * coming back.
 */
const single: PortRange = { lowest: 22_768, highest: 29_999 };

/** Their buses, {@link busPortOf}, are below those ports as well, and where no other server of ours is put. */
const clusterNode: PortRange = { lowest: 20_000, highest: 22_767 };

/** The port of the cluster bus of the node that serves clients on `port`, where `cluster-port` does not say otherwise. */
export function busPortOf(port: number): number {
  return port + 10_000;
}

/** A port on which nothing listens at this moment; whoever binds it must still expect to be second. */
export function freePort(): Promise<number> {
  return freePortIn(single, isFree);
}

/** The same, for a node of a Redis Cluster: nothing listens on the port of its bus either. */
export function freeClusterPort(): Promise<number> {
  return freePortIn(clusterNode, async (port) => (await isFree(port)) && (await isFree(busPortOf(port))));
}

async function freePortIn(
  { lowest, highest }: PortRange,
  fits: (port: number) => Promise<boolean>,
): Promise<number> {
  for (;;) {
    const port = randomInt(lowest, highest + 1);
    if (await fits(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
