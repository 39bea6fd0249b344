/** Lua scripts of some version, in a folder of their own, each marked so that Redis tells them from those of any other set. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readScripts as readFolder } from '../../src/redis/script-files.js';
import { SCRIPTS, type Script, type ScriptName, scriptOf } from '../../src/redis/scripts.js';
import { luaFiles, scriptsIn } from './release.js';

export interface ScriptSet {
  readonly label: string;
  /** Ends in a slash. */
  readonly folder: URL;
  readonly scripts: Readonly<Partial<Record<ScriptName, Script>>>;
}

/** A replacement in the files whose path matches. It has to change something. */
export interface Mutation {
  readonly files: RegExp;
  readonly from: string;
  readonly to: string;
}

export function readScripts(folder: URL): ScriptSet['scripts'] {
  const sources = readFolder(folder);
  return Object.fromEntries(scriptsIn(folder).map((name) => [name, scriptOf(name, sources[name] as string)]));
}

/** Has this process send these scripts instead of its own until that is done. */
export async function withScripts<T>(scripts: ScriptSet['scripts'], act: () => Promise<T>): Promise<T> {
  const own = { ...SCRIPTS };
  // Whoever sends a script looks it up there by name.
  Object.assign(SCRIPTS, scripts);
  try {
    return await act();
  } finally {
    Object.assign(SCRIPTS, own);
  }
}

/** Copies sets of scripts, changed on the way if asked to; the copies are gone after the suite. */
export function useScriptSets(): (label: string, from: URL, ...mutations: Mutation[]) => ScriptSet {
  const folders: string[] = [];

  after(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });

  return (label, from, ...mutations) => {
    const target = mkdtempSync(join(tmpdir(), 'streamwarden-scripts-'));
    folders.push(target);
    const unchanged = new Set(mutations);
    for (const file of luaFiles(from)) {
      let source = readFileSync(new URL(file, from), 'utf8');
      for (const mutation of mutations) {
        if (!mutation.files.test(file) || !source.includes(mutation.from)) continue;
        source = source.replaceAll(mutation.from, () => mutation.to);
        unchanged.delete(mutation);
      }
      mkdirSync(dirname(join(target, file)), { recursive: true });
      writeFileSync(join(target, file), `${source}\n-- ${label}\n`);
    }
    for (const { from: text } of unchanged)
      throw new Error(`expected ${label} to contain ${text}, got: none`);
    const folder = pathToFileURL(`${target}/`);
    return { label, folder, scripts: readScripts(folder) };
  };
}
