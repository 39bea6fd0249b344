import { connect, createServer, type Socket } from 'node:net';
import { expect } from 'chai';
import { failOnLeaks, openNow } from '../support/leaks.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';
import { useFleet } from '../support/runtimes.js';

describe('a test that leaves something open', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  it('fails for a connection, which is closed', async () => {
    const before = openNow();
    const peers: Socket[] = [];
    const server = createServer((peer) => peers.push(peer)).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const socket = connect(port, '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));

    const { message } = await rejection(failOnLeaks(before, 'this test', 300));
    expect(message)
      .to.include('expected this test to close what it opened')
      .and.include(`connection to 127.0.0.1:${port}`);
    expect(socket.destroyed).to.equal(true);
    server.close();
  });

  it('fails for a runtime, its connections and its timers, which are ended', async () => {
    const before = openNow();
    const runtime = await fleet().start();
    const { message } = await rejection(failOnLeaks(before, 'this test', 300));
    expect(message).to.include(`runtime ${runtime.consumer} (running)`);
    // Commands, reads, expiries; and payloads, where some have been asked for.
    expect(message.match(/connection to/g)?.length).to.be.oneOf([3, 4]);
    expect(runtime.state).to.equal('stopped');
    await failOnLeaks(before, 'this test');
  });

  it('fails for a timer that a runtime left behind when it stopped', async () => {
    const before = openNow();
    // Stops its timers without the keeper of the books hearing of it.
    const clock = { clearTimeout: (timer: NodeJS.Timeout) => clearTimeout(timer) } as never;
    const runtime = await fleet().start({ clock });
    await runtime.stop();
    const { message } = await rejection(failOnLeaks(before, 'this test', 300));
    expect(message).to.match(/\d+ timers of runtime .* \(stopped\)/);
    await failOnLeaks(before, 'this test');
  });
});
