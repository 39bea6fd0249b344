/** A handler's test without Redis. */
import { simulate } from 'streamwarden/simulation';

declare function test(name: string, body: () => Promise<void>): void;

test('a handler gets the stream that was announced', async () => {
  const world = simulate({ seed: 1 });
  try {
    const seen: string[] = [];
    const runtime = world.runtime({ service: 'orders', consumerId: 'a' });
    runtime.process(async (stream) => {
      seen.push(stream.name);
    });
    await world.announce('order-1', { region: 'eu' });
    await world.advance('10 s');
    if (seen.join() !== 'order-1') throw new Error(`expected order-1, got: ${seen.join()}`);
  } finally {
    await world.end();
  }
});
