/** `streamwarden status`: what Redis knows of a service, whether or not any consumer runs. */
import { Command, Option } from 'commander';
import type { Runner } from '../command.js';
import { EXIT } from '../errors.js';
import { duration, type Output, plural, table } from '../output.js';
import { withRedis } from '../redis-client.js';
import { checkRedisUrl, redisOption } from '../redis-option.js';
import { namesOfService, readServiceStatus, type ServiceStatus } from '../service-status.js';
import { examples, jsonOption, serviceOption, startTimeoutOption } from '../values.js';

interface StatusOptions {
  readonly redis?: string;
  readonly service: string;
  readonly dlqStream?: string;
  readonly startTimeout: number;
}

export function statusCommand(run: Runner): Command {
  const command = new Command('status')
    .description('Shows the streams, the consumers and the dead letters of a service.')
    .addOption(redisOption())
    .addOption(serviceOption())
    .addOption(new Option('--dlq-stream <name>', 'dead-letter stream (default: <service>-input-dlq)'))
    .addOption(startTimeoutOption())
    .addOption(jsonOption())
    .action(run(status));
  return examples(
    command,
    'streamwarden status --service orders',
    'streamwarden status --service orders --redis redis-cluster://127.0.0.1:7000,127.0.0.1:7001',
    'streamwarden status --service orders --json | jq .consumers',
  );
}

async function status(options: StatusOptions, output: Output): Promise<number> {
  const url = checkRedisUrl(options.redis);
  const names = namesOfService(url, options.service, options.dlqStream);
  const found = await withRedis(url, options.startTimeout, (client) => readServiceStatus(client, names));
  output.line({ type: 'Status', ...found }, forPeople(found));
  return EXIT.ok;
}

function forPeople({ service, stream, group, consumers, dlq }: ServiceStatus): string {
  const read = group.created
    ? `${group.pending} pending, ${group.undelivered} not given to anybody yet`
    : `no group ${group.name} yet: no consumer has started`;
  const lines = [
    `service ${service}`,
    `  ${stream.name}: ${stream.length === 1 ? '1 entry' : `${stream.length} entries`} (${read})`,
    `  ${dlq.name}: ${plural(dlq.length, 'dead letter')}`,
    '',
  ];
  if (consumers.length === 0) return [...lines, 'no consumers'].join('\n');
  const rows = consumers.map(({ name, pending, presenceMs, idleMs }) => [
    name,
    pending,
    presenceMs === null ? 'none' : `${presenceMs} ms left`,
    duration(idleMs),
  ]);
  return [...lines, table(['CONSUMER', 'PENDING', 'PRESENCE', 'IDLE'], rows)].join('\n');
}
