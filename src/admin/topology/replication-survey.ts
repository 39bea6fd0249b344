/** Looks at one master and its replicas: of a single server, or of the master that Sentinels name. */
import type { Clock } from '../../core/clock.js';
import { messageOf } from '../../core/errors.js';
import { redact } from '../../core/logger.js';
import { formatAddress } from '../../redis/address.js';
import { fieldsOf } from '../../redis/flat-reply.js';
import { infoField } from '../../redis/info.js';
import type { SingleDeployment } from '../../redis/target.js';
import { NO_FACTS, readFacts } from './node-facts.js';
import type { NodePool } from './node-pool.js';
import type { MasterPicture, NodePicture, SentinelPicture, TopologyPicture } from './picture.js';
import { nodePoolOf, sentinelPoolOf } from './pools.js';
import type { Survey } from './survey.js';

interface Looked {
  readonly node: NodePicture;
  readonly role: 'master' | 'replica' | undefined;
  /** Of a replica. */
  readonly master: string | undefined;
  /** Of a master, those that are connected to it. */
  readonly replicas: readonly string[];
}

interface Told {
  readonly sentinel: SentinelPicture;
  /** Those that are gone as well. */
  readonly replicas: readonly string[];
}

export class ReplicationSurvey implements Survey {
  readonly #deployment: SingleDeployment;
  readonly #nodes: NodePool;
  readonly #sentinels: NodePool;

  /** @param timeoutMs how long each server may take to answer, in milliseconds */
  constructor(deployment: SingleDeployment, timeoutMs: number, clock: Clock) {
    this.#deployment = deployment;
    this.#nodes = nodePoolOf(deployment, timeoutMs, clock);
    this.#sentinels = sentinelPoolOf(deployment, timeoutMs, clock);
  }

  look(): Promise<TopologyPicture> {
    return this.#deployment.kind === 'sentinel' ? this.#lookAtSentinels() : this.#lookAtOne();
  }

  [Symbol.dispose](): void {
    this.#nodes[Symbol.dispose]();
    this.#sentinels[Symbol.dispose]();
  }

  async #lookAtOne(): Promise<TopologyPicture> {
    const { host = '127.0.0.1', port = 6379 } = this.#deployment.options;
    const address = formatAddress({ host, port });
    const looked = await this.#lookAt(address);
    if (looked.master === undefined) {
      const problems = problemsWith(looked);
      return { ...picture('single', problems), masters: [await this.#drawMaster(looked, [])] };
    }
    const problem = `${address} is a replica of ${looked.master}: consumers need the master`;
    const master = await this.#drawMaster(await this.#lookAt(looked.master), [address]);
    return { ...picture('single', [problem]), masters: [master] };
  }

  async #lookAtSentinels(): Promise<TopologyPicture> {
    const { sentinels = [], name = '' } = this.#deployment.options;
    const hosts = sentinels.map(({ host = '127.0.0.1', port = 26_379 }) => formatAddress({ host, port }));
    const told = await Promise.all(hosts.map((address) => this.#askSentinel(address, name)));
    const named = [...new Set(told.flatMap(({ sentinel: { master } }) => master ?? []))].sort();
    const masters = await Promise.all(named.map((address) => this.#lookAt(address)));
    const problems = masters.flatMap(problemsWith);
    if (named.length === 0) problems.push('no Sentinel names a master');
    if (named.length > 1) problems.push(`the Sentinels disagree on the master: ${named.join(', ')}`);
    const replicas = told.flatMap((one) => one.replicas).filter((address) => !named.includes(address));
    return {
      ...picture('sentinel', problems),
      masters: await Promise.all(
        masters.map((looked, index) => this.#drawMaster(looked, index === 0 ? replicas : [])),
      ),
      sentinels: told.map(({ sentinel }) => sentinel),
    };
  }

  /** @param more replicas that somebody else knows of */
  async #drawMaster({ node, replicas }: Looked, more: readonly string[]): Promise<MasterPicture> {
    const addresses = [...new Set([...replicas, ...more])].sort();
    const looked = await Promise.all(addresses.map((address) => this.#lookAt(address)));
    return { ...node, slots: null, replicas: looked.map((replica) => replica.node) };
  }

  async #lookAt(address: string): Promise<Looked> {
    try {
      const commands = await this.#nodes.commandsAt(address);
      const info = await commands.run('INFO replication', (client) => client.info('replication'));
      const role = infoField(info, 'role') === 'master' ? 'master' : 'replica';
      const node: NodePicture = {
        address,
        id: null,
        state: 'up',
        error: null,
        ...(await readFacts(commands)),
      };
      return { node, role, master: masterOf(info), replicas: replicasOf(info) };
    } catch (thrown) {
      const error = redact(messageOf(thrown));
      const node: NodePicture = { address, id: null, state: 'unreachable', error, ...NO_FACTS };
      return { node, role: undefined, master: undefined, replicas: [] };
    }
  }

  async #askSentinel(address: string, name: string): Promise<Told> {
    try {
      const commands = await this.#sentinels.commandsAt(address);
      const place = await commands.run('SENTINEL GET-MASTER-ADDR-BY-NAME', (client) =>
        client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name),
      );
      if (place === null) {
        return { sentinel: { address, state: 'up', error: null, master: null }, replicas: [] };
      }
      const replies = await commands.run('SENTINEL REPLICAS', (client) =>
        client.call('SENTINEL', 'REPLICAS', name),
      );
      const [host = '', port = ''] = place as string[];
      return {
        sentinel: { address, state: 'up', error: null, master: formatAddress({ host, port: Number(port) }) },
        replicas: (replies as unknown[])
          .map(fieldsOf)
          .map(({ ip, port: ofReplica }) => formatAddress({ host: String(ip), port: Number(ofReplica) })),
      };
    } catch (thrown) {
      const error = redact(messageOf(thrown));
      return { sentinel: { address, state: 'unreachable', error, master: null }, replicas: [] };
    }
  }
}

function picture(kind: 'single' | 'sentinel', problems: readonly string[]): TopologyPicture {
  return {
    kind,
    settled: problems.length === 0,
    problems,
    epoch: null,
    masters: [],
    others: [],
    sentinels: [],
  };
}

/** What speaks against this server's being the master. */
function problemsWith({ node: { address, error }, role }: Looked): string[] {
  if (error !== null) return [`the master ${address} does not answer`];
  return role === 'master' ? [] : [`${address} should be the master and says that it is a replica`];
}

function masterOf(info: string): string | undefined {
  const host = infoField(info, 'master_host');
  return host === undefined
    ? undefined
    : formatAddress({ host, port: Number(infoField(info, 'master_port')) });
}

/** `slave0:ip=127.0.0.1,port=6380,state=online,…` */
function replicasOf(info: string): string[] {
  return [...info.matchAll(/^slave\d+:ip=([^,]+),port=(\d+)/gm)].map(([, host = '', port]) =>
    formatAddress({ host, port: Number(port) }),
  );
}
