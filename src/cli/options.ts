/** Options that several commands have. What their values mean is found out by whoever uses them: this is loaded for `--help` as well. */
import { type Command, Option } from 'commander';
import { wholeNumber } from './values.js';

/** Where Redis is when nobody says so. */
export const DEFAULT_REDIS_URL = 'redis://127.0.0.1:6379';

export function jsonOption(): Option {
  return new Option('--json', 'one JSON object a line, for programs').default(false);
}

/** Names the service where no option does. */
export const SERVICE_VARIABLE = 'STREAMWARDEN_SERVICE';

export function serviceOption(): Option {
  return optionalServiceOption('name of the service').makeOptionMandatory();
}

export function optionalServiceOption(about: string): Option {
  return new Option('--service <name>', `${about} (default: $${SERVICE_VARIABLE})`);
}

/** Has a command, and all below it, work on the service that the environment names. Commander itself reads the process's environment only. */
export function takeServiceFrom(environment: Readonly<NodeJS.ProcessEnv>, command: Command): void {
  const service = environment[SERVICE_VARIABLE];
  if (service && command.options.some(({ long }) => long === '--service')) {
    command.setOptionValueWithSource('service', service, 'env');
  }
  for (const one of command.commands) takeServiceFrom(environment, one);
}

export function startTimeoutOption(): Option {
  return new Option('--start-timeout <ms>', 'how long to wait for Redis')
    .argParser(wholeNumber)
    .default(5_000);
}

/** Not parsed by commander, which would echo a bad value, password and all: see `checkRedisUrl`. */
export function redisOption(): Option {
  return new Option(
    '--redis <url>',
    `where Redis is: redis://, redis-cluster:// or redis-sentinel:// (default: $REDIS_URL, else ${DEFAULT_REDIS_URL})`,
  );
}

export function passwordFileOption(): Option {
  return new Option(
    '--password-file <file>',
    'holds the password for Redis, which the URL then has none of; what runs on reads it anew at each connection',
  );
}

export function dlqStreamOption(): Option {
  return new Option('--dlq-stream <name>', 'dead-letter stream (default: <service>-input-dlq)');
}

export function yesOption(): Option {
  return new Option('--yes', 'do not ask; needed where there is no terminal to ask on').default(false);
}
