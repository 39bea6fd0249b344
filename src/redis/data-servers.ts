/**
 * The servers that keep the entries of data streams, as one who adds to them needs them: beside the load balancer stream on its server, all over its
 * cluster, or elsewhere.
 */
import { clusterClientRequired } from './capabilities.js';
import type { Commands } from './commands.js';
import type { Connections } from './connections.js';
import { isElsewhere, redirectionOf, replyOf } from './reply-errors.js';

/** Where one key is to be asked for. */
export interface DataAddress {
  /** Of the server, as it tells servers apart. */
  readonly server: string;
  /** The slot is on its way to that server, which serves it only when told so. */
  readonly isAsking: boolean;
}

export interface DataServers {
  /** One server, and what is sent to the load balancer stream goes there over the same connection. */
  readonly isHome: boolean;
  of(key: string): DataAddress;
  commandsAt(server: string): Commands;
  /**
   * What a refusal of this server says of where to ask, taken to heart for whatever is sent next. Undefined: it says nothing, and the key is asked for where `of` says.
   * @throws StreamwardenError `ClusterClientRequired`
   */
  redirected(error: Error, server: string): DataAddress | undefined;
}

/**
 * @param connections what leads to them
 * @param commands to the server, where there is but one
 * @param isHome whether these are the connections that the load balancer stream is reached by
 */
export function createDataServers(
  { commands: link, shards }: Connections,
  commands: Commands,
  isHome: boolean,
): DataServers {
  if (shards === undefined) {
    const here = { server: '', isAsking: false };
    return {
      isHome,
      of: () => here,
      commandsAt: () => commands,
      redirected(error) {
        if (replyOf(error) === 'MOVED') throw clusterClientRequired();
        if (isElsewhere(error)) link.replace(error);
        return undefined;
      },
    };
  }
  return {
    isHome: false,
    of: (key) => ({ server: shards.addressOf(key), isAsking: false }),
    commandsAt: (server) => shards.bulkAt(server),
    redirected(error, server) {
      // A node that is gone has its slots served by another one, sooner or later.
      shards.noticed(error, server);
      const redirection = redirectionOf(error);
      if (redirection === undefined) return undefined;
      return { server: shards.resolve(redirection.address, server), isAsking: redirection.kind === 'ask' };
    },
  };
}
