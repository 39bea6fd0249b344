/** `streamwarden doctor`: whether the servers are fit for consumers, and what to do where they are not. */
import { Command, Option } from 'commander';
import { StreamwardenError } from '../../core/errors.js';
import { deploymentOf } from '../../redis/target.js';
import type { Runner } from '../command.js';
import { examine } from '../doctor/checks.js';
import type { Facts } from '../doctor/facts.js';
import { gather } from '../doctor/gather.js';
import { inWords, summary } from '../doctor/words.js';
import { CliError, EXIT } from '../errors.js';
import type { Output } from '../output.js';
import { addressOf, checkRedisUrl, redisOption } from '../redis-option.js';
import { namesOfService } from '../service-status.js';
import { dlqStreamOption } from '../service-visit.js';
import { refuseWrongUrl } from '../url-mistakes.js';
import { count, examples, jsonOption } from '../values.js';

interface DoctorOptions {
  readonly redis?: string;
  readonly service?: string;
  readonly dlqStream?: string;
  readonly aclUser?: string;
  readonly heartbeat: number;
  readonly keyspaceEvents: 'require' | 'prefer' | 'off';
  readonly lockKeys: boolean;
  readonly timeout: number;
}

export function doctorCommand(run: Runner): Command {
  const command = new Command('doctor')
    .description('Checks whether Redis is fit for consumers, and says what to do where it is not.')
    .addOption(redisOption())
    .addOption(new Option('--service <name>', 'look at this service as well, and at the rights to its keys'))
    .addOption(dlqStreamOption())
    .addOption(new Option('--acl-user <name>', 'whose rights to look at (default: those of the URL)'))
    .addOption(new Option('--heartbeat <ms>', 'of the consumers').argParser(count).default(2_000))
    .addOption(
      new Option('--keyspace-events <mode>', 'of the consumers')
        .choices(['require', 'prefer', 'off'])
        .default('require'),
    )
    .addOption(new Option('--no-lock-keys', 'the consumers keep none'))
    .addOption(
      new Option('--timeout <ms>', 'how long each server may take to answer').argParser(count).default(2_000),
    )
    .addOption(jsonOption())
    .action(run(doctor))
    .addHelpText('after', '\nChanges nothing. Exits with 0 when nothing is bad, with 1 when something is.');
  return examples(
    command,
    'streamwarden doctor --redis redis://127.0.0.1:6379 --service orders',
    'streamwarden doctor --redis redis-cluster://127.0.0.1:7000 --service orders --acl-user orders-consumer',
    'streamwarden doctor --json | jq \'select(.result != "good")\'',
  );
}

async function doctor(options: DoctorOptions, output: Output): Promise<number> {
  const url = checkRedisUrl(options.redis);
  if (options.aclUser === '') {
    throw new CliError('InvalidOption', 'expected --acl-user to be a non-empty text, got: ""');
  }
  const names =
    options.service === undefined ? undefined : namesOfService(url, options.service, options.dlqStream);
  await refuseWrongUrl(url);
  const { heartbeat: heartbeatMs, keyspaceEvents, lockKeys, timeout: timeoutMs, aclUser } = options;
  const assumed = { heartbeatMs, keyspaceEvents, lockKeys };
  const facts = await gather({ url, deployment: deploymentOf(url), timeoutMs, names, aclUser, assumed });
  if (facts.servers.length === 0) throw nobodyAnswers(url, facts);
  const findings = examine(facts);
  for (const finding of findings) output.line({ type: 'Check', ...finding }, inWords(finding));
  if (!output.json) output.write(`\n${summary(findings)}`);
  return findings.some(({ result }) => result === 'bad') ? EXIT.failed : EXIT.ok;
}

function nobodyAnswers(
  url: string,
  { topology: { kind, masters, others, sentinels } }: Facts,
): StreamwardenError {
  const asked = [...masters, ...others, ...sentinels];
  const silent = asked.find(({ error }) => error !== null);
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
