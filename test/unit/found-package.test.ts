import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { foundPackage, PackageUnfit } from '../../src/core/found-package.js';

const WANTED = { name: '@some/tool', from: '0.200.0', below: '1.0.0' };

describe('a package that is found at run time', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'streamwarden-found-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function install(
    version: string,
    text = `module.exports = { version: '${version}' };`,
  ): Promise<void> {
    const place = join(folder, 'node_modules', WANTED.name);
    await mkdir(join(place, 'build'), { recursive: true });
    const manifest = { name: WANTED.name, version, exports: { '.': './build/index.js' } };
    await writeFile(join(place, 'package.json'), JSON.stringify(manifest));
    await writeFile(join(place, 'build/index.js'), text);
  }

  const nowhere = () => Promise.reject(new Error('Cannot find package'));
  const found = (load: () => Promise<unknown> = nowhere) => foundPackage(WANTED, load, folder);
  const refusal = () => found().catch((error: unknown) => error);

  it('is that of the project, though streamwarden does not declare it', async () => {
    for (const version of ['0.200.0', '0.223.1', '0.1000.0', '0.230.0-rc.1']) {
      await install(version);
      expect(await foundPackage({ ...WANTED }, nowhere, folder)).to.have.property('version');
      await rm(join(folder, 'node_modules'), { recursive: true });
    }
  });

  it('or else what stands beside streamwarden', async () => {
    expect(await found(async () => 'beside')).to.equal('beside');
  });

  it('is refused in another version, with the one that is wanted, the one that is there, and what to do', async () => {
    for (const version of ['0.199.9', '1.0.0', '2.3.4']) {
      await install(version);
      const error = await refusal();
      expect(error).to.be.instanceOf(PackageUnfit);
      expect(error)
        .to.have.property('message')
        .that.equals(
          `expected the package @some/tool of a version >=0.200.0 <1.0.0 to be installed, got: ${version}; npm install "@some/tool@>=0.200.0 <1.0.0"`,
        );
    }
  });

  it('is refused when it is nowhere, or does not load, with the reason', async () => {
    expect(await refusal())
      .to.have.property('message')
      .that.includes('got: Cannot find package; npm install');
    await install('0.210.0', "throw new Error('half installed');");
    expect(await refusal())
      .to.have.property('message')
      .that.includes('got: half installed; npm install');
  });
});
