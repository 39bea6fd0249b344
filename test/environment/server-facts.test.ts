import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { expect } from 'chai';
import { isStreamwardenError } from '../../src/index.js';
import { useCrew } from '../support/crew.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';

/** Answers as much of the protocol as a client asks before it is told the version. */
function answer(command: string, facts: () => readonly string[]): string {
  if (/^info\b/i.test(command)) {
    const info = `# Server\r\n${facts().join('\r\n')}\r\n`;
    return `$${info.length}\r\n${info}\r\n`;
  }
  if (/^hello\b/i.test(command)) return "-ERR unknown command 'HELLO'\r\n";
  return '+OK\r\n';
}

/** The commands in a chunk of RESP, which clients send whole. */
function commandsIn(chunk: string): string[] {
  return chunk
    .split(/\*\d+\r\n/)
    .slice(1)
    .map((text) =>
      text
        .split('\r\n')
        .filter((_, index) => index % 2 === 1)
        .join(' '),
    );
}

interface Pretended extends AsyncDisposable {
  readonly url: string;
  /** How often somebody has connected. */
  readonly connections: number;
}

/** @param facts what INFO says of it, a field a line */
async function pretend(...facts: string[]): Promise<Pretended> {
  return await pretendBy(() => [...facts, 'loading:0']);
}

async function pretendBy(facts: () => readonly string[]): Promise<Pretended> {
  let connections = 0;
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      for (const command of commandsIn(String(chunk))) socket.write(answer(command, facts));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get connections() {
      return connections;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('the server', () => {
  const suite = useRedis();
  const crew = useCrew(suite);

  it('that loads its data is asked until it has, and not waited for as long as it thinks that takes', async () => {
    let asked = 0;
    await using loading = await pretendBy(() => {
      asked += 1;
      return asked <= 6
        ? ['loading:1', 'loading_eta_seconds:600']
        : ['redis_version:6.0.9', 'redis_mode:standalone', 'loading:0'];
    });
    const { runtime } = crew.make({ redis: loading.url });
    expect(await rejection(runtime.start())).to.have.property('code', 'ServerTooOld');
    // Nobody has given up waiting: one for commands, one for reading.
    expect(loading.connections).to.equal(2);
  });

  for (const version of ['6.0.9', '5.0.14', '2.8.0']) {
    it(`${version} is refused as too old, at once [C-STA-3]`, async () => {
      await using old = await pretend(`redis_version:${version}`, 'redis_mode:standalone');
      const { runtime } = crew.make({ redis: old.url });
      const error = await rejection(runtime.start());
      expect(isStreamwardenError(error, 'ServerTooOld'), error.message).to.equal(true);
      expect(error.message).to.equal(`expected Redis 6.2 or newer, got: redis ${version}`);
    });
  }

  it('that is a node of a cluster of Valkey is refused at once, as one of Redis is [C-CLU-1]', async () => {
    await using node = await pretend('redis_version:7.2.4', 'valkey_version:8.1.1', 'server_mode:cluster');
    const { runtime } = crew.make({ redis: node.url });
    const error = await rejection(runtime.start());
    expect(isStreamwardenError(error, 'ClusterClientRequired'), error.message).to.equal(true);
  });

  it('is described in the snapshot', async () => {
    const { runtime } = await crew.start();
    const { server } = runtime.snapshot();
    expect(server?.kind).to.be.oneOf(['redis', 'valkey']);
    expect(server?.version).to.match(/^\d+\.\d+\.\d+$/);
    expect(server?.evictionPolicy).to.equal('noeviction');
    expect(server?.warnings).to.deep.equal([]);
  });

  it('that may evict presence and lock keys is warned of, in the log and in the snapshot', async () => {
    await suite.redis().config('SET', 'maxmemory-policy', 'allkeys-lru');
    try {
      const warned: string[] = [];
      const nothing = () => {};
      const warn = (_fields: object, message: string) => void warned.push(message);
      const { runtime } = await crew.start({
        logger: { debug: nothing, info: nothing, error: nothing, warn },
      });
      const { server } = runtime.snapshot();
      expect(server?.evictionPolicy).to.equal('allkeys-lru');
      expect(server?.warnings).to.have.length(1);
      expect(server?.warnings[0]).to.match(/^maxmemory-policy is allkeys-lru: .*use noeviction$/);
      expect(warned).to.deep.equal(server?.warnings);
      expect(runtime.state).to.equal('running');
    } finally {
      await suite.redis().config('SET', 'maxmemory-policy', 'noeviction');
    }
  });
});
