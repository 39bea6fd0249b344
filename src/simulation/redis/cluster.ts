/** A server's place in a cluster whose slots stay where they are: what it says of the whole, and what it refuses as the keys are elsewhere. */
import slotOfKey from 'cluster-key-slot';
import { type Reply, ReplyError } from './reply.js';

export interface ClusterMaster {
  /** 40 hex digits. */
  readonly id: string;
  readonly host: string;
  readonly port: number;
  /** First and last slot that it serves. */
  readonly slots: readonly [from: number, to: number];
}

export interface ClusterMembership {
  /** Which of the masters this server is. */
  readonly id: string;
  readonly masters: readonly ClusterMaster[];
}

const SLOTS = 16_384;
const BUS = 10_000;

const CROSS_SLOT = new ReplyError("CROSSSLOT Keys in request don't hash to the same slot");

/** Commands without a key; containers by their name. */
const KEYLESS: ReadonlySet<string> = new Set(
  `acl asking auth client cluster command config dbsize echo flushall flushdb hello info keys ping psubscribe publish punsubscribe quit readonly
   role scan script select subscribe time unsubscribe wait`.split(/\s+/),
);
/** All their arguments are keys. */
const KEYS_ONLY: ReadonlySet<string> = new Set(['del', 'exists', 'mget', 'touch', 'unlink']);

/** @param fullName `xgroup|create` */
function keysOf(fullName: string, argv: readonly string[]): readonly string[] {
  const [name = ''] = fullName.split('|');
  if (KEYLESS.has(name)) return [];
  if (KEYS_ONLY.has(name)) return argv.slice(1);
  switch (name) {
    case 'eval':
    case 'evalsha':
      return argv.slice(3, 3 + Math.max(0, Number(argv[2]) || 0));
    case 'mset':
      return argv.filter((_, at) => at % 2 === 1);
    case 'xread':
    case 'xreadgroup': {
      const from =
        argv.findIndex((word, at) => at > (name === 'xread' ? 0 : 3) && /^streams$/i.test(word)) + 1;
      return from === 0 ? [] : argv.slice(from, from + Math.floor((argv.length - from) / 2));
    }
    case 'xgroup':
    case 'xinfo':
      return argv.slice(2, 3);
    default:
      return argv.slice(1, 2);
  }
}

export class ClusterPlace {
  readonly #membership: ClusterMembership;
  readonly #slots = new Map<string, number>();

  constructor(membership: ClusterMembership) {
    this.#membership = membership;
  }

  get id(): string {
    return this.#membership.id;
  }

  /** Why a client's command is not for this server; undefined: it is. */
  misplaced(fullName: string, argv: readonly string[]): ReplyError | undefined {
    let slot: number | undefined;
    for (const key of keysOf(fullName, argv)) {
      const next = this.#slotOf(key);
      if (slot !== undefined && next !== slot) return CROSS_SLOT;
      slot = next;
    }
    if (slot === undefined) return undefined;
    const { id, host, port } = this.#ownerOf(slot);
    return id === this.id ? undefined : new ReplyError(`MOVED ${slot} ${host}:${port}`);
  }

  /** The same for a command of a script, which may go to other slots of this server. */
  misplacedInScript(fullName: string, argv: readonly string[]): ReplyError | undefined {
    const isHere = keysOf(fullName, argv).every((key) => this.#ownerOf(this.#slotOf(key)).id === this.id);
    return isHere
      ? undefined
      : new ReplyError('ERR Script attempted to access a non local key in a cluster node');
  }

  info(): Reply {
    const { masters } = this.#membership;
    const fields = {
      cluster_state: 'ok',
      cluster_slots_assigned: SLOTS,
      cluster_slots_ok: SLOTS,
      cluster_slots_pfail: 0,
      cluster_slots_fail: 0,
      cluster_known_nodes: masters.length,
      cluster_size: masters.length,
      cluster_current_epoch: masters.length,
      cluster_my_epoch: 1 + masters.findIndex(({ id }) => id === this.id),
    };
    return Object.entries(fields)
      .map(([field, value]) => `${field}:${value}\r\n`)
      .join('');
  }

  nodes(): Reply {
    return this.#membership.masters
      .map(({ id, host, port, slots: [from, to] }, at) => {
        const flags = id === this.id ? 'myself,master' : 'master';
        return `${id} ${host}:${port}@${port + BUS} ${flags} - 0 0 ${at + 1} connected ${from}-${to}\n`;
      })
      .join('');
  }

  slots(): Reply {
    return this.#membership.masters
      .map(({ id, host, port, slots: [from, to] }): Reply[] => [from, to, [host, port, id, []]])
      .sort(([a], [b]) => Number(a) - Number(b));
  }

  #ownerOf(slot: number): ClusterMaster {
    const owner = this.#membership.masters.find(({ slots: [from, to] }) => slot >= from && slot <= to);
    if (owner === undefined) throw new Error(`expected slot ${slot} to be served, got: by nobody`);
    return owner;
  }

  /** @param key bytes */
  #slotOf(key: string): number {
    let slot = this.#slots.get(key);
    if (slot === undefined) {
      slot = slotOfKey(Buffer.from(key, 'latin1'));
      this.#slots.set(key, slot);
    }
    return slot;
  }
}
