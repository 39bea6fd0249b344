/** Shows a recording, or the fleet of a service, in the inspector's page. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, parse } from 'node:path';
import { type OpenFleetAccess, openFleetAccess } from '../../admin/fleet-access.js';
import { inspectFile, inspectFleet } from '../../inspector/inspector.js';
import { hashTag } from '../../redis/names.js';
import { merge } from '../../replay/merge.js';
import { loadRecording, openRecording } from '../../replay/recording.js';
import type { InspectOptions, RunningInspector } from '../../runtime/inspect-options.js';
import { serviceSettings } from '../../runtime/service-settings.js';
import { CliError, EXIT } from '../errors.js';
import { hostAndToken, tellInspector } from '../inspect-option.js';
import type { Output } from '../output.js';
import { type RedisFlags, redisSourceOf, redisUrlOf } from '../redis-option.js';
import { writeRecording } from '../replay/write-recording.js';
import { onStopSignals } from '../stop-signals.js';
import { explained, refuseWrongUrl } from '../url-mistakes.js';

interface InspectCommandOptions extends RedisFlags {
  readonly service?: string;
  readonly historyKey?: string;
  readonly startTimeout: number;
  readonly port?: number;
  readonly host?: string;
}

/** @param files none: the service is named; several: they are shown on one axis of time */
export async function inspect(
  files: readonly string[],
  options: InspectCommandOptions,
  output: Output,
): Promise<number> {
  const { port, host } = options;
  const page = { ...hostAndToken(host, output.host.env), ...(port === undefined ? {} : { port }) };
  const [file, ...others] = files;
  if (file === undefined) return await showFleet(options, page, output);
  if (others.length > 0) return await showTogether(files, page, output);
  await checkRecording(file);
  return await serve(await inspectFile(file, page), output);
}

async function showTogether(files: readonly string[], page: InspectOptions, output: Output): Promise<number> {
  const { header, lines } = merge(await Promise.all(files.map(loadRecording)));
  const folder = await mkdtemp(join(tmpdir(), 'streamwarden-inspect-'));
  try {
    const file = join(folder, `${files.map((one) => parse(one).name).join('+')}.jsonl`.slice(-200));
    await writeRecording({ file, mayReplace: false }, header, lines);
    return await serve(await inspectFile(file, page), output);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function showFleet(
  options: InspectCommandOptions,
  page: InspectOptions,
  output: Output,
): Promise<number> {
  const { service = '' } = options;
  await using access = await openFleet(service, options, output.host.env);
  return await serve(await inspectFleet(service, access, page), output);
}

/**
 * @throws CliError `ServiceNotFound`, `InvalidOption`; whatever is wrong with the URL
 * @throws StreamwardenError `RedisUnavailable`, `RedisRefused`, `PermissionDenied`, `InvalidOption`
 */
async function openFleet(
  service: string,
  { historyKey, startTimeout: timeoutMs, ...flags }: InspectCommandOptions,
  env: Readonly<NodeJS.ProcessEnv>,
): Promise<OpenFleetAccess> {
  const url = redisUrlOf(flags, env);
  const settings = serviceSettings({ redis: url, service, timeoutMs });
  const { lbs } = settings.names;
  if (historyKey !== undefined && hashTag(historyKey) !== hashTag(lbs)) {
    const expected = `a key with the hash tag ${hashTag(lbs)}`;
    throw new CliError('InvalidOption', `expected --history-key to be ${expected}, got: ${historyKey}`);
  }
  await refuseWrongUrl(url);
  // The page looks again: what fails is told at once.
  const redis = redisSourceOf(flags, env);
  const access = openFleetAccess({ ...settings, redis, patience: 'once' }, historyKey);
  try {
    if (await access.exists()) return access;
    throw new CliError('ServiceNotFound', `no service ${service} here: there is no stream ${lbs}`);
  } catch (error) {
    await access[Symbol.asyncDispose]();
    throw await explained(url, error);
  }
}

/** Until it is told to stop. */
async function serve(inspector: RunningInspector, output: Output): Promise<number> {
  let ignoreSignals = () => {};
  const stopped = new Promise<void>((resolve) => {
    output.onClosed(resolve);
    ignoreSignals = onStopSignals(output.host.events, {
      first: resolve,
      again: () => output.host.exit(EXIT.failed),
    });
  });
  tellInspector(inspector, output);
  await stopped;
  await inspector.close();
  ignoreSignals();
  return EXIT.ok;
}

/** Whatever is wrong with its beginning is said here, and not by a page that somebody has to open first. */
async function checkRecording(file: string): Promise<void> {
  const reader = await openRecording(file);
  for await (const _lines of reader) break;
}
