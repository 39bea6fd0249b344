/** The inspector: one server for the runtimes of a process, or for a recording. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { systemClock } from '../core/clock.js';
import { messageOf, StreamwardenError } from '../core/errors.js';
import { PACKAGE_VERSION } from '../core/package-version.js';
import { insideOf } from '../runtime/inside.js';
import type { InspectOptions, RunningInspector } from '../runtime/inspect-options.js';
import type { Runtime } from '../runtime/types.js';
import type { FleetAccess } from '../admin/fleet-access.js';
import { apiRoutes, type InspectedFile, type InspectedService } from './api.js';
import { Assets, type PageFiles } from './assets.js';
import { VIEWER_LIMITS, type ViewerLimits } from './backlog.js';
import { RuntimeFeed } from './feed.js';
import { FleetView } from './fleet-view.js';
import { Gate } from './gate.js';
import { refuseUpgrade, sendRefusal, setCommonHeaders } from './http.js';
import { INSTANCE } from './instance.js';
import { OneAtATime } from './letters/one-at-a-time.js';
import { type CompiledInspectOptions, compileInspectOptions, isLoopback } from './options.js';
import { addressAt, addressForOthers } from './own-address.js';
import { type Hello, PROTOCOL_VERSION } from './protocol.js';
import type { Inspector } from './public.js';
import { Refusal } from './refusal.js';
import { LIMITS } from './requests.js';
import type { Call, Routes } from './routes.js';
import { ProcessWatch } from './second.js';
import { StatelyEndpoint } from './stately/endpoint.js';
import { frameOf, type Viewer } from './viewer.js';
import { Viewers } from './viewers.js';
import { keepFree } from './waiting-connections.js';

const MOST_CONNECTIONS = 128;
/** Connections that have asked nothing yet: beyond these the oldest is ended, so that none that only begins to ask locks the others out. */
const MOST_WAITING = 32;
/** How long a client may take to send the headers of a request, in milliseconds. */
const HEADERS_MS = 5_000;

/** What was sent last gets so long to leave when the inspector closes, in milliseconds. */
const FAREWELL_MS = 200;

/** What tests may put in the place of the real thing. */
export interface InspectorSubstitutes {
  readonly viewerLimits?: ViewerLimits;
  readonly page?: () => Promise<PageFiles>;
}

/** What is shown beside the runtimes of this process, or in their place. */
interface Shown {
  readonly file?: InspectedFile;
  readonly service?: InspectedService;
}

class InspectorServer implements Inspector {
  readonly #options: CompiledInspectOptions;
  readonly #gate: Gate;
  readonly #assets: Assets;
  readonly #viewers: Viewers;
  readonly #feeds = new Map<string, RuntimeFeed>();
  /** Of runtimes that are not shown any more: what is still said of them. */
  readonly #ending = new Set<Promise<void>>();
  readonly #stately: StatelyEndpoint;
  readonly #process = new ProcessWatch();
  readonly #letterSlot = new OneAtATime();
  readonly #routes: Routes;
  readonly #server: Server;
  readonly #shown: Shown;
  #second: NodeJS.Timeout | undefined;
  #folder: Promise<string> | undefined;
  /** That it listens on; a server that closes does not tell any more. */
  #port = 0;
  #closing: Promise<void> | undefined;
  url = '';
  #addressForOthers = '';

