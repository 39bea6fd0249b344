/** Looks at a cluster: asks every node that is known what it knows, and what it is set to. */
import type { Clock } from '../../core/clock.js';
import { messageOf } from '../../core/errors.js';
import { redact } from '../../core/logger.js';
import { NO_KINSHIP } from '../../redis/cluster-kinship.js';
import { type ClusterVerdict, judgeCluster, type NodeAnswer } from '../../redis/cluster-verdict.js';
import type { ClusterNode, SlotRange } from '../../redis/cluster-view.js';
import { askNode } from '../../redis/shards.js';
import type { ClusterDeployment } from '../../redis/target.js';
import { NO_FACTS, type NodeFacts, readFacts } from './node-facts.js';
import type { NodePool } from './node-pool.js';
import type { MasterPicture, NodePicture, TopologyPicture } from './picture.js';
import { nodePoolOf } from './pools.js';
import type { Survey } from './survey.js';

export class ClusterSurvey implements Survey {
  readonly #deployment: ClusterDeployment;
  readonly #pool: NodePool;
  #known: readonly string[];

  /** @param timeoutMs how long each node may take to answer, in milliseconds */
  constructor(deployment: ClusterDeployment, timeoutMs: number, clock: Clock) {
    this.#deployment = deployment;
    this.#pool = nodePoolOf(deployment, timeoutMs, clock);
    this.#known = deployment.seeds;
  }

  async look(): Promise<TopologyPicture> {
    // Of the cluster that the URL leads to: an address of it may have gone to another one.
    const kinship = { ...NO_KINSHIP, seeds: this.#deployment.seeds };
    let answers = await this.#askAll(this.#known);
    let verdict = judgeCluster(answers, kinship);
    const listed = verdict.view?.nodes.map(({ address }) => address) ?? [];
    const news = listed.filter((address) => !this.#known.includes(address));
    if (news.length > 0) {
      answers = [...answers, ...(await this.#askAll(news))];
      verdict = judgeCluster(answers, kinship);
    }
    if (verdict.settled) this.#known = [...new Set([...this.#deployment.seeds, ...listed])];
    else this.#known = [...new Set([...this.#known, ...listed])];
    const facts = new Map<string, NodeFacts>();
    await Promise.all(
      answers.map(async (answer) => {
        // What a stranger is set to is no setting of ours.
        if ('view' in answer && !verdict.foreign.includes(answer.address))
          facts.set(answer.address, await this.#factsOf(answer.address));
      }),
    );
    return draw(verdict, answers, facts);
  }

  [Symbol.dispose](): void {
    this.#pool[Symbol.dispose]();
  }

  #askAll(addresses: readonly string[]): Promise<NodeAnswer[]> {
    return Promise.all(addresses.map((address) => this.#ask(address)));
  }

  async #ask(address: string): Promise<NodeAnswer> {
    try {
      const commands = await this.#pool.commandsAt(address);
      return { address, view: await askNode(commands, address, this.#deployment.translate) };
    } catch (error) {
      return { address, error: redact(messageOf(error)) };
    }
  }

  async #factsOf(address: string): Promise<NodeFacts> {
    try {
      return await readFacts(await this.#pool.commandsAt(address));
    } catch {
      return NO_FACTS;
    }
  }
}

const ANOTHER_ANSWERS = { state: 'foreign', error: 'a node of another cluster answers here' } as const;

function draw(
  { settled, problems, view, silent, foreign }: ClusterVerdict,
  answers: readonly NodeAnswer[],
  facts: ReadonlyMap<string, NodeFacts>,
): TopologyPicture {
  const nodes = view?.nodes ?? [];
  const errors = new Map(silent.map(({ address, error }) => [address, error]));
  const moving = movingByNode(answers);

  const nodeOf = ({ address, id, isFailed }: ClusterNode): NodePicture => {
    if (foreign.includes(address)) return { address, id, ...ANOTHER_ANSWERS, ...NO_FACTS };
    const error = errors.get(address) ?? null;
    const state = isFailed ? 'failed' : error === null ? 'up' : 'unreachable';
    return { address, id, state, error, ...(facts.get(address) ?? NO_FACTS) };
  };
  const masterOf = (node: ClusterNode): MasterPicture => ({
    ...nodeOf(node),
    slots: {
      count: node.slots.reduce((sum, [from, to]) => sum + to - from + 1, 0),
      ranges: node.slots,
      moving: moving.get(node.id) ?? [],
    },
    replicas: nodes
      .filter(({ masterId }) => masterId === node.id)
      .map(nodeOf)
      .sort(byAddress),
  });

  const masters = nodes.filter(({ role }) => role === 'master');
  const masterIds = new Set(masters.map(({ id }) => id));
  const strays = nodes.filter(({ role, masterId }) => role === 'replica' && !masterIds.has(masterId ?? ''));
  const addresses = new Set(nodes.map(({ address }) => address));
  const unknown = answers
    .filter(({ address }) => !addresses.has(address))
    .map((answer): NodePicture => {
      const { address } = answer;
      const known = facts.get(address) ?? NO_FACTS;
      if ('error' in answer)
        return { address, id: null, state: 'unreachable', error: answer.error, ...known };
      const { id } = answer.view;
      return foreign.includes(address)
        ? { address, id, ...ANOTHER_ANSWERS, ...known }
        : { address, id, state: 'up', error: null, ...known };
    });
  return {
    kind: 'cluster',
    settled,
    problems,
    epoch: view?.epoch ?? null,
    masters: masters.map(masterOf).sort(bySlots),
    others: [...strays.map(nodeOf), ...unknown].sort(byAddress),
    sentinels: [],
  };
}

/** Which slots are on their way is known to the two nodes concerned alone, each of its own. */
function movingByNode(answers: readonly NodeAnswer[]): Map<string, readonly string[]> {
  const moving = new Map<string, readonly string[]>();
  for (const answer of answers) {
    if (!('view' in answer)) continue;
    const { id, nodes } = answer.view;
    moving.set(id, nodes.find((node) => node.id === id)?.moving ?? []);
  }
  return moving;
}

function byAddress(a: NodePicture, b: NodePicture): number {
  return a.address < b.address ? -1 : 1;
}

/** By the lowest slot; those without any come last. */
function bySlots(a: MasterPicture, b: MasterPicture): number {
  const first = ({ slots }: MasterPicture) => (slots?.ranges[0] as SlotRange | undefined)?.[0] ?? 16_384;
  return first(a) - first(b) || byAddress(a, b);
}
