import { execFile } from 'node:child_process';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { LauncherError, startRedis } from '../../src/testing/index.js';
import {
  type ContainerEngine,
  findContainerEngine,
  startContainer,
} from '../../src/testing/redis-container.js';
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
  const before = { ...process.env };
  beforeEach(() => {
    delete process.env.REDIS_IMAGE;
  });
  afterEach(() => {
    for (const name of ['REDIS_PROVIDER', 'REDIS_IMAGE'] as const) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
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

  describe('with an engine that is played', () => {
    /** An engine whose containers are made, if at all, and never expose a port; `log` is what a server says before it ends. */
    function played({ made, log }: { readonly made: boolean; readonly log?: string }) {
      const removed: unknown[] = [];
      let end: (result: { readonly StatusCode: number }) => void = () => {};
      const container = {
        wait: () =>
          new Promise((resolve) => {
            end = resolve;
          }),
        remove: async (options: unknown) => void removed.push(options),
      };
      class Played {
        protected containerCreated?(id: string): Promise<void>;
        async start(): Promise<never> {
          if (!made) throw new Error('no such image: testcontainers/ryuk:0.14.0');
          await this.containerCreated?.('one');
          if (log !== undefined) end({ StatusCode: 1 });
          return await new Promise<never>(() => {});
        }
      }
      for (const name of [
        'withCopyContentToContainer',
        'withCommand',
        'withExposedPorts',
        'withLogConsumer',
        'withWaitStrategy',
        'withStartupTimeout',
      ]) {
        Object.assign(Played.prototype, {
          [name]() {
            return this;
          },
        });
      }
      const logs = async () => Readable.from([log ?? '']);
      const engine = {
        testcontainers: { GenericContainer: Played, Wait: { forLogMessage: () => undefined } },
        client: { container: { getById: () => container, logs } },
      } as unknown as ContainerEngine;
      return { engine, removed };
    }

    it('says at once why a server ended that could not start, with its log, and removes its container', async () => {
      const log = '*** FATAL CONFIG FILE ERROR ***\nunknown directive\n';
      const { engine, removed } = played({ made: true, log });
      const error = await rejection(startContainer({ config: { nonsense: 'yes' } }, engine));
      expect(error).to.be.an.instanceOf(LauncherError).with.property('code', 'StartFailed');
      expect(error.message).to.match(
        /^expected redis:7 to answer on port \d+, got: the server ended with exit code 1\n\*\*\* FATAL CONFIG FILE ERROR/,
      );
      expect(removed).to.deep.equal([{ force: true, v: true }]);
    });

    it('says what else an image may be missing for where no container was made', async () => {
      const { engine, removed } = played({ made: false });
      const { message } = await rejection(startContainer({}, engine));
      expect(message).to.match(/no such image: testcontainers\/ryuk:0\.14\.0; no container was made/);
      expect(message).to.include('TESTCONTAINERS_RYUK_DISABLED');
      expect(removed).to.deep.equal([]);
    });
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
      env: { ...before, REDIS_PROVIDER: 'docker' },
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
