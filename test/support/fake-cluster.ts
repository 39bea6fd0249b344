/**
 * Nodes that speak enough of Redis Cluster to redirect, and that write down what they executed. A real cluster does not tell how often
 * something was sent, and cannot be stopped while a slot moves between two chosen keys.
 *
 * Scripts answer with the key that they were given, PTTL with the number that the key ends with.
 */
import { createHash } from 'node:crypto';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { slotOf } from '../../src/redis/slot-map.js';
import { CommandReader } from '../../src/testing/command-reader.js';

const SLOTS = 16_384;

export interface FakeCluster {
  readonly nodes: readonly FakeNode[];
  /** `redis-cluster://…` of all nodes. */
  readonly url: string;
  /** All keys of this slot are on that node from now on. */
  give(slot: number, node: FakeNode): void;
  /** The slot is on its way to that node; keys that are `there` have arrived. */
  migrate(slot: number, node: FakeNode, there: (key: string) => boolean): void;
  close(): Promise<void>;
}

interface Migration {
  readonly to: FakeNode;
  readonly there: (key: string) => boolean;
}

/** Who has which slot: what the nodes go by when they redirect, and by default what they say of the cluster. */
class Slots {
  readonly owners: FakeNode[];
  readonly migrations = new Map<number, Migration>();

  constructor(nodes: readonly FakeNode[]) {
    const share = Math.ceil(SLOTS / nodes.length);
    this.owners = Array.from({ length: SLOTS }, (_, slot) => nodes[Math.floor(slot / share)] as FakeNode);
  }

  rangesOf(node: FakeNode): [from: number, to: number][] {
    const ranges: [number, number][] = [];
    this.owners.forEach((owner, slot) => {
      const last = ranges.at(-1);
      if (owner !== node) return;
      if (last?.[1] === slot - 1) last[1] = slot;
      else ranges.push([slot, slot]);
    });
    return ranges;
  }
}

const bulk = (text: string) => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;

export class FakeNode {
  readonly id: string;
  /** Commands with a key, as they came: name and key. */
  readonly received: string[] = [];
  /** Keys of those that were carried out. */
  readonly executed: string[] = [];
  /** Connections accepted so far. */
  connections = 0;
  /** Takes commands and answers nothing. */
  isSilent = false;
  /** Leaves its own host out of redirections, as `cluster-preferred-endpoint-type unknown-endpoint` does. */
  isHostUnknown = false;
  /** What it says of the cluster. */
  state: 'ok' | 'fail' = 'ok';
  /** Answers so to every command with a key. */
  refusal: string | undefined;
  port = 0;
  epoch = 1;
  #slots: Slots | undefined;
  #nodes: readonly FakeNode[] = [];
  readonly #scripts = new Set<string>();
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  constructor(id: string) {
    this.id = id.repeat(40);
    this.#server = createServer((socket) => this.#serve(socket));
  }

