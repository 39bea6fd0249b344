/** Fields of INFO and CLUSTER INFO. */

export function infoField(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];
}

export type ServerMode = 'standalone' | 'sentinel' | 'cluster';

/** How a server runs: Redis calls it `redis_mode`, Valkey `server_mode`. Undefined: it does not say. */
export function serverMode(info: string): ServerMode | undefined {
  return (infoField(info, 'server_mode') ?? infoField(info, 'redis_mode')) as ServerMode | undefined;
}
