import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { LauncherError, startRedis } from '../../src/testing/index.js';
import { findContainerEngine } from '../../src/testing/redis-container.js';
import { rejection } from '../support/rejection.js';
import { skipWithout } from '../support/skip.js';

const run = promisify(execFile);
const PROGRAM = fileURLToPath(new URL('../support/container-main.ts', import.meta.url));

/** Why there is no engine here; undefined where there is one. */
async function missingEngine(): Promise<LauncherError | undefined> {
  try {
    await findContainerEngine();
    return undefined;
  } catch (error) {
    if (error instanceof LauncherError) return error;
    throw error;
  }
}

describe('REDIS_PROVIDER', () => {
  const before = process.env.REDIS_PROVIDER;
  afterEach(() => {
    if (before === undefined) delete process.env.REDIS_PROVIDER;
    else process.env.REDIS_PROVIDER = before;
  });

  it('refuses a provider that is none', async () => {
    process.env.REDIS_PROVIDER = 'podmann';
    const error = await rejection(startRedis());
    expect(error).to.have.property('code', 'InvalidOption');
    expect(error.message).to.equal("expected REDIS_PROVIDER to be 'binary' or 'docker', got: 'podmann'");
  });

  it('starts a binary where one is asked for', async () => {
    process.env.REDIS_PROVIDER = 'binary';
    await using server = await startRedis();
    expect(server.binary.source).not.to.equal('image');
  });

  it('says that no engine answers, and takes no binary instead', async function () {
    const missing = await missingEngine();
    if (missing === undefined) {
      skipWithout(this, { missing: 'a machine that has no Docker engine', remedy: 'stop it' });
    }
    process.env.REDIS_PROVIDER = 'docker';
    const error = await rejection(startRedis());
    expect(error).to.have.property('code', 'EngineNotFound');
    expect(error.message).to.match(/^expected a Docker engine to answer within 2000 ms, got: /);
  });

  it('starts a server in a container that does what a server of our own does', async function () {
    const missing = await missingEngine();
    if (missing !== undefined) {
      skipWithout(this, {
        missing: 'a Docker engine',
        remedy: 'start one; the provider of containers is tested then',
      });
    }
    const { stdout } = await run(process.execPath, ['--import', 'tsx', PROGRAM], {
      env: { ...process.env, REDIS_PROVIDER: 'docker' },
    });
    expect(JSON.parse(stdout)).to.deep.equal({
      source: 'image',
      maxClients: ['maxclients', '123'],
      runsAfterKill: false,
      kept: 'yes',
      isAnotherProcess: true,
      answersFrozen: 'nothing',
      answersThawed: 'PONG',
      signalRefused: 'NotSupported',
      logsReady: true,
      open: 0,
    });
  });
});
