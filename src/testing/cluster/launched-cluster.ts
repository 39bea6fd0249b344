import { setTimeout as delay } from 'node:timers/promises';
import { slotOf } from '../../redis/slot-map.js';
import { LauncherError } from '../errors.js';
import { findRedisBinary } from '../redis-binary.js';
import { waitUntil } from '../wait-until.js';
import { BusPartition } from './bus-proxy.js';
import { checkOptions, defaultNodeTimeoutMs, serverOptions } from './cluster-options.js';
import { whyUnsettled } from './convergence.js';
import { quietMs } from './elections.js';
import { form, introduce } from './formation.js';
import { Member } from './member.js';
import { type NodeCalls, withCalls } from './node-calls.js';
import { expandSlots, hasSlot } from './node-view.js';
import { MarkedSlots } from './slot-migration.js';
import type {
  AddNodeOptions,
  CutOff,
  CutOffFrom,
  RedisCluster,
  RedisClusterNode,
  ReshardOptions,
  SettledOptions,
  SlotMigration,
  StartRedisClusterOptions,
} from './types.js';

/** Slots that `reshard` has under way at a time: meanwhile clients take a detour to their keys. */
const slotsAtOnce = 100;
/** A node gives a graceful failover up after 5 s (`CLUSTER_MF_TIMEOUT`), silently; only then can it be asked again. */
const failoverGivenUpMs = 6_000;

/** What is wrong, in words; undefined when nothing is. */
type Look = (calls: NodeCalls) => Promise<string | undefined>;

export class LaunchedCluster implements RedisCluster {
  readonly #options: StartRedisClusterOptions;
  readonly #partition: BusPartition | undefined;
  #members: readonly Member[] = [];

  private constructor(options: StartRedisClusterOptions) {
    this.#options = options;
    this.#partition = options.proxied === true ? new BusPartition() : undefined;
  }

