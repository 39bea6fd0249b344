/** What one Sentinel says of whether a failover could be agreed upon. */
import { isStreamwardenError, messageOf } from '../../../core/errors.js';
import type { NodePool } from '../../topology/node-pool.js';
import type { SentinelFacts } from '../facts.js';

/** Undefined when it does not answer: the topology shows that. */
export async function gatherSentinel(
  pool: NodePool,
  address: string,
  masterName: string,
): Promise<SentinelFacts | undefined> {
  try {
    const commands = await pool.commandsAt(address);
    await commands.run('SENTINEL CKQUORUM', (client) => client.call('SENTINEL', 'CKQUORUM', masterName));
    return { address, quorumProblem: null };
  } catch (error) {
    // `NOQUORUM 1 usable Sentinels. Not enough available Sentinels to reach the specified quorum for this master.`
    const words = isStreamwardenError(error, 'RedisRefused') ? messageOf(error.cause) : '';
    return words.startsWith('NOQUORUM') ? { address, quorumProblem: words } : undefined;
  }
}
