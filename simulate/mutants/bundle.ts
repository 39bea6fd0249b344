/** Makes one program of the sources and the simulation, as they are or with a mutant's changes. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import type { Program } from '../seed-process.js';
import { type Edit, edited, type Mutant } from './mutant.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SRC = join(ROOT, 'src');
const SCRIPTS = 'redis/scripts';

/** Nearly all that a run makes is gone soon: with more room for it, less is copied. A tenth of the time. */
const YOUNG_OBJECTS = '--max-semi-space-size=32';

/** The sources as they are. One program is a third faster than files that are compiled one by one as they are loaded, and stays the same. */
export const AS_IT_IS: Pick<Mutant, 'name' | 'edits'> = { name: 'as-it-is', edits: [] };

/** Sources find files beside themselves: scripts where the mutated ones are, the rest where they stand. */
function mutating(edits: readonly Edit[], scriptsBase: string, applied: Set<Edit>): Plugin {
  return {
    name: 'mutating',
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const file = relative(SRC, path);
        let text = await readFile(path, 'utf8');
        for (const edit of edits) {
          if (edit.file !== file) continue;
          text = edited(text, edit);
          applied.add(edit);
        }
        const base = file === 'redis/script-sources.ts' ? scriptsBase : path;
        const contents = text.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(base).href));
        return { contents, loader: 'ts' };
      });
    },
  };
}

export class Bundles implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** In a temporary folder of this tree, so that packages are found; removed at the end. */
  static async create(): Promise<Bundles> {
    const cache = join(ROOT, '.cache');
    await mkdir(cache, { recursive: true });
    return new Bundles(await mkdtemp(join(cache, 'simulate-')));
  }

  async make({ name, edits }: Pick<Mutant, 'name' | 'edits'>): Promise<Program> {
    const folder = join(this.#folder, name);
    const scripts = join(folder, 'scripts');
    await cp(join(SRC, SCRIPTS), scripts, { recursive: true });
    const applied = new Set<Edit>();
    for (const edit of edits) {
      if (!edit.file.endsWith('.lua')) continue;
      await editScript(scripts, edit);
      applied.add(edit);
    }
    const file = join(folder, 'main.mjs');
    await build({
      entryPoints: [resolve(ROOT, 'simulate/child-main.ts')],
      outfile: file,
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      target: 'es2022',
      logLevel: 'warning',
      plugins: [mutating(edits, join(folder, 'scripts.ts'), applied)],
    });
    const missed = edits.find((edit) => !applied.has(edit));
    if (missed !== undefined) throw new Error(`${name}: src/${missed.file} is no part of the simulation`);
    return { file, execArgv: [YOUNG_OBJECTS] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function editScript(scripts: string, edit: Edit): Promise<void> {
  const file = join(scripts, relative(SCRIPTS, edit.file));
  await writeFile(file, edited(await readFile(file, 'utf8'), edit));
}
