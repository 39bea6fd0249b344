/** The declarations in the package, as a project's compiler loads them; those of the last build. */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';

const ROOT = new URL('../../', import.meta.url);

function filesIn(exported: unknown): string[] {
  if (typeof exported === 'string') return /\.d\.[cm]?ts$/.test(exported) ? [exported] : [];
  return typeof exported === 'object' && exported !== null ? Object.values(exported).flatMap(filesIn) : [];
}

const { exports: exported } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as {
  exports: object;
};
const entries = [...new Set(filesIn(exported))].map((path) => new URL(path, ROOT));
const read = (file: URL) => readFileSync(file, 'utf8');
/** Of `from '…'` and `import('…')`. */
const importsOf = (text: string) =>
  [...text.matchAll(/(?:\bfrom|\bimport\()\s*['"]([^'"]+)['"]/g)].map(([, from = '']) => from);

/** Files that a compiler loads with the entry points, and by which way: the file that imports each first. */
function reachable(): Map<string, string> {
  const found = new Map<string, string>();
  const queue: [file: URL, by: string][] = entries.map((entry) => [entry, 'package.json']);
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const [file, by] = next;
    if (found.has(file.href)) continue;
    found.set(file.href, by);
    for (const from of importsOf(read(file)).filter((one) => one.startsWith('.'))) {
      queue.push([new URL(from.replace(/\.([cm]?)js$/, '.d.$1ts'), file), file.href]);
    }
  }
  return found;
}

describe('the declarations', () => {
  it('load nothing of xstate: which version of it is used is not the concern of a project', () => {
    const files = reachable();
    expect(files.size).to.be.above(20);
    const leaking = [...files].filter(([file]) => importsOf(read(new URL(file))).includes('xstate'));
    expect(leaking).to.deep.equal([]);
  });

  it('have every name that they export in docs/reference/api.md', () => {
    const page = read(new URL('docs/reference/api.md', ROOT));
    const code = [...page.matchAll(/```.*?```|`[^`\n]+`/gs)].join('\n');
    const names = entries.flatMap((entry) =>
      [...read(entry).matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, list = '']) =>
        list.split(',').map((one) => one.replace(/^[\s\S]*\bas\s|\btype\s/, '').trim()),
      ),
    );
    expect(names.length).to.be.above(100);
    expect(names.filter((name) => name !== '' && !new RegExp(`\\b${name}\\b`).test(code))).to.deep.equal([]);
  });
});
