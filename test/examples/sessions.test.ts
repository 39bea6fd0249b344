import { expect } from 'chai';
import { ownSession, quiet } from '../../examples/sessions/owner.js';
import type { StreamHandle } from '../../src/index.js';
import { type SimulatedWorld, simulate } from '../../src/simulation/index.js';

/** Messages that wait, by session. */
class Inbox {
  readonly #waiting = new Map<string, string[]>();
  readonly handled: string[] = [];

  post(session: string, message: string): void {
    this.#waiting.set(session, [...(this.#waiting.get(session) ?? []), message]);
  }

  next = async (session: string): Promise<string[]> => this.#waiting.get(session)?.slice(0, 2) ?? [];

  handle = (world: SimulatedWorld) => async (session: string, message: string, signal: AbortSignal) => {
    await world.sleep('20 ms');
    if (signal.aborted) return;
    this.handled.push(message);
    this.#waiting.set(session, this.#waiting.get(session)?.filter((one) => one !== message) ?? []);
  };
}

describe('the example sessions, in a simulation', () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    it(`handles every message, through a crash, and is announced once at a time (seed ${seed}) [C-ENS-1, C-ENS-6]`, async () => {
      await using world = simulate({ seed });
      const inbox = new Inbox();
      const runtimes = ['a', 'b'].map((consumerId) => {
        const runtime = world.runtime({ service: 'sessions', consumerId });
        const rest = () => world.sleep('5 ms');
        runtime.process(ownSession({ next: inbox.next, handle: inbox.handle(world), rest }));
        return runtime;
      });
      let created = 0;
      for (let at = 0; at < 120; at += 1) {
        inbox.post('session-1', String(at));
        if ((await world.ensure('session-1')).created) created += 1;
        await world.advance(`${(at * seed * 7) % 60} ms`);
        if (at === 60) world.crash(runtimes[seed % 2] as (typeof runtimes)[number]);
      }
      await world.until(() => inbox.handled.length >= 120, { within: '30 s' });
      expect(new Set(inbox.handled)).to.have.property('size', 120);
      expect(created).to.be.within(1, 119);
      await world.until(() => world.owners().size === 0, { within: '10 s' });
    });
  }

  it('has its owner told of a touch within a heartbeat', async () => {
    await using world = simulate({ seed: 7 });
    const runtime = world.runtime({ service: 'sessions' });
    const woken: number[] = [];
    runtime.process(async (stream: StreamHandle) => {
      stream.onTouched((touched) => woken.push(touched));
      await world.sleep('10 s');
    });
    const { id } = await world.ensure('session-1');
    await world.until(() => world.owners().size === 1);
    expect(await world.ensure('session-1')).to.deep.equal({ id, created: false });
    await world.until(() => woken.length > 0, { within: '2 s' });
    expect(woken).to.deep.equal([1]);
    const told = world.told(runtime).filter(({ type }) => type === 'StreamTouched');
    expect(told).to.have.length(1);
    expect(runtime.snapshot().counters).to.include({ touches: 1 });
    expect(runtime.snapshot().streams[0]).to.include({ touched: 1 });
  });

  it('rests until it is touched, its signal aborts, or the time is over', async () => {
    const listeners = new Set<() => void>();
    const controller = new AbortController();
    const stream = {
      touched: 1,
      signal: controller.signal,
      onTouched(listener: () => void) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    } as unknown as StreamHandle;
    await quiet(stream, 0, 60_000);
    const touched = quiet(stream, 1, 60_000);
    for (const listener of listeners) listener();
    await touched;
    await quiet(stream, 1, 1);
    const aborted = quiet(stream, 1, 60_000);
    controller.abort();
    await aborted;
    expect(listeners.size).to.equal(0);
  });
});
