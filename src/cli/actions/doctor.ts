/** Whether the servers are fit for consumers, and what to do where they are not. */
import { StreamwardenError } from '../../core/errors.js';
import { deploymentOf } from '../../redis/target.js';
import { serviceSettings } from '../../runtime/service-settings.js';
import { examine } from '../doctor/checks.js';
import type { Facts } from '../doctor/facts.js';
import { gather } from '../doctor/gather.js';
import { inWords, summary } from '../doctor/words.js';
import { CliError, EXIT } from '../errors.js';
import type { Output } from '../output.js';
import { addressOf, type RedisFlags, redisUrlOf } from '../redis-option.js';
import { refuseWrongUrl } from '../url-mistakes.js';

interface DoctorOptions extends RedisFlags {
  readonly service?: string;
  readonly dlqStream?: string;
  readonly aclUser?: string;
  readonly heartbeat: number;
  readonly keyspaceEvents: 'require' | 'prefer' | 'off';
  readonly lockKeys: boolean;
  readonly timeout: number;
}

export async function doctor(options: DoctorOptions, output: Output): Promise<number> {
  const url = redisUrlOf(options, output.host.env);
  if (options.aclUser === '') {
    throw new CliError('InvalidOption', 'expected --acl-user to be a non-empty text, got: ""');
  }
  const {
    heartbeat: heartbeatMs,
    keyspaceEvents,
    lockKeys,
    timeout: timeoutMs,
    aclUser,
    dlqStream,
  } = options;
  const service =
    options.service === undefined
      ? undefined
      : serviceSettings({ redis: url, service: options.service, dlqStream, timeoutMs });
  await refuseWrongUrl(url);
  const assumed = { heartbeatMs, keyspaceEvents, lockKeys };
  const facts = await gather({ deployment: deploymentOf(url), timeoutMs, service, aclUser, assumed });
  if (facts.servers.length === 0) throw nobodyAnswers(url, facts);
  const findings = examine(facts);
  for (const finding of findings) output.line({ type: 'Check', ...finding }, inWords(finding));
  if (!output.json) output.write(`\n${summary(findings)}`);
  return findings.some(({ result }) => result === 'bad') ? EXIT.failed : EXIT.ok;
}

function nobodyAnswers(
  url: string,
  { topology: { kind, masters, others, sentinels }, silent: failed }: Facts,
): StreamwardenError {
  const asked = [...masters, ...others, ...sentinels];
  const silent = asked.find(({ error }) => error !== null) ?? failed[0];
  if (kind === 'single') {
    return new StreamwardenError(
      'RedisUnavailable',
      `no connection to Redis at ${addressOf(url)}: ${silent?.error}`,
    );
  }
  const isSentinelGone = sentinels.length > 0 && sentinels.every(({ error }) => error !== null);
  const what =
    kind === 'cluster' ? 'node of the cluster' : isSentinelGone ? 'Sentinel' : 'server behind the Sentinels';
  const why = silent === undefined ? 'none is named' : `${silent.address}: ${silent.error}`;
  return new StreamwardenError('RedisUnavailable', `no ${what} answers; ${why}`);
}
