import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { Redis, type RedisOptions } from 'ioredis';
import { openServers, startRedis } from '../../src/testing/index.js';
import { makeCertificate } from '../support/certificate.js';
import { eventually } from '../support/eventually.js';
import { isAlive } from '../support/process-alive.js';
import { rejection } from '../support/rejection.js';

describe('startRedis', () => {
  const clients: Redis[] = [];
  const connect = (url: string, options: RedisOptions = {}) => {
    // ioredis's own option type cannot be spread under exactOptionalPropertyTypes.
    const all: object = { retryStrategy: () => 20, maxRetriesPerRequest: null, ...options };
    const client = new Redis(url, all);
    client.on('error', () => undefined);
    clients.push(client);
    return client;
  };
  afterEach(() => {
    for (const client of clients.splice(0)) client.disconnect();
  });

  it('returns a server that answers, and removes it with its files', async () => {
    const server = await startRedis();
    expect(await connect(server.url).ping()).to.equal('PONG');
    expect(server.url).to.equal(`redis://127.0.0.1:${server.port}`);
    expect(openServers()).to.include(server);
    expect(server.logs()).to.match(/Ready to accept connections/);

    await server.stop();
    expect(isAlive(server.pid)).to.equal(false);
    expect(openServers()).not.to.include(server);
    expect(await exists(server.dir)).to.equal(false);
    await server.stop();
  });

  it('listens on the loopback address only', async () => {
    await using server = await startRedis();
    const [, bound] = (await connect(server.url).config('GET', 'bind')) as string[];
    expect(bound).to.equal('127.0.0.1');
  });

  it('is stopped at the end of its block', async () => {
    let pid: number;
    {
      await using server = await startRedis();
      pid = server.pid;
      expect(isAlive(pid)).to.equal(true);
    }
    expect(isAlive(pid)).to.equal(false);
  });

  it('starts many at once', async () => {
    const servers = await Promise.all(Array.from({ length: 8 }, () => startRedis()));
    try {
      expect(new Set(servers.map((server) => server.port)).size).to.equal(8);
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
    }
  });

  it('passes directives and arguments on', async () => {
    await using server = await startRedis({
      config: { maxmemory: '50mb', 'notify-keyspace-events': '', save: '3600 1' },
      args: ['--databases', '3'],
    });
    const client = connect(server.url);
    expect(await client.config('GET', 'maxmemory')).to.deep.equal(['maxmemory', '52428800']);
    expect(await client.config('GET', 'save')).to.deep.equal(['save', '3600 1']);
    expect(await client.config('GET', 'databases')).to.deep.equal(['databases', '3']);
  });

  it('starts in cluster mode, bus and all', async () => {
    await using server = await startRedis({ config: { 'cluster-enabled': 'yes' } });
    expect(await connect(server.url).cluster('INFO')).to.include('cluster_known_nodes:1');
  });

  it('restarts on the same port with the data that were kept', async () => {
    await using server = await startRedis({ appendOnly: true });
    const client = connect(server.url);
    await client.set('kept', 'yes');
    const { pid, port } = server;
    await server.restart();
    expect(server.port).to.equal(port);
    expect(server.pid).not.to.equal(pid);
    expect(await client.get('kept')).to.equal('yes');
  });

  it('comes back from a crash, empty when nothing was kept', async () => {
    await using server = await startRedis();
    const client = connect(server.url);
    await client.set('lost', 'yes');
    await server.kill();
    expect(server.running).to.equal(false);
    expect(isAlive(server.pid)).to.equal(false);
    await server.restart();
    expect(await client.get('lost')).to.equal(null);
  });

  it('freezes and thaws, its connections open all the while', async () => {
    await using server = await startRedis();
    const client = connect(server.url);
    await client.ping();
    await server.pause();
    let answered = false;
    const late = client.ping().then(() => {
      answered = true;
    });
    await eventually('the ping has left', () => client.commandQueue.length === 1);
    expect(answered).to.equal(false);
    server.resume();
    await late;
    expect(client.status).to.equal('ready');
  });

  it('stops a frozen server', async () => {
    const server = await startRedis();
    await server.pause();
    await server.kill('SIGTERM');
    expect(isAlive(server.pid)).to.equal(false);
    await server.stop();
  });

  it('says that there is nothing to signal once the server has exited', async () => {
    await using server = await startRedis();
    await server.kill();
    expect(() => server.signal('SIGCONT'))
      .to.throw('expected a running server')
      .with.property('code', 'NotRunning');
  });

  it('is ready behind a password', async () => {
    await using server = await startRedis({ password: 'se"cr et' });
    expect(await connect(server.url).ping()).to.equal('PONG');
    const refused = await rejection(connect(`redis://127.0.0.1:${server.port}`).ping());
    expect(refused.message).to.match(/NOAUTH/);
  });

  it('is ready with users of its own', async () => {
    await using server = await startRedis({
      aclUsers: ['user default off', 'user app on >secret ~app:* +@all -config'],
    });
    const app = connect(server.url, { username: 'app', password: 'secret' });
    expect(await app.set('app:1', 'x')).to.equal('OK');
    expect((await rejection(app.set('other', 'x'))).message).to.match(/NOPERM/);
  });

  it('serves TLS that a client can verify', async () => {
    await using certificate = await makeCertificate();
    await using server = await startRedis({ tls: certificate });
    expect(server.url).to.equal(`rediss://127.0.0.1:${server.port}`);
    expect(await connect(server.url, { tls: { ca: certificate.cert } }).ping()).to.equal('PONG');
  });

  it('is ready when clients must show a certificate', async () => {
    await using certificate = await makeCertificate();
    const { certPath, keyPath } = certificate;
    await using server = await startRedis({ tls: { certPath, keyPath, caPath: certPath } });
    expect(server.running).to.equal(true);
  });

  it('fails with the log of a server that exits early', async () => {
    const before = openServers();
    const error = await rejection(startRedis({ config: { maxmemory: 'plenty' } }));
    expect(error).to.have.property('code', 'StartFailed');
    expect(error.message).to.match(/expected .* to answer on port \d+ .*, got: its exit/);
    expect(error.message).to.match(/maxmemory/);
    expect(openServers()).to.have.members(before);
  });

  it('fails when the program cannot be run', async () => {
    const binary = {
      path: '/nowhere/redis-server',
      env: {},
      product: 'redis',
      version: '7.0.0',
      source: 'path',
    } as const;
    const before = openServers();
    const error = await rejection(startRedis({ binary }));
    expect(error).to.have.property('code', 'StartFailed');
    expect(error.message).to.match(/ENOENT/);
    expect(openServers()).to.have.members(before);
  });

  it('does not give up a port that was asked for', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const address = squatter.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    try {
      const error = await rejection(startRedis({ port }));
      expect(error.message).to.match(/got: a port that is taken/);
    } finally {
      squatter.close();
    }
  });

  it('refuses directives that it sets itself', async () => {
    const error = await rejection(startRedis({ config: { port: 6379 } }));
    expect(error).to.have.property('code', 'InvalidOption');
  });

  it('dies with a parent that is killed, and takes its files along, like others of that parent', async () => {
    const program = `
      import { startRedis } from './dist/testing/index.js';
      const servers = [await startRedis(), await startRedis(), await startRedis()];
      await servers[0].restart();
      await servers[1].stop();
      servers.splice(1, 1);
      console.log(JSON.stringify(servers.map(({ pid, dir }) => ({ pid, dir }))));
      setInterval(() => {}, 1000);
    `;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface(parent.stdout), 'line')) as [string];
    const servers = JSON.parse(line) as { pid: number; dir: string }[];
    expect(servers.map(({ pid }) => isAlive(pid))).to.deep.equal([true, true]);
    parent.kill('SIGKILL');
    for (const { pid, dir } of servers) {
      await eventually('the orphan is gone', () => !isAlive(pid));
      await eventually('its files are gone', async () => !(await exists(dir)));
    }
  });

  it('is not reached by what a terminal sends to the whole group, and dies when all of that are killed', async () => {
    const program = `
      import { startRedis } from './dist/testing/index.js';
      const server = await startRedis();
      console.log(JSON.stringify({ pid: server.pid, url: server.url }));
      setInterval(() => {}, 1000);
    `;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    const [line] = (await once(createInterface(parent.stdout), 'line')) as [string];
    const { pid, url } = JSON.parse(line) as { pid: number; url: string };
    const group = -Number(parent.pid);
    const client = new Redis(url, { commandTimeout: 5_000 });
    try {
      // Whatever it reaches answers nothing.
      process.kill(group, 'SIGSTOP');
      expect(await client.ping()).to.equal('PONG');
    } finally {
      process.kill(group, 'SIGKILL');
      client.disconnect();
    }
    await eventually('the orphan is gone', () => !isAlive(pid));
  });

  it('does not keep its parent alive', async () => {
    const program = `
      import { startRedis } from './dist/testing/index.js';
      console.log((await startRedis()).pid);
    `;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = once(createInterface(parent.stdout), 'line');
    const [code] = await once(parent, 'exit');
    const [pid] = (await lines) as [string];
    expect(code).to.equal(0);
    await eventually('the server is gone', () => !isAlive(Number(pid)));
  });
});

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
