import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect } from 'chai';

const ROOT = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, ROOT), 'utf8');
const filesIn = (folder: string) => readdirSync(new URL(folder, ROOT));

const GUIDES = filesIn('docs/how-to/')
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/how-to/${name}`);
const QUOTE = /<!-- from (\S+) -->\n\n```\w+\n([^`]*(?:`[^`][^`]*)*)```/g;

/** The lines as they are, wherever they are indented to. */
const linesOf = (text: string) =>
  text
    .split('\n')
    .map((line) => line.trim())
    .join('\n');

describe('documents about the examples', () => {
  const quotes = GUIDES.flatMap((guide) =>
    [...read(guide).matchAll(QUOTE)].map(([, file = '', code = '']) => ({ guide, file, code })),
  );

  it('quote them as they are', () => {
    expect(quotes).to.have.length(
      GUIDES.reduce((sum, guide) => sum + read(guide).split('<!-- from ').length - 1, 0),
    );
    expect(quotes.length).to.be.greaterThan(10);
    for (const { guide, file, code } of quotes) {
      expect(linesOf(read(file)), `${guide} on ${file}`).to.include(linesOf(code).trim());
    }
  });

  it('list all of them', () => {
    const list = read('examples/README.md');
    for (const name of filesIn('examples/').filter((name) => name.endsWith('.ts'))) {
      expect(list).to.include(`npx tsx examples/${name}\``);
    }
  });

  it('lead to files that are there', () => {
    for (const document of new Set(['examples/README.md', ...quotes.map(({ guide }) => guide)])) {
      for (const [, target = ''] of read(document).matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)) {
        const path = new URL(target, new URL(`${dirname(document)}/`, ROOT));
        expect(existsSync(path), `${document}: ${target}`).to.equal(true);
      }
    }
  });
});
