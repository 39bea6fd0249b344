import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { ended, printed, useExamples } from '../support/examples.js';
import { useRedis } from '../support/redis.js';

describe('the example embed', () => {
  const { start } = useExamples();
  const { server } = useRedis();

  it('owns the stream that it announces, and ends on SIGTERM', async () => {
    const example = start('embed', { REDIS_URL: server().url });
    await printed(example, /owner of order-1 \(eu\), token \d+-\d+/);
    example.kill('SIGTERM');
    await ended(example);
  });

  it('ends well on a SIGTERM that comes while it waits for Redis [C-STOP-8]', async () => {
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => void sockets.add(socket));
    await once(silent.listen(0, '127.0.0.1'), 'listening');
    const { port } = silent.address() as AddressInfo;
    const connected = once(silent, 'connection');
    const example = start('embed', { REDIS_URL: `redis://127.0.0.1:${port}` });
    await connected;
    example.kill('SIGTERM');
    await ended(example);
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
});
