import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const contract = readFileSync(new URL('../../docs/reference/contract.md', import.meta.url), 'utf8');

/** Clauses that no test can show, and why. */
const UNTESTABLE: Readonly<Record<string, string>> = {};

const CLAUSE = 'C-[A-Z]+-\\d+';
/** A test names the clauses that it shows at the end of its title: `it('… [C-DONE-1, C-DONE-2]', …)`. */
const TITLE_END = new RegExp(`\\[(${CLAUSE}(?:, ${CLAUSE})*)\\](?=['"\`],)`, 'g');

const clauses = [...contract.matchAll(new RegExp(`^\\*\\*(${CLAUSE})\\b`, 'gm'))].map(
  ([, id]) => id as string,
);
const sources = new Map(
  readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.ts') && !path.endsWith('contract-citations.test.ts'))
    .sort()
    .map((path) => [path, readFileSync(ROOT + path, 'utf8')]),
);

describe('the clauses of docs/reference/contract.md', () => {
  it('are there wherever a test speaks of one', () => {
    const dangling = [...sources].flatMap(([path, source]) =>
      [...source.matchAll(new RegExp(`\\b${CLAUSE}\\b`, 'g'))]
        .filter(([id]) => !clauses.includes(id))
        .map(([id]) => `${id} in ${path}`),
    );
    expect(dangling).to.deep.equal([]);
  });

  it('are each cited by a test, unless there is a reason', () => {
    const cited = new Set(
      [...sources.values()].flatMap((source) =>
        [...source.matchAll(TITLE_END)].flatMap(([, ids = '']) => ids.split(', ')),
      ),
    );
    const uncited = clauses.filter((id) => !cited.has(id));
    expect(uncited).to.deep.equal(Object.keys(UNTESTABLE));
  });
});
