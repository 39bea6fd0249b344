/** When Redis cannot be used: is something else there than the URL says? Then that is said, and which URL to use instead. */
import { Redis } from 'ioredis';
import { type ErrorCode, isStreamwardenError, messageOf, StreamwardenError } from '../core/errors.js';
import { redact } from '../core/logger.js';
import { formatAddress, parseAddress } from '../redis/address.js';
import { connectAnswered, listenToErrors } from '../redis/handshake.js';
import { type ServerMode, serverMode } from '../redis/info.js';
import { hostsOf, parseMultiHostUrl } from '../redis/redis-url.js';
import { type Deployment, deploymentOf } from '../redis/target.js';
import { CliError } from './errors.js';
import { addressOf } from './redis-option.js';

/** What a server has to run as, for the kinds of URL. */
const MODES = { single: 'standalone', sentinel: 'sentinel', cluster: 'cluster' } as const;

/** Errors that may come of a URL of the wrong kind. */
const PERHAPS_THE_URL: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'RedisUnavailable',
  'RedisRefused',
  // A Sentinel has few commands.
  'CommandsMissing',
  'StartTimeout',
  'ClusterClientRequired',
]);
const WRONG_CREDENTIALS = /^(WRONGPASS|NOAUTH|ERR invalid password|ERR AUTH)/;
const LOOK_MS = 1_000;

interface Seen {
  readonly address: string;
  /** Undefined when it did not say. */
  readonly mode: ServerMode | undefined;
  /** Sentinels only: the masters that it watches. */
  readonly masters: readonly string[];
  readonly error: string | undefined;
}

/** The error as it is, or what the user has to change about the URL, or why none of several servers answers. */
export async function explained(url: string, error: unknown): Promise<unknown> {
  if (!isStreamwardenError(error) || !PERHAPS_THE_URL.has(error.code)) return error;
  const deployment = deploymentOf(url);
  const seen = await lookAtAll(deployment);
  const mistake = judge(url, deployment, seen);
  if (mistake !== undefined) return mistake;
  if (deployment.kind === 'single' || seen.some((server) => server.error === undefined)) return error;
  // With several servers to try, clients do not say why.
  const [first] = seen;
  const nobody = deployment.kind === 'cluster' ? 'node of the cluster' : 'Sentinel';
  return new StreamwardenError(error.code, `no ${nobody} answers; ${first?.address}: ${first?.error}`);
}

/**
 * Looks at every server that the URL names, before anything else is done. That none answers is no mistake.
 *
 * @throws CliError `WrongRedisUrl`, `UnknownMaster`, `PermissionDenied`
 */
export async function refuseWrongUrl(url: string): Promise<void> {
  const deployment = deploymentOf(url);
  const mistake = judge(url, deployment, await lookAtAll(deployment));
  if (mistake !== undefined) throw mistake;
}

/** Undefined when nothing is wrong that the URL could be blamed for. */
function judge(url: string, deployment: Deployment, seen: readonly Seen[]): CliError | undefined {
  const wanted = MODES[deployment.kind];
  if (seen.some(({ mode }) => mode === wanted)) {
    return deployment.kind === 'sentinel' ? unknownMaster(url, seen) : undefined;
  }
  const other = seen.find(({ mode }) => mode !== undefined);
  if (other !== undefined) return new CliError('WrongRedisUrl', wordsFor(url, other));
  const refused = seen.find(({ error = '' }) => WRONG_CREDENTIALS.test(error));
  if (refused === undefined) return undefined;
  return new CliError('PermissionDenied', `${refused.address} refused the credentials: ${refused.error}`);
}

function lookAtAll(deployment: Deployment): Promise<Seen[]> {
  return Promise.all(hostsNamedBy(deployment).map((address) => look(deployment, address)));
}

function hostsNamedBy(deployment: Deployment): readonly string[] {
  if (deployment.kind === 'cluster') return deployment.seeds;
  const { host = '127.0.0.1', port = 6379, sentinels = [] } = deployment.options;
  const hosts = deployment.kind === 'sentinel' ? sentinels : [{ host, port }];
  return hosts.map((one) => formatAddress({ host: one.host ?? host, port: one.port ?? port }));
}

async function look({ kind, options }: Deployment, address: string): Promise<Seen> {
  const { username, password, tls } = options;
  // Sentinels are asked without the credentials of Redis itself.
  const credentials = kind === 'sentinel' ? {} : { username, password };
  const client = new Redis({
    ...(credentials as object),
    ...(tls === undefined ? {} : { tls }),
    ...parseAddress(address),
    lazyConnect: true,
    disableClientInfo: true,
    enableReadyCheck: false,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    connectTimeout: LOOK_MS,
    commandTimeout: LOOK_MS,
    connectionName: 'streamwarden:cli',
    replyMapping: 'legacy',
  });
  const told = listenToErrors(client);
  try {
    await connectAnswered(client, told);
    const mode = serverMode(await client.info('server'));
    return {
      address,
      mode,
      masters: mode === 'sentinel' ? await mastersOf(client) : [],
      error: undefined,
    };
  } catch (error) {
    return { address, mode: undefined, masters: [], error: redact(messageOf(told() ?? error)) };
  } finally {
    client.disconnect();
  }
}

async function mastersOf(sentinel: Redis): Promise<string[]> {
  // Each is a list of names and values in turn; the first pair is the name.
  const masters = (await sentinel.call('SENTINEL', 'MASTERS')) as string[][];
  return masters.map(([, name = '']) => name);
}

function unknownMaster(url: string, seen: readonly Seen[]): CliError | undefined {
  const { masterName } = parseMultiHostUrl(url) ?? { masterName: '' };
  const sentinels = seen.filter(({ mode }) => mode === 'sentinel');
  if (sentinels.some(({ masters }) => masters.includes(masterName))) return undefined;
  const known = [...new Set(sentinels.flatMap(({ masters }) => masters))].join(', ') || 'none';
  return new CliError('UnknownMaster', `the Sentinels know no master ${masterName}; they know: ${known}`);
}

function wordsFor(url: string, { address, mode, masters }: Seen): string {
  const s = url.startsWith('rediss') ? 's' : '';
  const several = parseMultiHostUrl(url);
  const hosts = several === undefined ? addressOf(url) : hostsOf(several);
  switch (mode) {
    case 'cluster':
      return `${address} is a node of a Redis Cluster: use redis${s}-cluster://${hosts}`;
    case 'sentinel':
      return `${address} is a Sentinel: use redis${s}-sentinel://${hosts}/${masters[0] ?? 'NAME'}`;
    default:
      return `${address} is a single server: use redis${s}://${address}`;
  }
}
