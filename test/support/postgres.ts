/** Postgres in WebAssembly on a data directory that is made once: making one costs seconds of CPU, and opening it a quarter of that. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PGlite as Installed } from '@electric-sql/pglite';
import { cacheDirectory } from '../../src/testing/debian-package.js';

/** Of the installed version: another one may have data of another form. */
async function dumpFile(): Promise<string> {
  const about = new URL('../../node_modules/@electric-sql/pglite/package.json', import.meta.url);
  const { version } = JSON.parse(await readFile(about, 'utf8')) as { version: string };
  return join(cacheDirectory(), `postgres-${version}.tar`);
}

/** Makes one, and keeps what it is like. */
async function made(file: string): Promise<Installed> {
  const db = await Installed.create();
  const dump = await db.dumpDataDir('none');
  await mkdir(cacheDirectory(), { recursive: true });
  // Renamed when it is whole: another process may be looking for it.
  const begun = `${file}.${process.pid}`;
  await writeFile(begun, new Uint8Array(await dump.arrayBuffer()));
  await rename(begun, file);
  return db;
}

/** What examples import as PGlite when tests start them (`programs.ts`). */
export const PGlite = {
  /** An empty database in memory. */
  async create(): Promise<Installed> {
    const file = await dumpFile();
    if (!existsSync(file)) return await made(file);
    return await Installed.create({
      loadDataDir: new Blob([await readFile(file)], { type: 'application/x-tar' }),
    });
  },
};
