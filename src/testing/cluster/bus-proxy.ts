/**
 * Stands before the bus of one node of a cluster and passes packets on, but for those of nodes that it must not hear. Who speaks is
 * read from the head of the first packet of a connection: nodes connect to one another from ports of no meaning.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { markRelayed } from '../relayed-sockets.js';

/** Ids of nodes that no other node hears or is heard by. */
export class BusPartition {
  readonly #isolated = new Set<string>();
  /** Cuts the connections that have lost a packet. */
  readonly #broken = new Set<() => void>();

  isolate(id: string): void {
    this.#isolated.add(id);
  }

  join(id: string): void {
    this.#isolated.delete(id);
    // A network would send again what was lost. We cannot, and a node whose ping is lost for good neither pings again nor connects
    // anew while it hears from the other one: it would suspect that node for long.
    for (const cut of this.#broken) cut();
    this.#broken.clear();
  }

  /** Has a connection cut when a node joins. */
  lost(cut: () => void): void {
    this.#broken.add(cut);
  }

  separates(one: string, other: string): boolean {
    return this.#isolated.has(one) || this.#isolated.has(other);
  }
}

export interface BusProxyOptions {
  readonly host: string;
  /** Of the node's bus. */
  readonly port: number;
  /** Of the node. */
  readonly id: string;
  readonly partition: BusPartition;
}

export interface BusProxy {
  readonly port: number;
  close(): Promise<void>;
}

/** Layout of `clusterMsg` (cluster.h), the same in Redis 6.2 to 7.4 and in Valkey: the sender's id follows 40 bytes of numbers. */
const signature = 'RCmb';
const senderAt = 40;
const senderLength = 40;

/** Starts a proxy on a free port of the loopback interface. */
export async function startBusProxy(options: BusProxyOptions): Promise<BusProxy> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((peer) => {
    const node = connect(options.port, options.host);
    markRelayed(peer, node);
    for (const socket of [peer, node]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    }
    relay(peer, node, options);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function relay(peer: Socket, node: Socket, { id, partition }: BusProxyOptions): void {
  let head = Buffer.alloc(0);
  let sender: string | undefined;
  const end = () => {
    peer.destroy();
    node.destroy();
  };
  const pass = (bytes: Buffer, to: Socket) => {
    if (sender !== undefined && partition.separates(sender, id)) partition.lost(end);
    else to.write(bytes);
  };
  peer.on('data', (bytes) => {
    if (sender !== undefined) {
      pass(bytes, node);
      return;
    }
    head = Buffer.concat([head, bytes]);
    if (head.length < senderAt + senderLength) return;
    if (head.toString('latin1', 0, signature.length) !== signature) {
      end();
      return;
    }
    sender = head.toString('latin1', senderAt, senderAt + senderLength);
    pass(head, node);
  });
  node.on('data', (bytes) => pass(bytes, peer));
  for (const socket of [peer, node]) {
    socket.setNoDelay(true);
    // Broken on one side is broken on both; nodes connect anew.
    socket.on('error', end);
    socket.on('close', end);
  }
}
