/** Sockets of this process that belong to a proxy, and live and end with it. */
import type { Socket } from 'node:net';
import { onePerProcess } from '../core/one-per-process.js';

const relayed = onePerProcess('relayed sockets', () => new WeakSet<Socket>());

export function markRelayed(...sockets: readonly Socket[]): void {
  for (const socket of sockets) relayed.add(socket);
}

export function isRelayed(socket: Socket): boolean {
  return relayed.has(socket);
}
