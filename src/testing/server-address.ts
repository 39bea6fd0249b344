import { readFile } from 'node:fs/promises';
import type { ServerConfigOptions } from './server-config.js';
import type { ServerAddress } from './server-probe.js';

/** `redis://…` or `rediss://…`, with the password if there is one. */
export function serverUrl({ tls, password }: ServerConfigOptions, host: string, port: number): string {
  const credentials = password === undefined ? '' : `:${encodeURIComponent(password)}@`;
  return `${tls === undefined ? 'redis' : 'rediss'}://${credentials}${host}:${port}`;
}

/** How a server of these options is asked whether it is ready: with its own certificate where it may want to see one. */
export async function serverAddress(
  { tls }: ServerConfigOptions,
  host: string,
  port: number,
): Promise<ServerAddress> {
  if (tls === undefined) return { host, port };
  const [cert, key] = await Promise.all([readFile(tls.certPath, 'utf8'), readFile(tls.keyPath, 'utf8')]);
  return { host, port, tls: { cert, key } };
}
