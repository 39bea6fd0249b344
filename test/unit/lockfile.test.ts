import { readFileSync } from 'node:fs';
import { expect } from 'chai';

interface Locked {
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
}

describe('package-lock.json', () => {
  it('says of every package what its content has to be, and of none where it came from', () => {
    const text = readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8');
    const { packages } = JSON.parse(text) as { readonly packages: Readonly<Record<string, Locked>> };
    const others = Object.entries(packages).filter(([path, { link }]) => path !== '' && !link);
    expect(others.filter(([, { integrity }]) => integrity === undefined)).to.deep.equal([]);
    expect(others.filter(([, { resolved }]) => resolved !== undefined)).to.deep.equal([]);
  });
});
