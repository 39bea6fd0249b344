/** Where data streams live: in the deployment of the load balancer stream, or in one of their own. */
import type { Clock } from '../core/clock.js';
import {
  bulkTimeoutFor,
  type ConnectionSettings,
  type Connections,
  createConnections,
} from './connections.js';
import { createDataStreams, type DataStreams } from './data-streams.js';
import type { Names } from './names.js';
import { followShards, type ShardFollower } from './shard-follower.js';
import type { RedisTarget } from './target.js';

export interface DataDeployment {
  readonly streams: DataStreams;
  /** Ends what was opened for data streams alone. */
  close(): void;
}

/** In the same deployment, by the connections that there are. */
export function dataAmongOthers(
  connections: Connections,
  clock: Clock,
  heartbeatMs: number,
  names: Names,
): DataDeployment {
  const streams = createDataStreams(connections, clock, bulkTimeoutFor(heartbeatMs), names.dataKey);
  return { streams, close() {} };
}

/** In some cluster a key has to lead the way to begin with, and none is special. */
const ANY_KEY = 'streamwarden';

/** In another deployment: connections of their own, of which only those for entries are opened. */
export function dataElsewhere(
  target: RedisTarget,
  settings: Omit<ConnectionSettings, 'target' | 'home'>,
  names: Names,
): DataDeployment {
  const { clock, heartbeatMs } = settings;
  const connections = createConnections({ ...settings, target, home: ANY_KEY });
  const { shards } = connections;
  const streams = createDataStreams(connections, clock, bulkTimeoutFor(heartbeatMs), names.dataKey);
  let follower: ShardFollower | undefined;
  // Nobody is asked anything before somebody reads.
  const following = <T extends unknown[], R>(call: (...args: T) => R) => {
    if (shards === undefined) return call;
    return (...args: T): R => {
      follower ??= followShards(shards, undefined, clock);
      return call(...args);
    };
  };
  return {
    streams: {
      keyOf: streams.keyOf,
      placeOf: following(streams.placeOf),
      read: following(streams.read),
      readFirst: following(streams.readFirst),
      facts: following(streams.facts),
      look: following(streams.look),
      trim: following(streams.trim),
      remove: following(streams.remove),
    },
    close() {
      follower?.stop();
      connections.close();
    },
  };
}
