/**
 * The nodes of a Redis Cluster as one runtime sees them: who serves which slot, and a connection to each node. ioredis' own cluster
 * client is not used: it sends a command again whose reply was lost, and follows redirections when we would rather know of them.
 */
import type { Redis } from 'ioredis';
import type { Clock } from '../core/clock.js';
import { errorOf, isStreamwardenError, messageOf, StreamwardenError } from '../core/errors.js';
import { formatAddress } from './address.js';
import { isAkin } from './cluster-kinship.js';
import { type ClusterVerdict, judgeCluster, type NodeAnswer, type SilentNode } from './cluster-verdict.js';
import { type ClusterView, idOfMyself, parseClusterView, type SlotsReply } from './cluster-view.js';
import { type Commands, createCommands } from './commands.js';
import { withDeadline } from './deadline.js';
import type { Link } from './link.js';
import { pipelined } from './pipelined.js';
import { isPassing, neverSent, redirectionOf, redisError } from './reply-errors.js';
import { SlotMap, slotOf } from './slot-map.js';
import { whenNeeded } from './when-needed.js';

export interface ShardSettings {
  /** Addresses to begin with, and to come back to when no known node answers. */
  readonly seeds: readonly string[];
  /** Asks for them; where the application is asked for credentials, it is asked for nodes as well. */
  readonly askSeeds?: () => Promise<readonly string[]>;
  /** The address under which clients reach a node that the cluster calls so. */
  readonly translate: (address: string) => string;
  /** @param check is given each new client that has connected, before it is used; throws when it is not to be used */
  readonly makeLink: (address: string, check: (client: Redis) => Promise<void>) => Link;
  /** For what is as large as others choose to make it; each role has a socket of its own. */
  readonly makeSideLink: (role: SideRole, address: string) => Link;
  readonly clock: Clock;
  /** Deadline of each question to a node, in milliseconds. */
  readonly timeoutMs: number;
  /** Deadline of what goes over its bulk connection. */
  readonly bulkTimeoutMs: number;
}

/** Connections to a node beside the one that small questions go over. */
export type SideRole = 'bulk' | 'data';

interface ShardNode {
  readonly link: Link;
  readonly commands: Commands;
  /** It answers, and as a node of another cluster: it may be asked who it is, and nothing else. */
  isForeign: boolean;
}

