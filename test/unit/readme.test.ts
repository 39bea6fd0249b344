import { readFileSync } from 'node:fs';
import { expect } from 'chai';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

describe('README.md', () => {
  it('shows examples/embed.ts as it is', () => {
    expect(read('README.md')).to.include(`\`\`\`ts\n${read('examples/embed.ts')}\`\`\`\n`);
  });
});
