/** The runtime's options as options of the command line: one table, from which both directions are read. */
import { type Command, Option } from 'commander';
import { type ErrorCode, isStreamwardenError } from '../core/errors.js';
import type { RuntimeOptions } from '../runtime/options.js';
import { CliError } from './errors.js';
import { wholeNumber } from './values.js';

interface Setting {
  readonly flags: string;
  readonly option: keyof RuntimeOptions;
  readonly about: string;
  readonly parse?: (text: string) => unknown;
  readonly choices?: readonly string[];
}

// Defaults are the runtime's own and only told here, so that there is one place that decides them.
const SETTINGS: readonly Setting[] = [
  {
    flags: '--consumer-id <id>',
    option: 'consumerId',
    about:
      'who this process is (default: redis-consumer-$POD_NAME, else redis-consumer-$POD_IP, else host name and process id)',
  },
  {
    flags: '--capacity <n>',
    option: 'capacity',
    about: 'streams owned at most (default: 10000)',
    parse: wholeNumber,
  },
  {
    flags: '--heartbeat <ms>',
    option: 'heartbeatMs',
    about: 'how long a lease lives without a sign of life (default: 2000)',
    parse: wholeNumber,
  },
  {
    flags: '--min-idle <ms>',
    option: 'minIdleMs',
    about: 'how long an entry is pending before the scan may take it (default: 30000)',
    parse: wholeNumber,
  },
  {
    flags: '--reconcile-every <ms>',
    option: 'reconcileEveryMs',
    about: 'how often the whole pending list is looked through (default: 60000)',
    parse: wholeNumber,
  },
  {
    flags: '--max-retries <n>',
    option: 'maxRetries',
    about: 'retries before a stream is dead-lettered (default: 3)',
    parse: wholeNumber,
  },
  {
    flags: '--proven-after <ms>',
    option: 'provenAfterMs',
    about: 'after how long with one owner the retries of a stream are forgotten (default: 60000)',
    parse: wholeNumber,
  },
  {
    flags: '--dlq-stream <name>',
    option: 'dlqStream',
    about: 'dead-letter stream (default: <service>-input-dlq)',
  },
  {
    flags: '--dlq-max-len <n>',
    option: 'dlqMaxLen',
    about: 'dead letters kept, about; 0: all (default: 10000)',
    parse: wholeNumber,
  },
  {
    flags: '--max-entry-bytes <n>',
    option: 'maxEntryBytes',
    about: 'larger entries are dead-lettered unread (default: 1048576)',
    parse: wholeNumber,
  },
  {
    flags: '--large-integers <how>',
    option: 'largeIntegers',
    about: 'integers that no number can hold: rounded, or as text (default: round)',
    choices: ['round', 'text'],
  },
  {
    flags: '--duplicates <how>',
    option: 'duplicates',
    about: 'entries whose name waits already: they wait too, or are finished (default: queue)',
    choices: ['queue', 'coalesce'],
  },
  {
    flags: '--keyspace-events <mode>',
    option: 'keyspaceEvents',
    about: 'require them, prefer them, or find deaths by asking alone (default: require)',
    choices: ['require', 'prefer', 'off'],
  },
  {
    flags: '--keyspace-override',
    option: 'keyspaceOverride',
    about: 'widen a notify-keyspace-events that others have set',
  },
  {
    flags: '--on-uncertain <what>',
    option: 'onUncertain',
    about: 'when a lease cannot be confirmed in time (default: continue)',
    choices: ['continue', 'abort'],
  },
  {
    flags: '--hand-over-grace <ms>',
    option: 'handOverGraceMs',
    about: 'how long handlers get to return when stopping (default: 5000)',
    parse: wholeNumber,
  },
  {
    flags: '--history-key <key>',
    option: 'historyKey',
    about:
      "append every change of owner to this list; its hash tag must be the stream's: {<service>-input}:history",
  },
  { flags: '--no-auto-claim', option: 'autoClaim', about: 'leave the streams of dead owners to others' },
  {
    flags: '--no-lock-keys',
    option: 'lockKeys',
    about: 'keep no lock key per stream: for fleets without Go consumers',
  },
];

function optionOf({ flags, about, parse, choices }: Setting): Option {
  const option = new Option(flags, about);
  if (choices) option.choices(choices);
  return parse ? option.argParser(parse) : option;
}

export function addConsumerOptions(command: Command): Command {
  for (const setting of SETTINGS) command.addOption(optionOf(setting));
  return command;
}

/** Those that were given, by the runtime's names for them. */
export function consumerOptionsOf(parsed: Readonly<Record<string, unknown>>): Partial<RuntimeOptions> {
  const given = SETTINGS.map(
    (setting) => [setting.option, parsed[optionOf(setting).attributeName()]] as const,
  );
  return Object.fromEntries(given.filter(([, value]) => value !== undefined)) as Partial<RuntimeOptions>;
}

/** Errors whose code alone says which option would help. */
const OPTION_FOR_CODE: Partial<Record<ErrorCode, keyof RuntimeOptions>> = {
  KeyspaceConfigConflict: 'keyspaceOverride',
  KeyspaceConfigForbidden: 'keyspaceEvents',
};

/** Options that are set by flags outside of the table. */
const OTHER_FLAGS: Readonly<Record<string, string>> = {
  startTimeoutMs: '--start-timeout',
  'record.ring.lastMs': '--record-last',
};

/** An error keeps the runtime's own words; what is typed to set the option is added. */
export function inWordsOfTheCommandLine(error: unknown): unknown {
  if (!isStreamwardenError(error)) return error;
  const name = OPTION_FOR_CODE[error.code] ?? error.details.option;
  const setting = SETTINGS.find(({ option }) => option === name);
  const flag = setting?.flags.split(' ')[0] ?? OTHER_FLAGS[String(name)];
  return flag === undefined ? error : new CliError(error.code, `${error.message} (${flag})`);
}
