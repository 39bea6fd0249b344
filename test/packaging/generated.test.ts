import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { PACKAGE_VERSION } from '../../src/core/package-version.js';
import { heartbeatProgram } from '../../src/heartbeat/program.js';
import { PAGE_FILES } from '../../src/inspector/page-files.js';
import { REPLAY_PROGRAM } from '../../src/inspector/replay-program.js';
import { SCRIPT_SOURCES } from '../../src/redis/script-sources.js';
import { GO_CONSUMER_PROGRAM } from '../../src/testing/go-consumer-program.js';

const DIST = fileURLToPath(new URL('../../dist/', import.meta.url));
const MODULES = fileURLToPath(new URL('../../.cache/modules/', import.meta.url));

/** Text of whole programs, which begin in a file of their own. */
function withoutPrograms(text: string): string {
  return text.replace(/\b(REPLAY|GO_CONSUMER)_PROGRAM = .*$|heartbeatProgram = .*$/gm, '');
}

describe('modules that the build writes', () => {
  const built = async (file: string) => (await import(join(MODULES, file))) as Record<string, unknown>;

  it('hold what the sources read from files', async () => {
    for (const [file, exported] of [
      ['redis/script-sources.js', { SCRIPT_SOURCES }],
      ['core/package-version.js', { PACKAGE_VERSION }],
      ['inspector/page-files.js', { PAGE_FILES }],
      ['inspector/replay-program.js', { REPLAY_PROGRAM }],
      ['testing/go-consumer-program.js', { GO_CONSUMER_PROGRAM }],
    ] as const) {
      expect({ ...(await built(file)) }, file).to.deep.include(exported);
    }
    const { heartbeatProgram: written } = await built('heartbeat/program.js');
    expect((written as typeof heartbeatProgram)()).to.equal(heartbeatProgram());
    expect([...PAGE_FILES.keys()]).to.include('/index.html');
  });

  it('leave no module of the library that asks where it lies, so that it can be bundled', () => {
    const modules = readdirSync(DIST, { recursive: true })
      .map(String)
      .filter((file) => file.endsWith('.js') && !file.startsWith('program/'));
    expect(modules).to.include('index.js');
    const asks = /\bimport\.meta\b|\b__(dir|file)name\b/;
    for (const file of modules) {
      expect(withoutPrograms(readFileSync(join(DIST, file), 'utf8')), file).not.to.match(asks);
    }
  });
});
