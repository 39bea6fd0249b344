import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createWebSocketReceiver, type StatelyInspectionEvent } from '@statelyai/inspect';
import { WebSocket, WebSocketServer } from 'ws';
import type { ErrorReply } from '../../src/inspector/protocol.js';
import type { RunningInspector } from '../../src/runtime/inspect-options.js';

type Type = StatelyInspectionEvent['type'];
export type StatelyTold<T extends Type> = Extract<StatelyInspectionEvent, { type: T }>;

/** How it was last told that an actor stands. */
export interface ToldSnapshot {
  readonly status?: string;
  readonly value?: unknown;
  readonly context?: Readonly<Record<string, unknown>>;
  readonly error?: unknown;
}

/** Where a receiver connects. */
export function statelyUrl({ url }: Pick<RunningInspector, 'url'>): string {
  return new URL('stately', url).href.replace(/^http/, 'ws');
}

/** What a receiver of Stately's format knows. */
export class StatelyView {
  readonly messages: StatelyInspectionEvent[] = [];
  /** By session. */
  readonly actors = new Map<string, StatelyTold<'@xstate.actor'>>();
  /** By session. */
  readonly snapshots = new Map<string, ToldSnapshot>();
  /** What was told of an actor before the actor was. */
  readonly strangers: StatelyInspectionEvent[] = [];

  /** What Stately's own receiver is told at this address. Its connection ends with the server. */
  static at(server: string): StatelyView {
    const view = new StatelyView();
    createWebSocketReceiver({ server }).subscribe((message) => view.take(message));
    return view;
  }

  of<T extends Type>(type: T): StatelyTold<T>[] {
    return this.messages.filter((message): message is StatelyTold<T> => message.type === type);
  }

  /** All that ever had this name, oldest first. */
  named(name: string): StatelyTold<'@xstate.actor'>[] {
    return [...this.actors.values()].filter((actor) => actor.name === name);
  }

  /** Sessions of the actors of a stream, oldest first. */
  sessionsOf(stream: string): string[] {
    const isIts = ({ snapshot }: StatelyTold<'@xstate.actor'>) => snapshot.context?.name === stream;
    return [...this.actors.values()].filter(isIts).map(({ sessionId }) => sessionId);
  }

  /** The states that an actor was told to be in, one after the other. */
  walkOf(session: string | undefined): unknown[] {
    return this.messages.flatMap((message) => {
      if (message.sessionId !== session || message.type === '@xstate.event') return [];
      return [(message.snapshot as ToldSnapshot).value];
    });
  }

  /** States by the names of the streams that are told to live. */
  streams(): Record<string, unknown> {
    const living = [...this.actors.values()].flatMap(({ sessionId, name }) => {
      const { status, value, context } = this.snapshots.get(sessionId) ?? {};
      return status === 'active' && name.includes('/ownership/') ? [[String(context?.name), value]] : [];
    });
    return Object.fromEntries(living) as Record<string, unknown>;
  }

  take(message: StatelyInspectionEvent): void {
    this.messages.push(message);
    if (message.type === '@xstate.actor') this.actors.set(message.sessionId, message);
    else if (!this.actors.has(message.sessionId)) this.strangers.push(message);
    if (message.type !== '@xstate.event') {
      this.snapshots.set(message.sessionId, message.snapshot as ToldSnapshot);
    }
  }
}

/** A websocket as it is asked for, headers that a browser would not allow included; or status and code of the refusal. */
export function openWebSocket(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<WebSocket | string> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { headers });
    socket.on('open', () => resolve(socket));
    socket.on('unexpected-response', (request, response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const { error } = JSON.parse(Buffer.concat(chunks).toString()) as ErrorReply;
        resolve(`${response.statusCode} ${error.code}`);
        request.destroy();
      });
    });
    socket.on('error', reject);
  });
}

export interface StatelyReceiver extends AsyncDisposable {
  readonly url: string;
  readonly view: StatelyView;
  /** Resolves when somebody tells it something. */
  readonly connected: Promise<unknown>;
}

/** Listens as Stately's inspector does, for programs that connect to it. */
export async function startStatelyReceiver(): Promise<StatelyReceiver> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  const view = new StatelyView();
  server.on('connection', (socket) => {
    socket.on('message', (data) => view.take(JSON.parse(String(data)) as StatelyInspectionEvent));
  });
  const connected = once(server, 'connection');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `ws://127.0.0.1:${port}`,
    view,
    connected,
    async [Symbol.asyncDispose]() {
      for (const socket of server.clients) socket.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
