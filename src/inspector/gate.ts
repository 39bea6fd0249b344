/**
 * Who is answered. Three things are looked at before anything else is:
 *
 * Host     what the browser thinks it talks to. A page of somebody else's can have its own name lead to this computer (DNS rebinding), and would then
 *          be of the same origin as the inspector; but its name is in Host. Addresses are no names and cannot be rebound.
 * Origin   whose page asks, where a browser says so: only the inspector's own, or one that was named for what is asked for. `Sec-Fetch-Site` says the same of requests without Origin, such as
 *          of an image; other ports of this computer are other sites' pages too.
 * token    where one is wanted: in the query once, which sets a cookie; then in that cookie, or as a bearer.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { type CompiledInspectOptions, isLoopback } from './options.js';
import { Refusal } from './refusal.js';

/** Long enough for a day's work. */
const COOKIE_SECONDS = 86_400;

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function isSame(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b));
}

/** `[::1]:80` → `::1`; undefined when it is no host. */
function nameIn(host: string): string | undefined {
  if (!/^[\w.:[\]-]+$/.test(host) || !URL.canParse(`http://${host}`)) return undefined;
  return new URL(`http://${host}`).hostname.replace(/^\[|\]$/g, '');
}

function cookieOf(request: IncomingMessage, name: string): string | undefined {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const [key, value] = part.trim().split('=', 2);
    if (key === name) return value;
  }
  return undefined;
}

export class Gate {
  readonly #options: CompiledInspectOptions;
  readonly #names: ReadonlySet<string>;

  constructor(options: CompiledInspectOptions) {
    this.#options = options;
    const own = isLoopback(options.host) ? [] : [options.host, hostname()];
    this.#names = new Set([...own, ...options.allowedHosts].map((name) => name.toLowerCase()));
  }

  /**
   * @param port that the server listens on: cookies do not tell ports apart, so it is in their name
   * @param origins whose pages may ask too, for what they ask for here
   * @returns a cookie to set, if there is one
   * @throws Refusal
   */
  admit(
    request: IncomingMessage,
    url: URL,
    port: number,
    origins: readonly string[] = [],
  ): string | undefined {
    this.#checkHost(request);
    this.#checkOrigin(request, origins);
    return this.#checkToken(request, url, `streamwarden-inspector-${port}`);
  }

  #checkHost({ headers }: IncomingMessage): void {
    const name = nameIn(headers.host ?? '');
    if (name !== undefined) {
      if (isLoopback(name) || this.#names.has(name)) return;
      if (isIP(name) !== 0 && !isLoopback(this.#options.host)) return;
    }
    throw new Refusal(
      403,
      'Forbidden',
      'expected the header Host to name this computer or one of allowedHosts, got: another one',
    );
  }

  #checkOrigin({ headers, method, url }: IncomingMessage, origins: readonly string[]): void {
    const { origin, host } = headers;
    if (origin !== undefined) {
      if (origins.includes(origin)) return;
      if (URL.canParse(origin) && new URL(origin).host === host?.toLowerCase()) return;
      throw new Refusal(
        403,
        'Forbidden',
        'expected a request of the page itself, got: one of another origin',
      );
    }
    const site = headers['sec-fetch-site'];
    if (site === undefined || site === 'same-origin' || site === 'none') return;
    // Following a link to the page is not the other page reading it.
    const isVisit = method === 'GET' && headers['sec-fetch-mode'] === 'navigate' && !url?.startsWith('/api/');
    if (!isVisit) {
      throw new Refusal(403, 'Forbidden', `expected a request of the page itself, got: a ${site} one`);
    }
  }

  #checkToken(request: IncomingMessage, url: URL, cookieName: string): string | undefined {
    const { token } = this.#options;
    if (token === undefined) return undefined;
    // Not the token itself: what a browser stores should open this door only.
    const pass = createHmac('sha256', token).update('streamwarden inspector').digest('base64url');
    const cookie = cookieOf(request, cookieName);
    if (cookie !== undefined && isSame(cookie, pass)) return undefined;
    const [, bearer] = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    if (bearer !== undefined && isSame(bearer, token)) return undefined;
    const asked = url.searchParams.get('token');
    if (asked !== null && isSame(asked, token)) {
      return `${cookieName}=${pass}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${COOKIE_SECONDS}`;
    }
    throw new Refusal(401, 'Unauthorized', 'expected the token: open the page once with ?token=…');
  }
}
