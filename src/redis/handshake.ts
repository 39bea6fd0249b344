/**
 * Connects, and waits for what the server says to that. ioredis 6 does; ioredis 5 calls a client ready as soon as the socket is open, where it makes no ready
 * check, and otherwise also one whose credentials have just been refused, where the server serves anybody.
 */
import { Socket } from 'node:net';
import type { Cluster, Redis } from 'ioredis';
import { isWrongCredentials } from './reply-errors.js';

/** A server says so, and hangs up. */
const LETS_NOBODY_IN = /^DENIED |max number of clients/;

/** What went wrong with a client, as it told by events: in the server's words, the first; otherwise the last. */
export type Told = () => Error | undefined;

export function listenToErrors(client: Redis | Cluster): Told {
  let told: Error | undefined;
  client.on('error', (error: Error) => {
    // What comes after a refusal is about replies that nobody waits for any more.
    if (told?.name !== 'ReplyError') told = error;
  });
  return () => told;
}

/** @throws what was told of the client before it was connected, or whatever it was refused with */
export async function connectAnswered(client: Redis, told: Told): Promise<void> {
  await client.connect();
  if (waitsItself(client)) return;
  if (!client.options.enableReadyCheck) await answer(client);
  const refusal = told();
  if (refusal !== undefined && !isOfSelect(refusal)) throw refusal;
}

/** Version 6 has this option, and a default for it. What is simulated has no socket, and connects as version 6 does. */
function waitsItself({ options, stream }: Redis): boolean {
  return (options as { protocol?: unknown }).protocol !== undefined || !(stream instanceof Socket);
}

/** Where there is a name ioredis has sent this already, and does not tell how it went: no user is refused more than before. */
async function answer(client: Redis): Promise<void> {
  try {
    await client.client('SETNAME', client.options.connectionName ?? '');
  } catch (error) {
    // Any other answer is about the command or the name, and the server serves.
    if (!isReply(error) || isWrongCredentials(error) || LETS_NOBODY_IN.test(error.message)) throw error;
  }
}

function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError';
}

/** Whoever wants another database selects it, and says so. */
function isOfSelect(error: Error): boolean {
  return (error as { command?: { name?: string } }).command?.name === 'select';
}
