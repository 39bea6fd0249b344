import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { hangingMs } from '../support/pace.js';
import { compiled } from '../support/programs.js';
import { useRedis } from '../support/redis.js';

describe('an application', () => {
  const suite = useRedis();

  it('without the OpenTelemetry API works as any other', async () => {
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      [await compiled('test/support/without-telemetry-main'), suite.server().url],
      { timeout: hangingMs() },
    );
    expect(stderr).to.equal('');
    expect(JSON.parse(stdout)).to.deep.equal({ loaded: false, processed: 'a stream' });
  });

  it('on the oldest API that is supported is what the other tests here run', () => {
    const manifest = (path: string) =>
      JSON.parse(readFileSync(new URL(`../../${path}package.json`, import.meta.url), 'utf8')) as {
        version: string;
        peerDependencies: Record<string, string>;
      };
    expect(manifest('').peerDependencies['@opentelemetry/api']).to.equal('^1.9.0');
    expect(manifest('node_modules/@opentelemetry/api/').version).to.match(/^1\.9\./);
  });
});
