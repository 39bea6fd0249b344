/** Sends the page's files. By their exact addresses: a path is looked up, never made into a file name. */
import type { ServerResponse } from 'node:http';
import { extname } from 'node:path';
import { Refusal } from './refusal.js';

/** By the addresses at which they are served. */
export type PageFiles = ReadonlyMap<string, string>;

/** Loaded when somebody asks for the page: most inspectors are never looked at. */
async function ownPage(): Promise<PageFiles> {
  return (await import('./page-files.js')).PAGE_FILES;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

export class Assets {
  readonly #load: () => Promise<PageFiles>;

  constructor(load: () => Promise<PageFiles> = ownPage) {
    this.#load = load;
  }

  /** @throws Refusal */
  async send(path: string, response: ServerResponse): Promise<void> {
    const files = await this.#load();
    if (files.size === 0)
      throw new Refusal(503, 'NotFound', 'the page has not been built: run `npm run build`');
    const address = path === '/' ? '/index.html' : path;
    const text = files.get(address);
    if (text === undefined) throw new Refusal(404, 'NotFound', 'there is no such page');
    const type = TYPES[extname(address)] ?? 'application/octet-stream';
    // What vite puts there has a hash of its content in its name.
    if (path.startsWith('/assets/')) {
      response.setHeader('cache-control', 'private, max-age=31536000, immutable');
    }
    const body = Buffer.from(text);
    response.writeHead(200, { 'content-type': type, 'content-length': body.length }).end(body);
  }
}
