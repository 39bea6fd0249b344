/** Gathers, and judges. */
import { StreamwardenError } from '../../core/errors.js';
import { examine } from './checks.js';
import type { Facts } from './facts.js';
import type { Finding } from './finding.js';
import { type GatherInput, gather } from './gather.js';

/** @throws StreamwardenError `RedisUnavailable` when no server answers */
export async function examined(input: GatherInput): Promise<Finding[]> {
  const facts = await gather(input);
  if (facts.servers.length === 0) throw noneAnswers(facts);
  return examine(facts);
}

function noneAnswers({
  topology: { kind, masters, others, sentinels },
  silent: failed,
}: Facts): StreamwardenError {
  const asked = [...masters, ...others, ...sentinels];
  const silent = asked.find(({ error }) => error !== null) ?? failed[0];
  const details = { sent: false };
  if (kind === 'single') {
    const message = `no connection to Redis at ${silent?.address}: ${silent?.error}`;
    return new StreamwardenError('RedisUnavailable', message, { retriable: true, details });
  }
  const isSentinelGone = sentinels.length > 0 && sentinels.every(({ error }) => error !== null);
  const what =
    kind === 'cluster' ? 'node of the cluster' : isSentinelGone ? 'Sentinel' : 'server behind the Sentinels';
  const why = silent === undefined ? 'none is named' : `${silent.address}: ${silent.error}`;
  return new StreamwardenError('RedisUnavailable', `no ${what} answers; ${why}`, {
    retriable: true,
    details,
  });
}