  static async start(options: StartRedisClusterOptions): Promise<LaunchedCluster> {
    const { masters = 3, replicasPerMaster = 1 } = options;
    checkOptions(options);
    const cluster = new LaunchedCluster(options);
    try {
      await cluster.#launch(masters * (1 + replicasPerMaster));
      await withCalls((calls) =>
        form(cluster.#members, masters, calls, () =>
          cluster.#wait('all nodes to know one another', (sameCalls) => cluster.#whoIsUnknown(sameCalls)),
        ),
      );
      await cluster.settled();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  get nodes(): readonly RedisClusterNode[] {
    return this.#members;
  }

  get url(): string {
    const { password, tls } = this.#options;
    const credentials = password === undefined ? '' : `:${encodeURIComponent(password)}@`;
    const addresses = this.#members.map((member) => member.address).join(',');
    return `${tls === undefined ? 'redis' : 'rediss'}-cluster://${credentials}${addresses}`;
  }

  get startupNodes(): readonly { readonly host: string; readonly port: number }[] {
    return this.#members.map(({ host, port }) => ({ host, port }));
  }

  masters(): Promise<Member[]> {
    return this.#find((view) => view.myself.role === 'master');
  }

  replicasOf(master: RedisClusterNode): Promise<Member[]> {
    return this.#find((view) => view.myself.masterId === master.id);
  }

  async masterOf(keyOrSlot: string | number): Promise<Member> {
    const slot = typeof keyOrSlot === 'number' ? keyOrSlot : this.slotOf(keyOrSlot);
    const [master] = await this.#find((view) => hasSlot(view.myself.slotRanges, slot));
    if (master !== undefined) return master;
    throw await this.#notSettled(`a node that serves slot ${slot}`, 'none');
  }

  slotOf(key: string): number {
    return slotOf(key);
  }

  async slotsOf(node: RedisClusterNode): Promise<number[]> {
    const view = await withCalls((calls) => this.#member(node).view(calls));
    return expandSlots(view.myself.slotRanges);
  }

  async failOver(master: RedisClusterNode): Promise<Member> {
    const [replica] = await this.replicasOf(this.#member(master));
    if (replica === undefined)
      throw new LauncherError(
        'InvalidOption',
        `expected a master with a replica that is up, got: ${master.address}`,
      );
    await this.#promote(replica);
    return replica;
  }

  async failBack(node: RedisClusterNode): Promise<void> {
    const member = this.#member(node);
    if (!member.server.running) await this.restart(member);
    if ((await member.role()) === 'replica') await this.#promote(member);
  }

  async kill(node: RedisClusterNode): Promise<void> {
    const member = this.#member(node);
    if (member.known.masterId === undefined) await this.#electable(member);
    await member.server.kill();
  }

  async promoted(master: RedisClusterNode, options: SettledOptions = {}): Promise<Member> {
    const [slot] = this.#member(master).known.slots;
    if (slot === undefined)
      throw new LauncherError('InvalidOption', `expected a master that served slots, got: ${master.address}`);
    let successor: Member | undefined;
    await this.#wait(
      `another node to serve the slots of ${master.address}`,
      async (calls) => {
        const serving = await this.#find((view) => hasSlot(view.myself.slotRanges, slot), calls);
        successor = serving.find((member) => member !== master);
        return successor === undefined ? 'none' : whyUnsettled(this.#members, calls);
      },
      options,
    );
    return successor as unknown as Member;
  }

  async killMaster(master: RedisClusterNode): Promise<Member> {
    await this.kill(master);
    return this.promoted(master);
  }

  async restart(node: RedisClusterNode): Promise<void> {
    const member = this.#member(node);
    await member.server.restart();
    this.#undoCut(member);
    await this.settled();
  }

  async cutOff(node: RedisClusterNode, from: CutOffFrom = 'everyone'): Promise<CutOff> {
    const member = this.#member(node);
    if (member.cutOffFrom !== undefined)
      throw new LauncherError('InvalidOption', `expected a node that is not cut off, got: ${node.address}`);
    if (from !== 'clients' && member.known.masterId === undefined) await this.#electable(member);
    await this.#applyCut(member, from);
    member.cutOffFrom = from;
    return {
      restore: async () => {
        if (member.cutOffFrom !== from) return;
        this.#undoCut(member);
        await this.settled();
      },
    };
  }

  async addNode({ replicaOf, config = {} }: AddNodeOptions = {}): Promise<Member> {
    const master = replicaOf === undefined ? undefined : this.#member(replicaOf);
    const others = this.#members.filter((member) => member.takesPart);
    const [added] = await this.#launch(1, config);
    if (added === undefined) throw new TypeError('expected one node, got: none');
    await withCalls(async (calls) => {
      await introduce(added, others, calls);
      await this.#wait(`all nodes to know ${added.address}`, (sameCalls) => this.#whoIsUnknown(sameCalls));
      if (master !== undefined) await added.ask(calls, 'CLUSTER', 'REPLICATE', master.id);
    });
    await this.settled();
    return added;
  }

  async removeNode(node: RedisClusterNode): Promise<void> {
    const member = this.#member(node);
    const rest = this.#members.filter((other) => other !== member);
    const down = rest.find((other) => !other.takesPart);
    // It would bring the forgotten one back when it returns.
    if (down !== undefined)
      throw new LauncherError(
        'InvalidOption',
        `expected all other nodes to be up, got: ${down.address} down`,
      );
    await withCalls(async (calls) => {
      const seen = (await rest[0]?.view(calls))?.members ?? [];
      const serves = seen.some(({ id, slotRanges }) => id === member.id && slotRanges.length > 0);
      const leads = seen.some(({ masterId }) => masterId === member.id);
      if (serves || leads)
        throw new LauncherError(
          'InvalidOption',
          `expected a node to remove that has neither slots nor replicas, got: ${member.address} with ${serves ? 'slots' : 'replicas'}`,
        );
      await Promise.all(rest.map((other) => other.ask(calls, 'CLUSTER', 'FORGET', member.id)));
    });
    this.#members = rest;
    await member.stop();
    await this.settled();
  }

  async reshard({ from, to, slots }: ReshardOptions): Promise<void> {
    const chosen = typeof slots === 'number' ? (await this.slotsOf(from)).slice(0, slots) : slots;
    for (let at = 0; at < chosen.length; at += slotsAtOnce) {
      const marked = await this.#mark(chosen.slice(at, at + slotsAtOnce), from, to);
      await marked.assign();
    }
    await this.settled();
  }

  async beginSlotMigration(slots: number | readonly number[], to: RedisClusterNode): Promise<SlotMigration> {
    const list = typeof slots === 'number' ? [slots] : slots;
    const [first] = list;
    if (first === undefined) throw new LauncherError('InvalidOption', 'expected slots, got: none');
    return this.#mark(list, await this.masterOf(first), to);
  }

  settled(options: SettledOptions = {}): Promise<void> {
    return this.#wait('the cluster to be settled', (calls) => whyUnsettled(this.#members, calls), options);
  }

  describe(): Promise<string> {
    return withCalls(async (calls) => {
      const lines = this.#members.map(async (member) => {
        if (!member.server.running) return `${member.address} ${member.id} does not run`;
        const cut = member.cutOffFrom === undefined ? '' : `, cut off from ${member.cutOffFrom}`;
        if (!member.up) return `${member.address} ${member.id}${cut}`;
        const says = await member.ask(calls, 'CLUSTER', 'NODES').catch(String);
        return `${member.address}${cut} says:\n${String(says).trim().replaceAll(/^/gm, '  ')}`;
      });
      return (await Promise.all(lines)).join('\n');
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.stop()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Starts nodes that know nothing yet, and counts them in. */
  async #launch(count: number, config: AddNodeOptions['config'] = {}): Promise<Member[]> {
    // Containers could not reach one another under the addresses that clients are told.
    const binary = this.#options.binary ?? (await findRedisBinary());
    const server = { ...serverOptions(this.#options, config), binary };
    const launching = Array.from({ length: count }, () =>
      Member.launch({ server, partition: this.#partition }),
    );
    const outcomes = await Promise.allSettled(launching);
    const started = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    this.#members = [...this.#members, ...started];
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return started;
  }

  #mark(slots: readonly number[], from: RedisClusterNode, to: RedisClusterNode): Promise<MarkedSlots> {
    return MarkedSlots.mark({
      from: this.#member(from),
      to: this.#member(to),
      slots,
      password: this.#options.password,
      masters: () => this.masters(),
      settled: () => this.settled(),
    });
  }

  async #promote(replica: Member): Promise<void> {
    await this.#electable(replica);
    let askedAt = Number.NEGATIVE_INFINITY;
    await this.#wait(`${replica.address} to be master`, async (calls) => {
      const { myself } = await replica.view(calls);
      if (myself.role === 'master') return whyUnsettled(this.#members, calls);
      if (performance.now() - askedAt > failoverGivenUpMs) {
        await replica.ask(calls, 'CLUSTER', 'FAILOVER');
        askedAt = performance.now();
      }
      return 'still a replica';
    });
  }

  /** Waits until an election about this node's shard can end well. */
  async #electable(member: Member): Promise<void> {
    const { nodeTimeoutMs = defaultNodeTimeoutMs } = this.#options;
    await delay(quietMs(member, this.#members, nodeTimeoutMs));
  }

  async #applyCut(member: Member, from: CutOffFrom): Promise<void> {
    if (from === 'everyone') {
      await member.server.pause();
    } else if (this.#partition === undefined) {
      throw new LauncherError(
        'NotSupported',
        `expected a proxied cluster to cut a node off from ${from} only, got: one without proxies`,
      );
    } else if (from === 'clients') {
      member.proxy?.refuse();
    } else {
      this.#partition.isolate(member.id);
    }
  }

  #undoCut(member: Member): void {
    const from = member.cutOffFrom;
    member.cutOffFrom = undefined;
    if (from === 'everyone') member.server.resume();
    if (from === 'clients') member.proxy?.allow();
    if (from === 'peers') this.#partition?.join(member.id);
  }

  async #find(
    matches: (view: Awaited<ReturnType<Member['view']>>) => boolean,
    calls?: NodeCalls,
  ): Promise<Member[]> {
    if (calls === undefined) return withCalls((own) => this.#find(matches, own));
    const asked = this.#members.filter((member) => member.takesPart);
    const views = await Promise.all(asked.map((member) => member.view(calls)));
    return asked.filter((_, at) => matches(views[at] as (typeof views)[number]));
  }

  async #whoIsUnknown(calls: NodeCalls): Promise<string | undefined> {
    for (const member of this.#members.filter(({ takesPart }) => takesPart)) {
      const { members } = await member.view(calls);
      const met = members.filter(({ health }) => health !== 'unknown').length;
      if (met < this.#members.length) return `${member.address} knows ${met} of ${this.#members.length}`;
    }
    return undefined;
  }

  /** @throws {@link LauncherError} `NotSettled` */
  #wait(
    what: string,
    look: Look,
    { timeoutMs = this.#options.timeoutMs ?? 120_000 }: SettledOptions = {},
  ): Promise<void> {
    return withCalls(async (calls) => {
      const wrong = await waitUntil(() => look(calls), timeoutMs);
      if (wrong !== undefined) throw await this.#notSettled(`${what} within ${timeoutMs} ms`, wrong);
    });
  }

  async #notSettled(expected: string, got: string): Promise<LauncherError> {
    return new LauncherError('NotSettled', `expected ${expected}, got: ${got}\n${await this.describe()}`);
  }

  #member(node: RedisClusterNode): Member {
    const member = this.#members.find((one) => one === node);
    if (member !== undefined) return member;
    throw new LauncherError('InvalidOption', `expected a node of this cluster, got: ${node.address}`);
  }
}
