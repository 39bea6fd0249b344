/** Requests as they are read and replies as they are written: bounded, never cached by anybody, framed by nobody. */
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ErrorReply } from './protocol.js';
import { Refusal, refusalOf } from './refusal.js';
import { refusalPage, wantsPage } from './refusal-page.js';

/** Nothing comes from elsewhere and nothing is inline. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A client that goes on sending what was refused is given so long to read why, in milliseconds. */
const LINGER_MS = 1_000;

export function setCommonHeaders(response: ServerResponse): void {
  response.setHeader('content-security-policy', POLICY);
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('x-frame-options', 'DENY');
  response.setHeader('referrer-policy', 'no-referrer');
  response.setHeader('cross-origin-resource-policy', 'same-origin');
  response.setHeader('cross-origin-opener-policy', 'same-origin');
  response.setHeader('cache-control', 'no-store');
}

/** JSON that has been written already, by a thread that has the time for it. */
export class WrittenJson {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

export function sendJson(response: ServerResponse, value: unknown, status = 200): void {
  const body = value instanceof WrittenJson ? value.bytes : JSON.stringify(value);
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(body);
}

export function sendRefusal(request: IncomingMessage, response: ServerResponse, thrown: unknown): void {
  const refusal = refusalOf(thrown);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (!request.complete) {
    response.setHeader('connection', 'close');
    request.resume();
    setTimeout(() => request.destroy(), LINGER_MS).unref();
  }
  const { status, code, message } = refusal;
  // Who is not let in keeps no connection either.
  if (status === 401 || status === 403) response.setHeader('connection', 'close');
  if (wantsPage(request)) {
    response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' }).end(refusalPage(refusal));
    return;
  }
  const reply: ErrorReply = { error: { code, message } };
  sendJson(response, reply, status);
}

/** Answers a request that wanted another protocol than HTTP. */
export function refuseUpgrade(request: IncomingMessage, socket: Socket, thrown: unknown): void {
  const response = new ServerResponse(request);
  response.assignSocket(socket);
  setCommonHeaders(response);
  response.setHeader('connection', 'close');
  response.on('finish', () => socket.destroySoon());
  sendRefusal(request, response, thrown);
}

/** @throws Refusal */
export function expectType({ headers }: IncomingMessage, type: string): void {
  // Also what keeps pages of others out: a browser asks before it sends them such a type.
  const [got = ''] = (headers['content-type'] ?? '').split(';');
  if (got.trim().toLowerCase() === type) return;
  throw new Refusal(415, 'Malformed', `expected the content type ${type}, got: ${got || 'none'}`);
}

/**
 * The body, piece by piece, and no more of it than allowed.
 * @throws Refusal `TooLarge`
 */
export async function* bodyOf(request: IncomingMessage, maxBytes: number): AsyncGenerator<Buffer> {
  const tooLarge = () =>
    new Refusal(413, 'TooLarge', `expected a body of at most ${maxBytes} bytes, got: a longer one`);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
  let bytes = 0;
  // Not ended with the loop: a refusal has to be read by whoever still sends.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    bytes += (chunk as Buffer).length;
    if (bytes > maxBytes) throw tooLarge();
    yield chunk as Buffer;
  }
}

/** @throws Refusal `TooLarge`, `Malformed` */
export async function readJson(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  expectType(request, 'application/json');
  const chunks: Buffer[] = [];
  for await (const chunk of bodyOf(request, maxBytes)) chunks.push(chunk);
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new Refusal(400, 'Malformed', 'expected a body of JSON, got: something else');
  }
}
