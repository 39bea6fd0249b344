import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { expect } from 'chai';
import { Wire } from '../../../src/heartbeat/wire.js';

/** A server that answers each command as it is told to; undefined: not at all. */
class AnsweringServer {
  readonly commands: string[][] = [];
  connections = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(answer: (command: string[]) => string | undefined) {
    this.#server = createServer((socket) => {
      this.connections += 1;
      this.#sockets.add(socket);
      let read = '';
      socket.on('data', (bytes) => {
        read += String(bytes);
        for (;;) {
          const lines = read.split('\r\n');
          const count = Number(lines[0]?.slice(1));
          if (lines.length < 2 * count + 2) return;
          const command = Array.from({ length: count }, (_, at) => lines[2 * at + 2] as string);
          read = lines.slice(2 * count + 1).join('\r\n');
          this.commands.push(command);
          const said = answer(command);
          if (said !== undefined) socket.write(`${said}\r\n`);
        }
      });
      socket.on('error', () => {});
    });
  }

  async listen(): Promise<{ host: string; port: number }> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return { host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port };
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

const SHA = 'sha';
const SOURCE = 'return 1';

describe('the connection of the heartbeat thread', () => {
  let server: AnsweringServer;
  let wire: Wire;

  async function connecting(
    answer: (command: string[]) => string | undefined,
    place: { username?: string; password?: string; database?: number } = {},
    timeoutMs = 10_000,
  ): Promise<void> {
    server = new AnsweringServer(answer);
    const { username, password, database = 0 } = place;
    wire = new Wire(
      { at: await server.listen(), tls: undefined, username, password, database, name: 'beat' },
      timeoutMs,
    );
  }
  afterEach(() => {
    wire.close('the test is over');
    server.close();
  });

  const ask = () => wire.eval(SHA, SOURCE, ['key'], [7, 'é']);
  const refusal = () =>
    ask().then(
      () => 'answered',
      (error: Error) => error.message,
    );
  const names = () => server.commands.map(([name]) => name);

  it('says who it is, selects its database, and asks', async () => {
    await connecting(([name]) => (name === 'EVALSHA' ? ':1' : '+OK'), {
      username: 'orders',
      password: 'secret',
      database: 3,
    });
    expect(await ask()).to.equal(1);
    expect(await ask()).to.equal(1);
    expect(server.connections).to.equal(1);
    expect(server.commands.slice(0, 4)).to.deep.equal([
      ['AUTH', 'orders', 'secret'],
      ['SELECT', '3'],
      ['CLIENT', 'SETNAME', 'beat'],
      ['EVALSHA', SHA, '1', 'key', '7', 'é'],
    ]);
  });

  it('brings the script along where the server does not know it, and does without a name that it may not have', async () => {
    await connecting(([name]) =>
      name === 'EVALSHA' ? '-NOSCRIPT No matching script' : name === 'CLIENT' ? '-NOPERM no' : ':0',
    );
    expect(await ask()).to.equal(0);
    expect(names()).to.deep.equal(['CLIENT', 'EVALSHA', 'EVAL']);
  });

  it('begins anew where it was refused at first', async () => {
    let isRefused = true;
    await connecting(
      ([name]) => (name === 'EVALSHA' ? ':1' : isRefused ? '-WRONGPASS invalid username' : '+OK'),
      { password: 'old' },
    );
    expect(await refusal()).to.match(/^WRONGPASS/);
    isRefused = false;
    expect(await ask()).to.equal(1);
    expect(server.connections).to.equal(2);
  });

  it('keeps a connection on which the question was refused', async () => {
    let isRefused = true;
    await connecting(([name]) => (name === 'EVALSHA' && isRefused ? '-READONLY you cannot' : ':1'));
    expect(await refusal()).to.match(/^READONLY/);
    isRefused = false;
    expect(await ask()).to.equal(1);
    expect(server.connections).to.equal(1);
  });

  it('gives a connection up on which no answer comes in time, and makes another one', async () => {
    let isSilent = true;
    await connecting(([name]) => (name === 'EVALSHA' && isSilent ? undefined : ':1'), {}, 200);
    expect(await refusal()).to.equal('no answer in time');
    isSilent = false;
    expect(await ask()).to.equal(1);
    expect(server.connections).to.equal(2);
  });

  it('rejects where nobody listens', async () => {
    await connecting(() => ':1');
    server.close();
    expect(await refusal()).to.match(/ECONNREFUSED/);
  });
});
