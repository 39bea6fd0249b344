import * as chai from 'chai';
import { expect } from 'chai';
import { isStreamwardenError } from '../../src/core/errors.js';
import {
  assertNeverReaches,
  assertReaches,
  assertReplays,
  assertVisitsInOrder,
  journeysOf,
  parseRecording,
  RecordingAssertionError,
  type Replayable,
  recordings,
  scenario,
} from '../../src/testing/index.js';

chai.use(recordings);

const path = 'consumer/ownership/1-0';
const input = { id: '1-0', name: 'orders-eu', retryCount: 0 };

function zombie() {
  return scenario('zombie')
    .actor(path, { input })
    .send('verified', 'handed', 'lease.missed', { type: 'lost', reason: 'takenOver' } as { type: string });
}

describe('a scenario', () => {
  it('is a recording of what the machines do', () => {
    const recording = zombie().recording();
    expect(recording).to.replay();
    const [journey] = journeysOf(recording);
    expect(journey?.visits.map(({ event, state }) => [event, state])).to.deep.equal([
      [null, 'acquiring'],
      ['verified', 'acquired'],
      ['handed', 'extending'],
      ['lease.missed', 'uncertain'],
      ['lost', 'lost'],
    ]);
    const text = [recording.header, ...recording.lines].map((line) => JSON.stringify(line)).join('\n');
    expect(parseRecording(text)).to.deep.equal(recording);
  });

  it('answers for actors that are invoked, fails for them, and lets timers run out', () => {
    const keeper = scenario('outage')
      .actor('consumer/leaseKeeper', { input: { heartbeatMs: 1000 } })
      .send('connection.up')
      .fail('raise', new Error('gone'))
      .elapse('retryDelay')
      .answer('raise', { outcome: 'raised', generation: 1, wasPresent: false, inTime: false })
      .answer('verifyAll', { kept: 0, lost: 0, adopted: 0, isStanding: true });
    expect(keeper).to.visitInOrder([
      'lease.raising.pausing',
      'lease.raising.asking',
      'lease.present.assurance.confirmed',
    ]);
    expect(keeper).to.reach('certainty.certain').and.to.neverReach('lease.present.pulse.beating');
  });

  it('has several actors', () => {
    const both = zombie().actor('consumer').send('start').actor(path, { input }).send('refused');
    expect(both).to.reach('starting', { actor: 'consumer' });
    expect(both).to.reach('refused');
    expect(both).to.replay();
  });

  it('says what cannot be', () => {
    const refused = (work: () => unknown, words: RegExp) => {
      expect(work)
        .to.throw(words)
        .that.satisfies((error: unknown) => isStreamwardenError(error, 'InvalidState'));
    };
    refused(() => scenario('x').send('start'), /expected actor\(\) to be called first/);
    refused(
      () => scenario('x').actor('nobody'),
      /expected the machine of nobody to be one of balancer, consumer, /,
    );
    refused(
      () => zombie().send('handed'),
      /expected consumer\/ownership\/1-0 to live, got: handed after its end \(done\)/,
    );
    refused(
      () => scenario('x').actor('consumer/reconciler', { input: {} }).elapse('retryDelay'),
      /expected a timer retryDelay .*got: none/,
    );
  });
});

/** Chai's words and the function for any runner: what one says, the other has to say. */
const PAIRS: Record<
  string,
  { chai: (subject: Replayable) => unknown; plain: (subject: Replayable) => void }
> = {
  'reaches lost': {
    chai: (subject) => expect(subject).to.reach('lost'),
    plain: (subject) => assertReaches(subject, 'lost'),
  },
  'never reaches lost': {
    chai: (subject) => expect(subject).to.neverReach('lost'),
    plain: (subject) => assertNeverReaches(subject, 'lost'),
  },
  'goes through uncertain to lost': {
    chai: (subject) => expect(subject).to.visitInOrder(['uncertain', 'lost']),
    plain: (subject) => assertVisitsInOrder(subject, ['uncertain', 'lost']),
  },
  replays: {
    chai: (subject) => expect(subject).to.replay(),
    plain: (subject) => assertReplays(subject),
  },
};

describe('assertions about recordings', () => {
  const done = scenario('done')
    .actor(path, { input })
    .send('verified', 'handed', 'done.requested', { type: 'acked', lockReleased: true } as { type: string });
  const { lines, ...rest } = zombie().recording();
  const broken = {
    ...rest,
    lines: lines.map((line) => (line.kind === 'event' ? { ...line, state: 'acked' } : line)),
  };

  const holding: Record<string, Replayable> = {
    'reaches lost': zombie(),
    'never reaches lost': done,
    'goes through uncertain to lost': zombie(),
    replays: done,
  };
  const failing: Record<string, [subject: Replayable, words: RegExp]> = {
    'reaches lost': [
      done,
      /an actor never came into lost; .*1-0: acquiring → acquired → extending → acking → released/,
    ],
    'never reaches lost': [zombie(), /1-0 came by lost into lost at seq 4/],
    'goes through uncertain to lost': [
      done,
      /an actor never went uncertain → lost; .*acquiring → acquired → extending/,
    ],
    replays: [broken, /1 of 1 actors diverge\n.*1-0 diverges at its event 1/],
  };

  for (const [name, { chai: inChai, plain }] of Object.entries(PAIRS)) {
    it(`hold: ${name}`, () => {
      inChai(holding[name] as Replayable);
      plain(holding[name] as Replayable);
    });

    it(`fail: ${name}, and say why`, () => {
      const [subject, words] = failing[name] as [Replayable, RegExp];
      expect(() => inChai(subject)).to.throw(chai.AssertionError, words);
      expect(() => plain(subject)).to.throw(RecordingAssertionError, words);
    });
  }

  it('can be turned round', () => {
    expect(done).not.to.reach('lost');
    expect(() => expect(zombie()).not.to.reach('lost')).to.throw(/came by lost into lost/);
    expect(() => expect(zombie()).not.to.neverReach('lost')).not.to.throw();
  });

  it('do not pass because of a slip of the pen', () => {
    expect(() => expect(done).to.neverReach('lsot')).to.throw(
      /expected lsot to be a state of ownership; did you mean lost\?/,
    );
    expect(() => expect(done).to.visitInOrder(['uncertian'])).to.throw(/did you mean uncertain\?/);
    expect(() => expect(done).to.neverReach('lost', { machine: 'leaseKeeper' })).to.throw(
      /expected the recording to tell of an actor of leaseKeeper, got: no line about one/,
    );
  });

  it('are about one actor, or those of one machine, when asked', () => {
    const both = zombie().actor('consumer').send('start');
    expect(both).to.reach('lost', { actor: path }).and.to.neverReach('stopped', { machine: 'consumer' });
    expect(() => assertReaches(both, 'starting', { actor: path })).to.throw(/a state of ownership/);
  });

  it('refuse what is no recording', () => {
    expect(() => expect('a.jsonl').to.replay()).to.throw(
      /expected a recording \(await loadRecording\(file\)\)/,
    );
  });

  it('look at what the present machines do, not at what was recorded', () => {
    expect(broken).to.visitInOrder(['extending', 'uncertain', 'lost']);
  });
});
