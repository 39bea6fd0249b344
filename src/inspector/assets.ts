/** The page's files. Only those that are there when first asked for, by their exact names: a path is looked up, never made into a file name. */
import { readdir, readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { extname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Refusal } from './refusal.js';

/** Both src/inspector and dist/inspector are two folders below the package's own. */
const FOLDER = fileURLToPath(new URL('../../dist/inspector/page/', import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
};

export class Assets {
  readonly #folder: string;
  #files: Promise<ReadonlyMap<string, string>> | undefined;

  constructor(folder = FOLDER) {
    this.#folder = folder;
  }

  /** @throws Refusal */
  async send(path: string, response: ServerResponse): Promise<void> {
    this.#files ??= this.#list();
    const files = await this.#files;
    if (files.size === 0) {
      this.#files = undefined;
      throw new Refusal(503, 'NotFound', 'the page has not been built: run `npm run build`');
    }
    const file = files.get(path === '/' ? '/index.html' : path);
    if (file === undefined) throw new Refusal(404, 'NotFound', 'there is no such page');
    const body = await readFile(file);
    const type = TYPES[extname(file)] ?? 'application/octet-stream';
    // What vite puts there has a hash of its content in its name.
    if (path.startsWith('/assets/')) {
      response.setHeader('cache-control', 'private, max-age=31536000, immutable');
    }
    response.writeHead(200, { 'content-type': type, 'content-length': body.length }).end(body);
  }

  /** Address → file. */
  async #list(): Promise<ReadonlyMap<string, string>> {
    const entries = await readdir(this.#folder, { recursive: true, withFileTypes: true }).catch(() => []);
    return new Map(
      entries
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .map((file) => [`/${file.slice(this.#folder.length).split(sep).join('/')}`, file]),
    );
  }
}
