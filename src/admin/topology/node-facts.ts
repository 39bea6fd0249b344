/** What a node says of itself, in a cluster or not. */
import type { Commands } from '../../redis/commands.js';
import { suffices } from '../../redis/keyspace-config.js';
import type { NodePicture } from './picture.js';

export type NodeFacts = Pick<NodePicture, 'keyspaceEvents' | 'subscribers'>;

/** Of a node that does not answer. */
export const NO_FACTS: NodeFacts = { keyspaceEvents: null, subscribers: null };

/** What may not be read, or is not answered, is null. */
export async function readFacts(commands: Commands): Promise<NodeFacts> {
  const [setting, clients] = await Promise.allSettled([
    commands.run('CONFIG GET', (client) => client.config('GET', 'notify-keyspace-events')),
    commands.run('CLIENT LIST', (client) => client.client('LIST', 'TYPE', 'PUBSUB')),
  ]);
  return {
    keyspaceEvents: setting.status === 'fulfilled' ? keyspaceSetting(setting.value) : null,
    subscribers: clients.status === 'fulfilled' ? countSubscribers(String(clients.value)) : null,
  };
}

function keyspaceSetting(reply: unknown): NodeFacts['keyspaceEvents'] {
  const [, setting = ''] = reply as string[];
  return { setting, suffices: suffices(setting) };
}

/** Each line is one connection that has subscribed: `id=7 addr=… name=streamwarden:worker-1~c6e23119:subscriber … psub=2 …`. */
function countSubscribers(clientList: string): number {
  return clientList.split('\n').filter((line) => line.includes(' name=streamwarden:')).length;
}
