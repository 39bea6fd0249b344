/** Whether the servers are fit for consumers, and what to do where they are not. */
import { examined } from '../../admin/doctor/examined.js';
import { systemClock } from '../../core/clock.js';
import { deploymentOf } from '../../redis/target.js';
import { serviceSettings } from '../../runtime/service-settings.js';
import { inWords, summary } from '../doctor/words.js';
import { CliError, EXIT } from '../errors.js';
import type { Output } from '../output.js';
import { type RedisFlags, redisUrlOf } from '../redis-option.js';
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
  const deployment = deploymentOf(url);
  const findings = await examined({ deployment, timeoutMs, service, aclUser, assumed, clock: systemClock });
  for (const finding of findings) output.line({ type: 'Check', ...finding }, inWords(finding));
  if (!output.json) output.write(`\n${summary(findings)}`);
  return findings.some(({ result }) => result === 'bad') ? EXIT.failed : EXIT.ok;
}
