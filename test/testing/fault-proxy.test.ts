import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'chai';
import { startFaultProxy } from '../../src/testing/index.js';
import { eventually } from '../support/eventually.js';

describe('a fault proxy', () => {
  let echo: Server;

  beforeEach(async () => {
    echo = createServer((socket) => {
      socket.on('error', () => {});
      socket.pipe(socket);
    });
    await once(echo.listen(0, '127.0.0.1'), 'listening');
  });

  afterEach(() => {
    echo.close();
  });

  it('keeps what is sent in order, whatever becomes of the network', async () => {
    const { port } = echo.address() as AddressInfo;
    await using proxy = await startFaultProxy({ host: '127.0.0.1', port });
    const socket = connect(proxy.port, '127.0.0.1').setNoDelay(true);
    let heard = '';
    socket.on('data', (bytes) => {
      heard += bytes.toString();
    });
    await once(socket, 'connect');

    const said: string[] = [];
    for (let n = 0; n < 200; n++) {
      // Slow, then fast again while something slow is still under way; frozen now and then.
      proxy.delay(n % 2 === 0 ? 5 : 0);
      if (n % 17 === 0) proxy.freeze();
      if (n % 17 === 3) proxy.thaw();
      const word = String(n).padStart(3, '0');
      said.push(word);
      // A command each, since those are what the proxy reads.
      socket.write(`*1\r\n$3\r\n${word}\r\n`);
      for (let turns = 0; turns < 5; turns++) await nextTurn();
    }
    proxy.thaw();
    const words = () => [...heard.matchAll(/\$3\r\n(\d{3})\r\n/g)].map(([, word]) => word);
    await eventually('all have come', () => words().length === said.length);
    expect(words()).to.deep.equal(said);
    socket.destroy();
  });

  it('lets nothing through behind a command whose reply it cuts off', async () => {
    let heard = '';
    let answer = () => {};
    const slow = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (bytes) => {
        heard += bytes.toString();
        answer = () => socket.write(heard);
      });
    });
    await once(slow.listen(0, '127.0.0.1'), 'listening');
    const { port } = slow.address() as AddressInfo;
    await using proxy = await startFaultProxy({ host: '127.0.0.1', port });
    const armed = proxy.arm({ fault: 'cutReply', matches: ([word]) => word === '002' });
    const socket = connect(proxy.port, '127.0.0.1').setNoDelay(true);
    socket.on('error', () => {});
    const closed = once(socket, 'close');
    await once(socket, 'connect');
    const command = (word: string) => `*1\r\n$3\r\n${word}\r\n`;
    socket.write(['000', '001', '002', '003'].map(command).join(''));
    await armed.first;
    await eventually('the struck command is there', () => heard.includes('ECHO'));
    // Before the server has answered, and before the connection is cut.
    await new Promise((resolve) => socket.write(command('004'), resolve));
    for (let turns = 0; turns < 20; turns++) await nextTurn();
    answer();
    await closed;
    expect([...heard.matchAll(/\$3\r\n(\d{3})\r\n/g)].map(([, word]) => word)).to.deep.equal([
      '000',
      '001',
      '002',
    ]);
    slow.close();
  });
});