  /** Nobody is connected. */
  get isAlone(): boolean {
    return this.#sockets.size === 0;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.port, '127.0.0.1', resolve));
    this.port = (this.#server.address() as AddressInfo).port;
  }

  join(nodes: readonly FakeNode[], slots: Slots): void {
    this.#nodes = nodes;
    this.#slots = slots;
  }

  /** No longer tells of that node. */
  forget(node: FakeNode): void {
    this.#nodes = this.#nodes.filter((one) => one !== node);
  }

  /** As after a restart: scripts are gone. */
  forgetScripts(): void {
    this.#scripts.clear();
  }

  /** Cuts the connections that there are. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #serve(socket: Socket): void {
    this.connections += 1;
    socket.setNoDelay(true);
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {});
    const reader = new CommandReader();
    let isAsking = false;
    socket.on('data', (bytes) => {
      for (const { args } of reader.push(bytes)) {
        const wasAsking = isAsking;
        isAsking = args[0]?.toUpperCase() === 'ASKING';
        const reply = this.#answer(args, wasAsking);
        if (!this.isSilent) socket.write(reply);
      }
    });
  }

  #answer(args: readonly string[], isAsking: boolean): string {
    const [name = '', first = '', , third = ''] = args;
    switch (name.toUpperCase()) {
      case 'CLUSTER':
        return this.#ofCluster(first.toUpperCase());
      case 'PTTL':
        return this.#onKey('PTTL', first, isAsking, () => `:${/\d+$/.exec(first)?.[0] ?? 0}\r\n`);
      case 'EVALSHA':
        return this.#onKey('EVALSHA', third, isAsking, () =>
          this.#scripts.has(first) ? bulk(third) : '-NOSCRIPT No matching script. Please use EVAL.\r\n',
        );
      case 'EVAL':
        return this.#onKey('EVAL', third, isAsking, () => {
          this.#scripts.add(createHash('sha1').update(first).digest('hex'));
          return bulk(third);
        });
      case 'HELLO':
        return "-ERR unknown command 'HELLO'\r\n";
      default:
        return '+OK\r\n';
    }
  }

  #onKey(name: string, key: string, isAsking: boolean, run: () => string): string {
    this.received.push(`${name} ${key}`);
    if (this.refusal !== undefined) return `-${this.refusal}\r\n`;
    const { owners, migrations } = this.#slots as Slots;
    const slot = slotOf(key);
    const owner = owners[slot] as FakeNode;
    const migration = migrations.get(slot);
    if (owner !== this && !(migration?.to === this && isAsking)) return this.#redirect('MOVED', slot, owner);
    if (owner === this && migration?.there(key)) return this.#redirect('ASK', slot, migration.to);
    const reply = run();
    if (!reply.startsWith('-')) this.executed.push(key);
    return reply;
  }

  #redirect(kind: 'MOVED' | 'ASK', slot: number, { port }: FakeNode): string {
    return `-${kind} ${slot} ${this.isHostUnknown ? '' : '127.0.0.1'}:${port}\r\n`;
  }

  #ofCluster(command: string): string {
    const slots = this.#slots as Slots;
    if (command === 'INFO')
      return bulk(`cluster_state:${this.state}\r\ncluster_current_epoch:${this.epoch}\r\n`);
    if (command === 'NODES') {
      return bulk(
        this.#nodes
          .map((node) => {
            const ranges = slots.rangesOf(node).map(([from, to]) => `${from}-${to}`);
            const flags = node === this ? 'myself,master' : 'master';
            return `${node.id} 127.0.0.1:${node.port}@1 ${flags} - 0 0 1 connected ${ranges.join(' ')}\n`;
          })
          .join(''),
      );
    }
    const rows = this.#nodes.flatMap((node) =>
      slots.rangesOf(node).map(([from, to]) => {
        const host = this.isHostUnknown ? '$-1\r\n' : bulk('127.0.0.1');
        return `*3\r\n:${from}\r\n:${to}\r\n*3\r\n${host}:${node.port}\r\n${bulk(node.id)}`;
      }),
    );
    return `*${rows.length}\r\n${rows.join('')}`;
  }
}

/** @param options `ids`: a letter for each node's; `port`: of the first one, which another cluster's had before; `epoch`: that all of them tell */
export async function startFakeCluster(
  size: number,
  { ids = 'abcdefgh', port = 0, epoch = 1 }: { ids?: string; port?: number; epoch?: number } = {},
): Promise<FakeCluster> {
  const nodes = Array.from({ length: size }, (_, index) => new FakeNode(ids[index] as string));
  for (const node of nodes) node.epoch = epoch;
  if (nodes[0]) nodes[0].port = port;
  const slots = new Slots(nodes);
  for (const node of nodes) {
    node.join(nodes, slots);
    await node.open();
  }
  return {
    nodes,
    url: `redis-cluster://${nodes.map(({ address }) => address).join(',')}`,
    give(slot, node) {
      slots.owners[slot] = node;
      slots.migrations.delete(slot);
    },
    migrate: (slot, to, there) => void slots.migrations.set(slot, { to, there }),
    async close() {
      await Promise.all(nodes.map((node) => node.close()));
    },
  };
}
