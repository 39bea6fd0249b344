import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { openProxies } from '../../src/testing/fault-proxy.js';
import { openServers } from '../../src/testing/open-servers.js';
import { isRelayed } from '../../src/testing/relayed-sockets.js';
import { hangingMs } from './pace.js';

/** Something that a test must not leave behind: it is closed when found, so that one culprit fails one test. */
export interface Leak {
  readonly label: string;
  close(): Promise<void>;
}

export type LeakSource = () => Iterable<readonly [object, Leak]>;

const sources: LeakSource[] = [
  () =>
    openServers()
      .filter((server) => !suiteServers.has(server))
      .map((server) => [
        server,
        { label: `Redis server on port ${server.port} (${server.dir})`, close: () => server.stop() },
      ]),
  () =>
    openProxies().map((proxy) => [
      proxy,
      { label: `fault proxy on port ${proxy.port}`, close: () => proxy.close() },
    ]),
  () =>
    openSockets().map((socket) => [
      socket,
      {
        label: `connection to ${socket.remoteAddress}:${socket.remotePort}`,
        close: async () => {
          socket.destroy();
        },
      },
    ]),
];

/** Clients of a suite, which may get another socket at any time. */
const suiteClients = new Set<{ readonly stream?: unknown }>();

/** Servers that one suite hands on to the next. */
const suiteServers = new WeakSet<object>();

/** Whoever makes things that have to be closed says here what is open. */
export function addLeakSource(source: LeakSource): void {
  sources.push(source);
}

/** The connection of this client, whichever it is by then, may outlast a test. */
export function allowConnectionOf(client: { readonly stream?: unknown }): () => void {
  suiteClients.add(client);
  return () => void suiteClients.delete(client);
}

/** This server may outlast the suites, until this process ends. */
export function allowServer(server: object): void {
  suiteServers.add(server);
}

/** Objects that are open now, by identity, so that what a suite opened for all its tests can be told from a leak. */
export function openNow(): Map<object, Leak> {
  return new Map(sources.flatMap((source) => [...source()]));
}

const leaksSince = (before: ReadonlyMap<object, Leak>) =>
  [...openNow()].filter(([object]) => !before.has(object)).map(([, leak]) => leak);

/** Closes whatever is open now and was not before. */
export async function closeLeaks(before: ReadonlyMap<object, Leak>): Promise<void> {
  await Promise.allSettled(leaksSince(before).map((leak) => leak.close()));
}

/** Closes whatever is open now and was not before, and throws naming it. */
export async function failOnLeaks(
  before: ReadonlyMap<object, Leak>,
  culprit: string,
  closingMs = hangingMs(),
): Promise<void> {
  const found = () => leaksSince(before);
  const deadline = performance.now() + closingMs;
  let leaks = found();
  while (leaks.length > 0 && performance.now() < deadline) {
    await delay(10);
    leaks = found();
  }
  if (leaks.length === 0) return;
  await Promise.allSettled(leaks.map((leak) => leak.close()));
  throw new Error(
    `expected ${culprit} to close what it opened, got: ${leaks.map((leak) => leak.label).join(', ')}`,
  );
}

/** Sockets of this process that lead, or are about to lead, somewhere. Pipes and terminals lead nowhere. */
function openSockets(): Socket[] {
  const { _getActiveHandles: handles } = process as unknown as { _getActiveHandles(): unknown[] };
  const allowed = new Set([...suiteClients].map(({ stream }) => stream));
  return (
    handles
      .call(process)
      .filter((handle): handle is Socket => handle instanceof Socket)
      // What goes through a proxy is the proxy's, and goes with it.
      .filter((socket) => !socket.destroyed && !allowed.has(socket) && !isRelayed(socket))
      .filter((socket) => socket.connecting || socket.remotePort !== undefined)
  );
}
