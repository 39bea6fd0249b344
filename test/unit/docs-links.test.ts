/** What the documents link to and name exists: files, headings, paths of the source. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Whose documents are the project's own. */
const FOLDERS = ['docs', 'bench', 'soak', 'examples', 'scripts', 'test'];

function markdownFiles(): string[] {
  const below = FOLDERS.filter((folder) => existsSync(join(ROOT, folder))).flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true }).map((file) => join(folder, String(file))),
  );
  return [...readdirSync(ROOT), ...below]
    .filter((file) => file.endsWith('.md') && !file.includes('node_modules'))
    .sort();
}

/** Without what stands in fenced blocks: that is output, or code. */
function proseOf(markdown: string): string {
  return markdown.replace(/^(`{3,}|~{3,})[^\n]*\n[\s\S]*?^\1[^\n]*$/gm, '');
}

/** The anchors that GitHub gives headings: lower case, punctuation dropped, spaces as hyphens, repeated ones numbered. */
function anchorsOf(markdown: string): Set<string> {
  const seen = new Map<string, number>();
  const anchors = new Set<string>();
  for (const [, heading = ''] of proseOf(markdown).matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*]/g, '');
    const slug = text
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-');
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    anchors.add(times === 0 ? slug : `${slug}-${times}`);
  }
  return anchors;
}

interface Link {
  readonly target: string;
  readonly anchor: string | undefined;
}

/** Links to files and headings of this repository; an empty target is the document itself. */
function linksOf(markdown: string): Link[] {
  const text = proseOf(markdown).replace(/`[^`\n]*`/g, '');
  const found = [...text.matchAll(/\]\(\s*<?([^)>\s]*)>?(?:\s+"[^"]*")?\s*\)/g)].map(([, url = '']) => url);
  const defined = [...text.matchAll(/^\[[^\]]+\]:\s*(\S+)/gm)].map(([, url = '']) => url);
  return [...found, ...defined]
    .filter((url) => !/^[a-z][a-z0-9+.-]*:/i.test(url))
    .map((url) => {
      const [target = '', anchor] = url.split('#');
      return { target, anchor };
    });
}

/** Paths of the source that stand as code in the text: `src/redis/names.ts`, `test/faults/`. */
function pathsOf(markdown: string): string[] {
  const code = [...proseOf(markdown).matchAll(/`([^`\n]+)`/g)].map(([, text = '']) => text);
  return code.filter((text) => /^(src|test|docs|bench|soak|scripts|examples|bin)\/[\w@./-]*$/.test(text));
}

describe('the documents', () => {
  const files = markdownFiles();
  const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

  it('are found, and the index of docs/ names each of its own', () => {
    expect(files).to.include.members(['README.md', 'docs/README.md', 'CONTRIBUTING.md']);
    const listed = linksOf(read('docs/README.md')).map(({ target }) => join('docs', target));
    const pages = files.filter((file) => file.startsWith('docs/') && file !== 'docs/README.md');
    expect(pages.filter((page) => !listed.includes(page))).to.deep.equal([]);
  });

  for (const file of files) {
    it(`${file} links to what there is`, () => {
      const broken: string[] = [];
      for (const { target, anchor } of linksOf(read(file))) {
        const path = target === '' ? file : relative(ROOT, join(ROOT, dirname(file), target));
        if (!existsSync(join(ROOT, path))) broken.push(`${target}: no such file`);
        else if (anchor && path.endsWith('.md') && !anchorsOf(read(path)).has(anchor)) {
          broken.push(`${target}#${anchor}: no such heading in ${path}`);
        }
      }
      expect(broken).to.deep.equal([]);
    });

    it(`${file} names paths that there are`, () => {
      expect(pathsOf(read(file)).filter((path) => !existsSync(join(ROOT, path)))).to.deep.equal([]);
    });
  }

  it('are read as GitHub reads them', () => {
    const page = ['# A `b` & c', '', '## A: b?', '', '## A: b?', '', '```', '# none', '```', ''].join('\n');
    expect([...anchorsOf(page)]).to.deep.equal(['a-b--c', 'a-b', 'a-b-1']);
    expect(linksOf('[x](a.md#b) [y](https://x.y/z) `[z](no.md)`\n[w]: other.md')).to.deep.equal([
      { target: 'a.md', anchor: 'b' },
      { target: 'other.md', anchor: undefined },
    ]);
    expect(pathsOf('`src/none.ts`, `npm test`, `src/redis`')).to.deep.equal(['src/none.ts', 'src/redis']);
  });
});
