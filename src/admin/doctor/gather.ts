/** Gathers what the checks go by, from every server that belongs here. */
import type { Clock } from '../../core/clock.js';
import { messageOf } from '../../core/errors.js';
import { redact } from '../../core/logger.js';
import type { Deployment } from '../../redis/target.js';
import type { CompiledServiceOptions } from '../../runtime/service-settings.js';
import type { NodePool } from '../topology/node-pool.js';
import type { NodePicture, TopologyPicture } from '../topology/picture.js';
import { nodePoolOf, sentinelPoolOf } from '../topology/pools.js';
import { surveyOf } from '../topology/survey-of.js';
import { endedBy } from './ended-by.js';
import type { AssumedSettings, Facts, SentinelFacts, ServerFacts, SilentServer } from './facts.js';
import { gatherSentinel } from './gather/sentinel.js';
import { type Asked, gatherServer } from './gather/server.js';
import { gatherService } from './gather/service.js';
import { entryNeedsOf, needsOf } from './needs.js';

export interface GatherInput {
  readonly deployment: Deployment;
  /** How long each server may take to answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Undefined: no service was named. */
  readonly service: CompiledServiceOptions | undefined;
  /** Whose rights are looked at; undefined: those of the URL's user. */
  readonly aclUser: string | undefined;
  readonly assumed: AssumedSettings;
  readonly clock: Clock;
  /** Closes all connections when it aborts. */
  readonly signal?: AbortSignal;
}

export async function gather(input: GatherInput): Promise<Facts> {
  const { deployment, timeoutMs, aclUser, assumed, clock, signal } = input;
  const names = input.service?.names;
  using survey = endedBy(signal, surveyOf(deployment, timeoutMs, clock));
  using nodes = endedBy(signal, nodePoolOf(deployment, timeoutMs, clock));
  const topology = await survey.look();
  const database = deployment.options.db ?? 0;
  const needs = needsOf({ kind: topology.kind, database, names, assumed });
  const entryNeeds = entryNeedsOf(names);
  const asked: Asked = { needs, entryNeeds, aclUser, countKeys: names !== undefined, clock };
  const [answers, sentinels, service] = await Promise.all([
    gatherServers(nodes, topology, asked),
    gatherSentinels(input, topology),
    input.service === undefined ? null : gatherService(input.service, clock, signal),
  ]);
  return { topology, ...answers, sentinels, service, assumed };
}

async function gatherServers(
  pool: NodePool,
  { masters, others }: TopologyPicture,
  asked: Asked,
): Promise<Pick<Facts, 'servers' | 'silent'>> {
  const look = async ({ address, state, error: problem }: NodePicture, role: ServerFacts['role']) => {
    // Whoever answers there is none of ours: neither its settings nor its rights say anything.
    if (state === 'foreign') return { address, error: problem ?? state };
    try {
      return await gatherServer(await pool.commandsAt(address), address, role, asked);
    } catch (error) {
      return { address, error: redact(messageOf(error)) };
    }
  };
  // A node of which nothing is known may be a master: a user who may not ask the cluster sees no other ones.
  const asMasters = [...masters, ...others].map((node) => look(node, 'master'));
  const asReplicas = masters.flatMap(({ replicas }) => replicas).map((node) => look(node, 'replica'));
  const found = await Promise.all([...asMasters, ...asReplicas]);
  const isSilent = (one: ServerFacts | SilentServer): one is SilentServer => 'error' in one;
  return {
    servers: found.filter((one): one is ServerFacts => !isSilent(one)),
    silent: found.filter(isSilent),
  };
}

async function gatherSentinels(
  { deployment, timeoutMs, clock, signal }: GatherInput,
  { sentinels }: TopologyPicture,
): Promise<SentinelFacts[]> {
  if (deployment.kind !== 'sentinel') return [];
  using pool = endedBy(signal, sentinelPoolOf(deployment, timeoutMs, clock));
  const { name = '' } = deployment.options;
  const found = await Promise.all(sentinels.map(({ address }) => gatherSentinel(pool, address, name)));
  return found.filter((sentinel) => sentinel !== undefined);
}
