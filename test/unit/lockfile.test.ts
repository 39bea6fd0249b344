import { readFileSync } from 'node:fs';
import { expect } from 'chai';

interface Locked {
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
}

const { packages } = JSON.parse(
  readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8'),
) as { readonly packages: Readonly<Record<string, Locked>> };

describe('package-lock.json', () => {
  it('says of every package what its content has to be, and of none where it came from', () => {
    const others = Object.entries(packages).filter(([path, { link }]) => path !== '' && !link);
    expect(others.filter(([, { integrity }]) => integrity === undefined)).to.deep.equal([]);
    expect(others.filter(([, { resolved }]) => resolved !== undefined)).to.deep.equal([]);
  });

  it('has ioredis for whoever omits development dependencies, as the second stage of an image does', () => {
    expect(packages['node_modules/ioredis']).to.be.an('object').that.does.not.have.property('dev');
  });
});
