import { createWebSocketInspector } from '@statelyai/inspect';
import { expect } from 'chai';
import type { InspectionEvent, Observer } from 'xstate';
import { eventually } from '../support/eventually.js';
import { useRedis } from '../support/redis.js';
import { useFleet } from '../support/runtimes.js';
import { startStatelyReceiver } from '../support/stately.js';

describe('the option inspect', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  async function run(inspect: ((event: InspectionEvent) => void) | Observer<InspectionEvent>) {
    const { runtime, log } = await fleet().listening({ inspect });
    await fleet().announce(['one', 'two']);
    await log.count('StreamAdded', 2);
    await runtime.owned('one')?.done();
    await runtime.stop();
    return log;
  }

  it('gets what XState tells of every actor, each introduced once and first', async () => {
    const seen: InspectionEvent[] = [];
    await run((event) => seen.push(event));
    const actors = seen.flatMap((event) => (event.type === '@xstate.actor' ? [event.actorRef] : []));
    expect(new Set(actors).size).to.equal(actors.length);
    const ids = actors.map((actor) => (actor as { readonly id?: string }).id);
    expect(ids).to.include.members(['supervisor', 'consumer', 'consumer/leaseKeeper', 'consumer/reconciler']);
    expect(ids.filter((id) => id?.startsWith('consumer/ownership/'))).to.have.length(2);
    const told = seen.flatMap((event) =>
      event.type === '@xstate.event' ? [(event.event as { type: string }).type] : [],
    );
    expect(told).to.include.members(['start', 'handed', 'done.requested', 'acked', 'stop.requested']);
    expect(seen.some(({ type }) => type === '@xstate.snapshot')).to.equal(true);
    for (const [at, event] of seen.entries()) {
      if (event.type === '@xstate.actor' || event.actorRef === undefined) continue;
      const introduced = seen.findIndex(
        ({ type, actorRef }) => type === '@xstate.actor' && actorRef === event.actorRef,
      );
      expect(introduced).to.be.within(0, at - 1);
    }
  });

  it('takes an observer as well', async () => {
    let count = 0;
    await run({
      next: () => {
        count += 1;
      },
    });
    expect(count).to.be.above(10);
  });

  it("takes the inspector of Stately's own package, which is told how streams go", async () => {
    await using receiver = await startStatelyReceiver();
    const inspector = createWebSocketInspector({ url: receiver.url });
    await receiver.connected;
    await run(inspector.inspect);
    const walk = await eventually('the end of the stream is told', () => {
      const states = receiver.view.walkOf(receiver.view.sessionsOf('one')[0]);
      return states.includes('released') && states;
    });
    // Its first word of an actor is said a moment after that was made: it has gone on by then.
    expect(walk.slice(1)).to.deep.equal(['acquiring', 'acquired', 'extending', 'acking', 'released']);
    const [session] = receiver.view.sessionsOf('one');
    expect(receiver.view.actors.get(session ?? '')?.name).to.match(/^consumer\/ownership\//);
    expect(receiver.view.strangers).to.deep.equal([]);
    inspector.stop();
  });

  it('is not disturbed by one that throws', async () => {
    const log = await run(() => {
      throw new Error('a bug of the observer');
    });
    await eventually('it ends as it should', () => log.of('StreamTerminated')[0]?.error === null);
  });
});
