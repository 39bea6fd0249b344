import { expect } from 'chai';
import { setup } from 'xstate';
import { ActorSystem } from '../../src/actors/actor-system.js';
import { systemClock } from '../../src/core/clock.js';
import { Seam } from '../../src/core/seam.js';

const machine = setup({
  types: { events: {} as { type: 'finish' } | { type: 'break' }, input: {} as { n: number } },
  actions: {
    throwUp: () => {
      throw new Error('broken');
    },
  },
}).createMachine({
  id: 'child',
  initial: 'working',
  states: {
    working: { on: { finish: 'finished', break: { actions: 'throwUp' } } },
    finished: { type: 'final' },
  },
});

function createFixture(onDone: (subject: string) => void = () => {}) {
  const seam = new Seam((error) => {
    throw error;
  });
  const told: string[] = [];
  const actors = new ActorSystem<typeof machine, string>({ clock: systemClock, seam }, machine, {
    done: (subject) => {
      told.push(`${subject} done`);
      onDone(subject);
    },
    failed: (subject, error) => told.push(`${subject} failed: ${(error as Error).message}`),
  });
  const start = (subject: string) => actors.start(`children/${subject}`, { n: 1 }, subject);
  const live = () => [...seam.actors].map(({ path }) => path);
  return { actors, start, told, live };
}

/** The next error that nobody catches, in the place of whoever listens for one now. */
async function uncaught(cause: () => void): Promise<unknown> {
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  try {
    return await new Promise((resolve) => {
      process.once('uncaughtException', resolve);
      cause();
    });
  } finally {
    for (const listener of listeners) process.on('uncaughtException', listener);
  }
}

describe('an actor system', () => {
  it('tells of each end, whose it was and how it came', () => {
    const { start, told, live } = createFixture();
    const [a, b, c] = ['a', 'b', 'c'].map(start);
    expect(live()).to.deep.equal(['children/a', 'children/b', 'children/c']);
    b?.send({ type: 'break' });
    a?.send({ type: 'finish' });
    expect(told).to.deep.equal(['b failed: broken', 'a done']);
    expect(live()).to.deep.equal(['children/c']);
    expect(c?.getSnapshot().status).to.equal('active');
  });

  it('stops all that live, and tells of each', () => {
    const { actors, start, told, live } = createFixture();
    const [a, b] = ['a', 'b'].map(start);
    a?.send({ type: 'finish' });
    actors.stop();
    expect(told).to.deep.equal(['a done', 'b done']);
    expect(b?.getSnapshot().status).to.equal('stopped');
    expect(live()).to.deep.equal([]);
  });

  it('starts another at the path of one that has ended', () => {
    const { start, told } = createFixture();
    start('a').send({ type: 'finish' });
    start('a').send({ type: 'break' });
    expect(told).to.deep.equal(['a done', 'a failed: broken']);
  });

  it('hears of the ends that follow one whose listener threw, and hides no such error', async () => {
    const { start, told } = createFixture((subject) => {
      if (subject === 'a') throw new Error('a listener threw');
    });
    const [a, b] = ['a', 'b'].map(start);
    const error = await uncaught(() => a?.send({ type: 'finish' }));
    expect(error).to.have.property('message', 'a listener threw');
    b?.send({ type: 'finish' });
    expect(told).to.deep.equal(['a done', 'b done']);
  });

  it('gives the end of one that is ended by another its turn', () => {
    const fixture = createFixture((subject) => {
      if (subject === 'a') b.send({ type: 'finish' });
    });
    const a = fixture.start('a');
    const b = fixture.start('b');
    a.send({ type: 'finish' });
    expect(fixture.told).to.deep.equal(['a done', 'b done']);
    expect(fixture.live()).to.deep.equal([]);
  });
});