  constructor(
    options: CompiledInspectOptions,
    shown: Shown,
    { viewerLimits = VIEWER_LIMITS, page }: InspectorSubstitutes,
  ) {
    this.#options = options;
    this.#gate = new Gate(options);
    this.#assets = new Assets(page);
    this.#shown = shown;
    this.#viewers = new Viewers(viewerLimits, (viewer) => {
      for (const feed of this.#feeds.values()) feed.forget(viewer);
    });
    this.#routes = apiRoutes({
      areActionsAllowed: options.actions,
      feeds: this.#feeds,
      viewers: this.#viewers,
      file: shown.file,
      service: shown.service,
      live: (call) => this.#live(call),
    });
    this.#server = createServer(
      { headersTimeout: HEADERS_MS, connectionsCheckingInterval: HEADERS_MS / 4 },
      (request, response) => void this.#handle(request, response),
    );
    this.#server.maxConnections = MOST_CONNECTIONS;
    this.#stately = new StatelyEndpoint(viewerLimits, () =>
      [...this.#feeds.values()].map(({ stately }) => stately),
    );
    if (options.stately) {
      this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket as Socket, head));
    }
    keepFree(this.#server, MOST_WAITING);
  }

  /** @throws StreamwardenError `InspectorFailed` */
  async listen(): Promise<void> {
    const { host, port } = this.#options;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#server.once('error', reject);
        this.#server.listen({ host, port }, resolve);
      });
    } catch (error) {
      throw failed(`expected to listen on ${host}, port ${port}, got: ${messageOf(error)}`, error);
    }
    const { address, port: bound } = this.#server.address() as AddressInfo;
    // A name leads where the system says it does.
    if (isLoopback(host) && !isLoopback(address)) {
      throw failed(`expected ${host} to be this computer's own address, got: ${address}`);
    }
    this.#port = bound;
    this.url = addressAt(host, bound);
    this.#addressForOthers = addressForOthers(host, bound);
    this.#second = setInterval(() => this.#tick(), 1_000).unref();
  }

  attach<TInfo>(attached: Runtime<TInfo>): () => void {
    const runtime = attached as unknown as Runtime;
    const inside = insideOf(runtime);
    const { consumer: id, state } = runtime;
    if (this.#closing !== undefined) throw failed('expected the inspector to listen, got: a closed one');
    if (state === 'stopped' || state === 'failed') {
      throw new StreamwardenError('RuntimeStopped', 'the runtime has ended: there is nothing to look at');
    }
    if (!this.#feeds.has(id)) {
      const feed = new RuntimeFeed(
        runtime,
        inside,
        this.#addressForOthers,
        () => this.#recordingsFolder(),
        this.#letterSlot,
      );
      this.#feeds.set(id, feed);
      for (const viewer of this.#viewers) void feed.present(viewer);
      this.#stately.present(feed.stately);
      void runtime.closed.then(({ error }) => this.#detach(id, error));
    }
    return () => this.#detach(id, null);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #detach(id: string, error: Error | null): void {
    const feed = this.#feeds.get(id);
    this.#feeds.delete(id);
    if (feed === undefined) return;
    const ending = feed.end(error).finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  async #close(): Promise<void> {
    clearInterval(this.#second);
    this.#process.close();
    const feeds = [...this.#feeds.values()];
    this.#feeds.clear();
    await Promise.all(this.#ending);
    for (const viewer of [...this.#viewers]) viewer.close();
    this.#stately.close(FAREWELL_MS);
    await Promise.all(feeds.map((feed) => feed.close()));
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeIdleConnections();
      setTimeout(() => this.#server.closeAllConnections(), FAREWELL_MS).unref();
    });
    const folder = await this.#folder;
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }

  #tick(): void {
    const facts = this.#process.read();
    for (const feed of this.#feeds.values()) feed.tick(facts);
    // Also of those that are told nothing.
    for (const viewer of this.#viewers) viewer.check();
    this.#stately.check();
  }

  #recordingsFolder(): Promise<string> {
    this.#folder ??= mkdtemp(join(tmpdir(), 'streamwarden-inspector-'));
    return this.#folder;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {});
    try {
      setCommonHeaders(response);
      this.#refuseWhileClosing();
      const url = urlOf(request);
      const cookie = this.#gate.admit(request, url, this.#port);
      if (cookie !== undefined) response.setHeader('set-cookie', cookie);
      if (url.pathname.startsWith('/api/')) {
        await this.#routes.answer(request, response, url);
      } else if (request.method === 'GET') {
        await this.#assets.send(url.pathname, response);
      } else {
        throw new Refusal(405, 'MethodNotAllowed', `expected GET, got: ${request.method}`);
      }
    } catch (error) {
      sendRefusal(request, response, error);
    }
  }

  /** Connections that were there before are still heard. */
  #refuseWhileClosing(): void {
    if (this.#closing !== undefined) throw new Refusal(503, 'Busy', 'the inspector is closing');
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    try {
      this.#refuseWhileClosing();
      const url = urlOf(request);
      this.#gate.admit(request, url, this.#port, this.#options.statelyOrigins);
      this.#stately.accept(request, socket, head, url.pathname);
    } catch (error) {
      refuseUpgrade(request, socket, error);
    }
  }

  async #live({ request, response }: Call): Promise<void> {
    const viewer = this.#viewers.add(response);
    const last = String(request.headers['last-event-id'] ?? '');
    viewer.send(frameOf(this.#hello(viewer, last)), viewer.id);
    // Runtimes that come meanwhile are presented when they are attached.
    for (const feed of [...this.#feeds.values()]) await feed.present(viewer);
  }

  #hello({ id }: Viewer, last: string): Hello {
    return {
      kind: 'hello',
      protocol: PROTOCOL_VERSION,
      package: PACKAGE_VERSION,
      viewer: id,
      at: Date.now(),
      pid: process.pid,
      instance: INSTANCE,
      actions: this.#options.actions,
      dropped: this.#viewers.takeDropped(last),
      runtimes: [...this.#feeds.values()].map(({ info }) => info),
      file: this.#shown.file?.info ?? null,
      service: this.#shown.service?.info ?? null,
      limits: LIMITS,
    };
  }
}

/**
 * Only its path and query count; who is asked is checked by the gate.
 * @throws Refusal `Malformed`
 */
function urlOf({ url: target = '' }: IncomingMessage): URL {
  if (!target.startsWith('/')) throw new Refusal(400, 'Malformed', 'expected a path, got: something else');
  return new URL(`http://inspector${target}`);
}

function failed(message: string, cause?: unknown): StreamwardenError {
  return new StreamwardenError('InspectorFailed', message, { cause });
}

/** As `createInspector`, with substitutes. */
export async function openInspector(
  options: InspectOptions,
  substitutes: InspectorSubstitutes = {},
  shown: Shown = {},
): Promise<Inspector> {
  const inspector = new InspectorServer(compileInspectOptions(options), shown, substitutes);
  try {
    await inspector.listen();
  } catch (error) {
    await inspector.close();
    throw error;
  }
  return inspector;
}

/** @throws StreamwardenError `RecordingUnreadable` */
async function fileOf(path: string): Promise<InspectedFile> {
  try {
    const { size } = await stat(path);
    return { path, info: { name: basename(path), bytes: size } };
  } catch (error) {
    const message = `expected ${path} to be readable, got: ${messageOf(error)}`;
    throw new StreamwardenError('RecordingUnreadable', message, { cause: error, details: { file: path } });
  }
}

/**
 * An inspector for a recording.
 *
 * @throws StreamwardenError `InvalidOption`, `InspectorFailed`, `RecordingUnreadable`: rejects with
 */
export async function inspectFile(path: string, options: InspectOptions = {}): Promise<RunningInspector> {
  return await openInspector(options, {}, { file: await fileOf(path) });
}

/**
 * An inspector for the fleet of a service, without any runtime in this process.
 *
 * @param access stays open for as long as the inspector is: the caller closes it
 * @throws StreamwardenError `InvalidOption`, `InspectorFailed`: rejects with
 */
export async function inspectFleet(
  name: string,
  access: FleetAccess,
  options: InspectOptions = {},
): Promise<RunningInspector> {
  const fleet = new FleetView(access, systemClock, null);
  return await openInspector(options, {}, { service: { info: { id: 'service', name }, fleet } });
}

/** An inspector for one runtime, which ends with it. */
export async function inspectOne(runtime: Runtime, options: InspectOptions): Promise<RunningInspector> {
  const inspector = await openInspector(options);
  try {
    inspector.attach(runtime);
  } catch (error) {
    await inspector.close();
    throw error;
  }
  void runtime.closed.then(() => inspector.close());
  return inspector;
}