export class Shards {
  readonly #settings: ShardSettings;
  readonly #map = new SlotMap();
  readonly #nodes = new Map<string, ShardNode>();
  readonly #sides: Readonly<Record<SideRole, Map<string, Pick<ShardNode, 'link' | 'commands'>>>> = {
    bulk: new Map(),
    data: new Map(),
  };
  /** Links that follow a slot to whichever node serves it. */
  readonly #bound: { readonly slot: number; readonly link: Link }[] = [];
  readonly #troubleListeners = new Set<(why: string) => void>();
  #known: readonly string[];
  #seeds: readonly string[];
  /** Ids of the nodes of our cluster, as they were when it was settled last. */
  #members: ReadonlySet<string> = new Set();
  #isClosed = false;

  constructor(settings: ShardSettings) {
    this.#settings = settings;
    this.#known = settings.seeds;
    this.#seeds = settings.seeds;
  }

  /**
   * Address of the master that serves this key; a seed while nobody has said.
   * @throws StreamwardenError `RedisUnavailable` while not even that is known
   */
  addressOf(key: string): string {
    const address = this.#map.ownerOf(slotOf(key)) ?? this.#seeds[0];
    if (address === undefined) throw neverSent('a command', new Error('no node of the cluster is known yet'));
    return address;
  }

  /** Commands on the connection to this node, which is opened if need be. */
  commandsAt(address: string): Commands {
    const node = this.#node(address);
    const { commands } = node;
    const ours = (command: string): Commands => {
      if (node.isForeign) throw neverSent(command, foreign(address));
      return commands;
    };
    return {
      get isUp() {
        return commands.isUp && !node.isForeign;
      },
      run: async (command, send) => await ours(command).run(command, send),
      script: async (name, keys, args) => await ours(`script ${name}`).script(name, keys, args),
    };
  }

  /**
   * Whether this client has come to a node of our cluster. Asked of every new connection, since an address may have gone to another cluster.
   * @throws an Error when it has not
   */
  async check(client: Redis): Promise<void> {
    if (await this.#isOurs(client)) return;
    const { host = '', port = 0 } = client.options;
    throw foreign(formatAddress({ host, port }));
  }

  async #isOurs(client: Redis): Promise<boolean> {
    if (this.#members.size === 0) return true;
    const id = idOfMyself(await nodesAsSeenBy(client));
    return id !== undefined && this.#members.has(id);
  }

  /** The same for what is as large as others choose to make it, on a connection that is opened when it is needed. */
  bulkAt(address: string): Commands {
    return this.#sideAt('bulk', address);
  }

  /** The same for entries of data streams. */
  dataAt(address: string): Commands {
    return this.#sideAt('data', address);
  }

  #sideAt(role: SideRole, address: string): Commands {
    const nodes = this.#sides[role];
    let node = nodes.get(address);
    if (node === undefined) {
      const { makeSideLink, clock, bulkTimeoutMs } = this.#settings;
      const link = makeSideLink(role, address);
      if (this.#isClosed) link.close();
      link.listen({ up: () => {}, down: (error) => link.rest(error) });
      const commands = createCommands(link, clock, bulkTimeoutMs);
      node = { link, commands: whenNeeded(link, commands, clock, bulkTimeoutMs) };
      nodes.set(address, node);
    }
    return node.commands;
  }

  /** Commands on the connection to whoever serves this key when they are given. A redirection is taken to heart for the next one. */
  commandsFor(key: string): Commands {
    return this.#following(key, (address) => this.commandsAt(address));
  }

  /** The same for what is as large as others choose to make it. */
  bulkFor(key: string): Commands {
    return this.#following(key, (address) => this.bulkAt(address));
  }

  #following(key: string, at: (address: string) => Commands): Commands {
    const present = () => at(this.addressOf(key));
    const heeding = async <T>(work: (commands: Commands) => Promise<T>): Promise<T> => {
      const address = this.addressOf(key);
      try {
        return await work(at(address));
      } catch (error) {
        if (redirectionOf(error) !== undefined) this.noticed(error, address);
        throw error;
      }
    };
    return {
      get isUp() {
        return present().isUp;
      },
      run: (command, send) => heeding((commands) => commands.run(command, send)),
      script: (name, keys, args) => heeding((commands) => commands.script(name, keys, args)),
    };
  }

  /** From now on the link is to be connected to whoever serves this key. Its clients are made for `addressOf(key)`. */
  bind(link: Link, key: string): Link {
    this.#bound.push({ slot: slotOf(key), link });
    let connectedTo: string | undefined;
    link.listen({
      up: () => {
        connectedTo = link.address;
      },
      down: (error) => this.noticed(error, connectedTo),
    });
    return link;
  }

  /** Calls back when something hints at a change: a redirection, a lost connection. */
  onTrouble(listener: (why: string) => void): () => void {
    this.#troubleListeners.add(listener);
    return () => this.#troubleListeners.delete(listener);
  }

  /** What an error says of the cluster: takes a redirection to heart, and passes the hint on. @param from who answered with it */
  noticed(error: unknown, from: string | undefined): void {
    const redirection = redirectionOf(error);
    if (redirection?.kind === 'moved') {
      this.#map.moved(redirection.slot, this.resolve(redirection.address, from));
    }
    for (const listener of [...this.#troubleListeners]) listener(messageOf(error));
  }

  /** The address that a redirection means. */
  resolve(address: string, from: string | undefined): string {
    // No host, or '?': the one that answered. An IPv6 address begins with neither.
    const host = from?.slice(0, from.lastIndexOf(':')) ?? '';
    return this.#settings.translate(
      /^\??:\d+$/.test(address) ? `${host}${address.replace('?', '')}` : address,
    );
  }

  /** Asks every node that is known what it knows, each under a deadline of its own, and then those that were named for the first time. */
  async ask(): Promise<NodeAnswer[]> {
    const answers = await this.#askAll(this.#known);
    if (!answers.some((answer) => 'view' in answer && this.#isHeard(answer.view))) {
      const problem = await this.#findSeeds();
      if (problem !== undefined) answers.push(problem);
      answers.push(...(await this.#askAll(unasked(this.#seeds, answers))));
    }
    const named = answers.flatMap((answer) =>
      'view' in answer && this.#isHeard(answer.view) ? answer.view.nodes : [],
    );
    const addresses = [...new Set(named.map(({ address }) => address))];
    return [...answers, ...(await this.#askAll(unasked(addresses, answers)))];
  }

  #isHeard(view: ClusterView): boolean {
    return this.#members.size === 0 || isAkin(view, this.#members);
  }

  /** What these answers amount to, given what is known of our cluster. */
  judge(answers: readonly NodeAnswer[]): ClusterVerdict {
    return judgeCluster(answers, { members: this.#members, seeds: this.#seeds });
  }

  /** Goes by this from now on: routes, connections to nodes. */
  learn({ view, settled, foreign: strangers }: ClusterVerdict): void {
    for (const [address, node] of this.#nodes) if (strangers.includes(address)) node.isForeign = true;
    if (view === null) return;
    if (settled) this.#members = new Set(view.nodes.map(({ id }) => id));
    const before = this.#bound.map(({ slot }) => this.#map.ownerOf(slot));
    // Until the cluster agrees with itself, nobody is followed who was not of it before, and nobody is forgotten.
    const nodes = view.nodes.filter(({ id }) => this.#members.size === 0 || this.#members.has(id));
    this.#map.learn({ ...view, nodes });
    const listed = nodes.map(({ address }) => address);
    this.#known = settled ? listed : [...new Set([...this.#known, ...listed])];
    const wanted = new Set(this.#known);
    for (const nodes of this.#everyone) {
      for (const [address, { link }] of nodes) {
        if (wanted.has(address)) continue;
        nodes.delete(address);
        link.close();
      }
    }
    this.#bound.forEach(({ slot, link }, index) => {
      const owner = this.#map.ownerOf(slot);
      const isElsewhere = link.address !== undefined && link.address !== owner;
      if (owner !== undefined && (isElsewhere || owner !== before[index]))
        link.replace(new Error(`its slot is served by ${owner}`));
    });
  }

  /** Asks and learns. For whoever has no watcher; resolves with whether anybody answered. */
  async refresh(): Promise<ClusterVerdict> {
    const verdict = this.judge(await this.ask());
    this.learn(verdict);
    return verdict;
  }

  close(): void {
    this.#isClosed = true;
    for (const nodes of this.#everyone) {
      for (const { link } of nodes.values()) link.close();
      nodes.clear();
    }
    this.#troubleListeners.clear();
  }

  get #everyone(): Map<string, Pick<ShardNode, 'link' | 'commands'>>[] {
    return [
      this.#nodes as Map<string, Pick<ShardNode, 'link' | 'commands'>>,
      this.#sides.bulk,
      this.#sides.data,
    ];
  }

  #node(address: string): ShardNode {
    let node = this.#nodes.get(address);
    if (node === undefined) {
      const { makeLink, clock, timeoutMs } = this.#settings;
      const link = makeLink(address, async (client) => {
        const isOurs = await this.#isOurs(client);
        made.isForeign = !isOurs;
      });
      const made: ShardNode = { link, commands: createCommands(link, clock, timeoutMs), isForeign: false };
      node = made;
      this.#nodes.set(address, node);
      let wasUp = false;
      link.listen({
        up: () => {
          wasUp = true;
        },
        // Only a connection that there was tells anything new.
        down: (error) => {
          if (wasUp) this.noticed(error, address);
          wasUp = false;
        },
      });
      if (!this.#isClosed) link.open();
    }
    return node;
  }

  /** Resolves with why they cannot be had. */
  async #findSeeds(): Promise<SilentNode | undefined> {
    const { askSeeds, clock, timeoutMs } = this.#settings;
    if (askSeeds === undefined) return undefined;
    try {
      const late = () => new Error(`redis() has not answered within ${timeoutMs} ms`);
      this.#seeds = await withDeadline(clock, timeoutMs, askSeeds(), late);
      return undefined;
    } catch (error) {
      const isRefusal = isStreamwardenError(error) && !isPassing(error);
      return { address: 'redis()', error: messageOf(error), ...(isRefusal ? { refusal: error } : {}) };
    }
  }

  #askAll(addresses: readonly string[]): Promise<NodeAnswer[]> {
    return Promise.all(addresses.map((address) => this.#askOne(address)));
  }

  async #askOne(address: string): Promise<NodeAnswer> {
    const { link, commands } = this.#node(address);
    const { clock, timeoutMs, translate } = this.#settings;
    try {
      if (this.#isClosed) throw new StreamwardenError('RuntimeStopped', 'the connections were closed');
      // One that failed before is tried again in its own time; nobody waits for it.
      if (!link.isUp && link.lastError !== undefined) throw link.lastError;
      const late = () => new Error(`no connection within ${timeoutMs} ms`);
      await withDeadline(clock, timeoutMs, link.whenUp(), late);
      return { address, view: await askNode(commands, address, translate) };
    } catch (error) {
      const isRefusal = isStreamwardenError(error) && !isPassing(error);
      return { address, error: messageOf(error), ...(isRefusal ? { refusal: error } : {}) };
    }
  }
}

async function nodesAsSeenBy(client: Redis): Promise<string> {
  try {
    return (await client.cluster('NODES')) as string;
  } catch (error) {
    // Why a connection broke its socket says better.
    throw errorOf(error).name === 'ReplyError' ? redisError(error, 'CLUSTER NODES', true) : error;
  }
}

function foreign(address: string): Error {
  return new Error(`${address} is a node of another cluster`);
}

function unasked(addresses: readonly string[], answers: readonly NodeAnswer[]): string[] {
  return addresses.filter((address) => !answers.some((answer) => answer.address === address));
}

/** @throws StreamwardenError `RedisUnavailable`, `PermissionDenied`, `RedisRefused` by a server without cluster mode */
export async function askNode(
  commands: Commands,
  address: string,
  translate: (address: string) => string,
): Promise<ClusterView> {
  const [info, nodes, slots] = await commands.run('CLUSTER NODES', (client) =>
    pipelined<unknown>(client, (pipeline) => {
      pipeline.cluster('INFO').cluster('NODES').cluster('SLOTS');
    }),
  );
  return parseClusterView(
    { info: info as string, nodes: nodes as string, slots: slots as SlotsReply },
    address,
    translate,
  );
}
