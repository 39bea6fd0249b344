import { request as httpRequest, type IncomingMessage } from 'node:http';
import { expect } from 'chai';
import { createInspector, type Inspector } from '../../src/inspector/index.js';
import { type InspectorSubstitutes, openInspector } from '../../src/inspector/inspector.js';
import type {
  ActorRow,
  Hello,
  Message,
  NewsItem,
  Overview,
  ServerMessage,
  TickFacts,
} from '../../src/inspector/protocol.js';
import type { InspectOptions } from '../../src/runtime/inspect-options.js';
import { eventually } from './eventually.js';
import { addLeakSource } from './leaks.js';
import type { TestRuntime } from './runtimes.js';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  /** Of a JSON reply. */
  json<T = unknown>(): T;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Anything but a text is sent as JSON. */
  readonly body?: unknown;
}

/** One request as it is written, headers that a browser would not allow included. */
export function ask(
  url: string,
  path: string,
  { method = 'GET', headers = {}, body }: Ask = {},
): Promise<Reply> {
  const { hostname, port } = new URL(url);
  const text = typeof body === 'string' ? body : body === undefined ? undefined : JSON.stringify(body);
  const type = body === undefined || typeof body === 'string' ? {} : { 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        hostname,
        port,
        method,
        path: path.startsWith('/') || path.startsWith('http') ? path : `/${path}`,
        headers: { ...type, ...headers },
        agent: false,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const answer = Buffer.concat(chunks).toString('utf8');
          const { statusCode = 0 } = response;
          resolve({
            status: statusCode,
            headers: response.headers,
            text: answer,
            json: <T>() => JSON.parse(answer) as T,
          });
        });
      },
    );
    request.on('error', reject);
    request.end(text);
  });
}

/** Says later whether anybody listens to the actors that live now: an actor is listened to by putting another logic in its place. */
export function listenersOf(runtime: TestRuntime): () => boolean {
  const logics = [...runtime.seam.actors].map(({ actor }) => [actor, actor.logic] as const);
  expect(logics).not.to.deep.equal([]);
  return () => logics.some(([actor, logic]) => actor.logic !== logic);
}

/** What a page would know of one runtime. */
export class RuntimeView {
  readonly actors = new Map<string, ActorRow>();
  readonly ended: ActorRow[] = [];
  readonly messages: Message[] = [];
  readonly news: NewsItem[] = [];
  ticks: TickFacts[] = [];
  overview = {} as Overview;
  skipped = 0;
  isReady = false;
  /** Actors that were known when everything had been told. */
  presentAtReady = 0;
  hasEnded = false;

  apply(message: ServerMessage): void {
    switch (message.kind) {
      case 'overview':
        this.overview = { ...this.overview, ...message.sections };
        break;
      case 'ticks':
        this.ticks = [...message.ticks];
        break;
      case 'tick':
        this.ticks.push(message);
        break;
      case 'news':
        this.news.push(...message.news);
        break;
      case 'actors':
        for (const row of message.rows) this.actors.set(row.path, row);
        break;
      case 'delta':
        for (const row of message.ended) this.actors.delete(row.path);
        for (const row of message.actors) this.actors.set(row.path, row);
        this.ended.push(...message.ended);
        this.messages.push(...message.messages);
        this.news.push(...message.news);
        this.skipped += message.skipped;
        break;
      case 'ready':
        this.isReady = true;
        this.presentAtReady = this.actors.size;
        break;
      case 'runtimeEnded':
        this.hasEnded = true;
        break;
      default:
    }
  }

  owned(): Record<string, unknown> {
    const rows = [...this.actors.values()].filter(({ machine }) => machine === 'ownership');
    return Object.fromEntries(rows.map(({ label, state }) => [label, state]));
  }
}

/** A page without a page: connects to `api/live` and puts together what it is told. */
export class View {
  readonly messages: ServerMessage[] = [];
  readonly #runtimes = new Map<string, RuntimeView>();
  readonly #response: IncomingMessage;
  #text = '';
  hasEnded = false;

  private constructor(response: IncomingMessage) {
    this.#response = response;
    response.setEncoding('utf8');
    response.on('data', (text: string) => this.#take(text));
    const over = () => {
      this.hasEnded = true;
    };
    response.on('close', over);
    response.on('error', over);
  }

  static async open(url: string, headers: Readonly<Record<string, string>> = {}): Promise<View> {
    const { hostname, port } = new URL(url);
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      httpRequest({ hostname, port, path: '/api/live', headers, agent: false }, resolve)
        .on('error', reject)
        .end();
    });
    const view = new View(response);
    await eventually('the first message comes', () => view.messages.length > 0 || view.hasEnded);
    return view;
  }

  get hello(): Hello {
    return this.messages[0] as Hello;
  }

  of(runtime: { readonly consumer: string }): RuntimeView {
    return this.#view(runtime.consumer);
  }

  async ready(runtime: { readonly consumer: string }): Promise<RuntimeView> {
    const view = this.of(runtime);
    await eventually('everything is told', () => view.isReady);
    return view;
  }

  pause(): void {
    this.#response.pause();
  }

  resume(): void {
    this.#response.resume();
  }

  close(): void {
    this.#response.destroy();
  }

  #take(text: string): void {
    const frames = (this.#text + text).split('\n\n');
    this.#text = frames.pop() ?? '';
    for (const frame of frames) {
      const data = frame.split('\n').find((line) => line.startsWith('data: '));
      if (data === undefined) continue;
      const message = JSON.parse(data.slice(6)) as ServerMessage;
      this.messages.push(message);
      if ('runtime' in message && typeof message.runtime === 'string') {
        this.#view(message.runtime).apply(message);
      }
    }
  }

  #view(id: string): RuntimeView {
    const view = this.#runtimes.get(id) ?? new RuntimeView();
    this.#runtimes.set(id, view);
    return view;
  }
}

export interface Inspectors {
  /** One that listens, closed after the test. */
  open(options?: InspectOptions, substitutes?: InspectorSubstitutes): Promise<Inspector>;
  /** Looks on, until after the test. */
  view(inspector: { readonly url: string }, headers?: Readonly<Record<string, string>>): Promise<View>;
}

const listening = new Set<Inspector>();

addLeakSource(() =>
  [...listening].map((inspector) => {
    const close = async () => {
      listening.delete(inspector);
      await inspector.close();
    };
    return [inspector, { label: `inspector at ${inspector.url}`, close }] as const;
  }),
);

export function useInspectors(): Inspectors {
  const opened: Inspector[] = [];
  const views: View[] = [];
  afterEach(async () => {
    for (const view of views.splice(0)) view.close();
    for (const inspector of opened.splice(0)) {
      listening.delete(inspector);
      await inspector.close();
    }
  });
  return {
    async open(options, substitutes) {
      const inspector =
        substitutes === undefined
          ? await createInspector(options)
          : await openInspector(options ?? {}, substitutes);
      opened.push(inspector);
      listening.add(inspector);
      return inspector;
    },
    async view(inspector, headers) {
      const view = await View.open(inspector.url, headers);
      views.push(view);
      return view;
    },
  };
}
