/** Reads what Redis knows of one service. */
import { messageOf } from '../core/errors.js';
import { createNames, type Names } from '../redis/names.js';
import { deploymentOf } from '../redis/target.js';
import { producerNames } from '../runtime/options.js';
import { CliError } from './errors.js';
import { fieldsOf } from './flat-reply.js';
import type { ShortClient } from './redis-client.js';

export interface ConsumerStatus {
  /** Name in the group: the consumer id and, of ours, one incarnation's mark. */
  readonly name: string;
  /** Entries it has been given and has not finished. */
  readonly pending: number;
  /** How long its presence still stands, in milliseconds; null: it has none. Consumers of the Go client never have one. */
  readonly presenceMs: number | null;
  /** Milliseconds since Redis last gave it something or heard from it in the group. Not a sign of life. */
  readonly idleMs: number;
}

export interface ServiceStatus {
  readonly service: string;
  readonly stream: { readonly name: string; readonly length: number };
  readonly group: {
    readonly name: string;
    readonly created: boolean;
    readonly pending: number;
    /** Entries on the stream that nobody has been given yet. */
    readonly undelivered: number;
  };
  readonly consumers: readonly ConsumerStatus[];
  readonly dlq: { readonly name: string; readonly length: number };
}

/**
 * The names that a service goes by on this server, by the rules of everybody else who uses them.
 *
 * @throws StreamwardenError `InvalidOption`
 */
export function namesOfService(url: string, service: string, dlqStream: string | undefined): Names {
  producerNames({ redis: url, service });
  const { keyPrefix } = deploymentOf(url).options;
  return createNames({
    service,
    ...(keyPrefix ? { keyPrefix } : {}),
    ...(dlqStream === undefined ? {} : { dlqStream }),
  });
}

/**
 * @throws CliError `ServiceNotFound`, `NotAStream`
 */
export async function readServiceStatus(client: ShortClient, names: Names): Promise<ServiceStatus> {
  const { service } = names;
  const kind = await client.type(names.lbs);
  if (kind === 'none') {
    throw new CliError('ServiceNotFound', `no service ${service} here: there is no stream ${names.lbs}`);
  }
  if (kind !== 'stream') {
    throw new CliError('NotAStream', `expected ${names.lbs} to be a stream, got: a ${kind}`);
  }
  const length = await client.xlen(names.lbs);
  const groups = ((await client.xinfo('GROUPS', names.lbs)) as unknown[]).map(fieldsOf);
  const group = groups.find(({ name }) => name === names.group);
  const pending = Number(group?.pending ?? 0);
  return {
    service,
    stream: { name: names.lbs, length },
    group: {
      name: names.group,
      created: group !== undefined,
      pending,
      // Entries are deleted when they are finished, so what is there and not pending has not been delivered.
      undelivered: Math.max(0, length - pending),
    },
    consumers: group === undefined ? [] : await consumersOf(client, names),
    dlq: { name: names.dlq, length: await deadLetters(client, names.dlq) },
  };
}

/** It may have another slot than everything else. */
async function deadLetters(client: ShortClient, dlq: string): Promise<number> {
  try {
    return await client.xlen(dlq);
  } catch (error) {
    if (!messageOf(error).startsWith('WRONGTYPE')) throw error;
    throw new CliError('NotAStream', `expected ${dlq} to be a stream: ${messageOf(error)}`);
  }
}

async function consumersOf(client: ShortClient, names: Names): Promise<ConsumerStatus[]> {
  const rows = ((await client.xinfo('CONSUMERS', names.lbs, names.group)) as unknown[]).map(fieldsOf);
  const presences = await Promise.all(rows.map(({ name }) => client.pttl(names.presence(String(name)))));
  return rows
    .map(({ name, pending, idle }, index) => ({
      name: String(name),
      pending: Number(pending),
      presenceMs: (presences[index] ?? -2) < 0 ? null : (presences[index] ?? null),
      idleMs: Number(idle),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
