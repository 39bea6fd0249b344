/** A handler's test without Redis, also while the test runner holds the timers. */
import { simulate } from 'streamwarden/simulation';

interface FakeTimers {
  useFakeTimers(): void;
  useRealTimers(): void;
}
declare const jest: FakeTimers | undefined;
declare const vi: FakeTimers | undefined;
declare function test(name: string, body: () => Promise<void>): void;

const timers = typeof jest === 'undefined' ? vi : jest;

async function handled(): Promise<void> {
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
}

test('a handler gets the stream that was announced', handled);

test('a handler gets it while timers are fake', async () => {
  timers?.useFakeTimers();
  try {
    await handled();
  } finally {
    timers?.useRealTimers();
  }
});
