/** Addresses of protocol.ts → what answers them. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendJson } from './http.js';
import { Refusal } from './refusal.js';

export interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  /** The variable parts of the path, in order. */
  readonly parts: readonly string[];
}

/** What it resolves with is sent as JSON; with nothing, it has answered itself. */
export type Answer = (call: Call) => unknown;

interface Route {
  readonly method: string;
  /** `*` stands for one part. */
  readonly path: readonly string[];
  readonly isAction: boolean;
  readonly answer: Answer;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Refusal(400, 'Malformed', 'expected a path of percent-encoded UTF-8, got: something else');
  }
}

export class Routes {
  readonly #routes: Route[] = [];
  readonly #areActionsAllowed: boolean;

  constructor(areActionsAllowed: boolean) {
    this.#areActionsAllowed = areActionsAllowed;
  }

  add(method: string, path: string, answer: Answer): this {
    this.#routes.push({ method, path: path.split('/'), isAction: false, answer });
    return this;
  }

  /** One that changes something. */
  action(method: string, path: string, answer: Answer): this {
    this.#routes.push({ method, path: path.split('/'), isAction: true, answer });
    return this;
  }

  /** @throws Refusal, and whatever the answer throws */
  async answer(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const path = url.pathname.slice(1).split('/');
    const fitting = this.#routes.filter(
      (route) =>
        route.path.length === path.length &&
        route.path.every((part, at) => part === '*' || part === path[at]),
    );
    if (fitting.length === 0) throw new Refusal(404, 'NotFound', 'there is nothing at this address');
    const route = fitting.find(({ method }) => method === request.method);
    if (route === undefined) {
      response.setHeader('allow', fitting.map(({ method }) => method).join(', '));
      throw new Refusal(405, 'MethodNotAllowed', `expected another method, got: ${request.method}`);
    }
    if (route.isAction && !this.#areActionsAllowed) {
      throw new Refusal(
        403,
        'ActionsNotAllowed',
        'this inspector only shows: it was not given actions: true',
      );
    }
    const parts = path.filter((_, at) => route.path[at] === '*').map(decoded);
    const reply = await route.answer({ request, response, url, parts });
    if (reply !== undefined) sendJson(response, reply);
  }
}
