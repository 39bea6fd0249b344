import { expect } from 'chai';
import { type LiveActor, Seam } from '../../src/core/seam.js';
import { EndedActors } from '../../src/inspector/ended-actors.js';
import { manualClock } from '../support/manual-clock.js';

describe('actors that have ended', () => {
  const seam = new Seam((error) => {
    throw error;
  });
  const clock = manualClock();

  function end(id: string, name: string, value: string, reason: string | null = null): void {
    const snapshot = { status: 'done', value, context: { id, name, reason } };
    const actor = { getSnapshot: () => snapshot } as unknown as LiveActor['actor'];
    seam.actorEnded({ path: `consumer/ownership/${id}`, machine: 'ownership', actor });
  }

  it('are kept while nobody watches: the latest thousand, each as it stood last', () => {
    const ended = new EndedActors(seam, clock);
    const error = new Error('no such product');
    seam.emit('notification', { type: 'StreamFailed', id: '1-0', error } as never);
    end('1-0', 'order-1', 'deadLettered');
    end('2-0', 'order-2', 'lost', 'takenOver');
    const [first, second] = ended.rows();
    expect(first).to.deep.include({ label: 'order-1', state: 'deadLettered', status: 'done' });
    expect(first?.ended?.thrown).to.match(/^Error: no such product\n\s+at /);
    expect(second?.ended).to.deep.include({ reason: 'takenOver', thrown: null, at: clock.now() });
    expect(ended.ended('consumer/ownership/2-0')?.reason).to.equal('takenOver');
    for (let n = 0; n < 3000; n += 1) end(`3-${n}`, 'many', 'released');
    expect(ended.rows()).to.have.length(1000);
    expect(ended.rows().at(-1)?.path).to.equal('consumer/ownership/3-2999');
    expect(ended.ended('consumer/ownership/2-0')).to.equal(null);
    ended.close();
    end('4-0', 'late', 'released');
    expect(ended.rows()).to.deep.equal([]);
  });
});
