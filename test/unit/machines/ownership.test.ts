import { expect } from 'chai';
import fc from 'fast-check';
import { type OwnershipEvent, ownershipMachine } from '../../../src/machines/ownership.machine.js';
import type { OwnershipState } from '../../../src/machines/standing.js';
import { Fold } from './fold.js';

const input = { id: '7-0', name: 'stream', retryCount: 1 };
const lost: OwnershipEvent = { type: 'lost', reason: 'takenOver' };
const giveBack: OwnershipEvent = { type: 'giveBack.requested', reason: 'release' };
const ownership = (...events: OwnershipEvent[]) => new Fold(ownershipMachine, input).send(...events);
const e = (type: OwnershipEvent['type']) => ({ type }) as OwnershipEvent;

const ways = {
  acquiring: [],
  contended: [e('contended')],
  acquired: [e('verified')],
  extending: [e('verified'), e('handed')],
  uncertain: [e('verified'), e('handed'), e('lease.missed')],
  backingOff: [e('verified'), e('handed'), e('handler.failed')],
  acking: [e('verified'), e('handed'), e('done.requested')],
  givingBack: [e('verified'), e('handed'), giveBack],
  releasing: [e('verified'), e('handed'), e('done.requested'), { type: 'acked', lockReleased: false }],
} satisfies Partial<Record<OwnershipState, OwnershipEvent[]>>;
type Living = keyof typeof ways;

const samples: OwnershipEvent[] = [
  e('verified'),
  e('refused'),
  e('contended'),
  e('handed'),
  e('lease.missed'),
  e('lease.confirmed'),
  lost,
  e('handler.failed'),
  e('done.requested'),
  { type: 'acked', lockReleased: true },
  { type: 'acked', lockReleased: false },
  e('ack.unknown'),
  e('lock.released'),
  giveBack,
  e('requeued'),
  e('deadLettered'),
  { type: 'ack.refused', wasUncertain: false },
  { type: 'ack.refused', wasUncertain: true },
];

/** The whole machine: what is not listed here changes nothing. */
const table: Record<Living, Partial<Record<string, OwnershipState>>> = {
  acquiring: { verified: 'acquired', refused: 'refused', contended: 'contended' },
  contended: { requeued: 'handedOver', deadLettered: 'deadLettered', lost: 'lost' },
  acquired: {
    handed: 'extending',
    'done.requested': 'acking',
    'giveBack.requested': 'givingBack',
    lost: 'lost',
  },
  extending: {
    'lease.missed': 'uncertain',
    'handler.failed': 'backingOff',
    'done.requested': 'acking',
    'giveBack.requested': 'givingBack',
    lost: 'lost',
  },
  uncertain: {
    'lease.confirmed': 'extending',
    'handler.failed': 'backingOff',
    'done.requested': 'acking',
    'giveBack.requested': 'givingBack',
    lost: 'lost',
  },
  backingOff: { 'done.requested': 'acking', 'giveBack.requested': 'givingBack', lost: 'lost' },
  acking: {
    'acked+': 'released',
    acked: 'releasing',
    'ack.unknown': 'unknown',
    'ack.refused': 'extending',
    'ack.refused?': 'uncertain',
    lost: 'lost',
  },
  givingBack: { requeued: 'handedOver', deadLettered: 'deadLettered', lost: 'lost' },
  releasing: { 'lock.released': 'released' },
};
const keyOf = (event: OwnershipEvent) => {
  if (event.type === 'ack.refused' && event.wasUncertain) return 'ack.refused?';
  return event.type === 'acked' && event.lockReleased ? 'acked+' : event.type;
};

describe('ownership machine', () => {
  for (const [state, way] of Object.entries(ways) as Array<[Living, OwnershipEvent[]]>) {
    it(`goes from ${state} where the table says, and nowhere else`, () => {
      expect(ownership(...way).value).to.equal(state);
      for (const event of samples) {
        const next = ownership(...way, event);
        expect(next.value, keyOf(event)).to.equal(table[state][keyOf(event)] ?? state);
        expect(next.timers, 'an ownership has no timers').to.deep.equal({});
      }
    });
  }

  it('tells nothing on the whole way of a stream that is finished [C-DONE-1]', () => {
    const fold = ownership();
    for (const event of [e('verified'), e('handed'), e('done.requested'), samples[9] as OwnershipEvent]) {
      expect(fold.send(event).told).to.deep.equal([]);
    }
    expect(fold.value).to.equal('released');
  });

  it('tells that the lease is overdue, and that it was confirmed, each once [C-UNC-1, C-UNC-3]', () => {
    const fold = ownership(...ways.uncertain);
    expect(fold.told).to.deep.equal(['tellUncertain']);
    expect(fold.send(e('lease.missed')).told).to.deep.equal([]);
    expect(fold.send(e('lease.confirmed')).told).to.deep.equal(['tellConfirmed']);
    expect(fold.send(e('lease.confirmed')).told).to.deep.equal([]);
  });

  for (const state of ['acquired', 'extending', 'uncertain', 'backingOff'] as const) {
    it(`says why it is given back from ${state}, and why it is lost then`, () => {
      const fold = ownership(...ways[state], giveBack);
      expect(fold.value).to.equal('givingBack');
      expect(fold.context).to.include({ reason: 'release', unheard: state === 'acquired' });
      expect(fold.send(lost).context.reason).to.equal('takenOver');
    });
  }

  for (const state of ['extending', 'uncertain', 'backingOff', 'acking', 'givingBack'] as const) {
    it(`disowns what is lost in ${state}: the application had heard of it`, () => {
      const fold = ownership(...ways[state], lost);
      expect(fold.told).to.deep.equal(['disown']);
      expect(fold.context.reason).to.equal('takenOver');
    });
  }

  for (const state of ['contended', 'acquired'] as const) {
    it(`loses in silence what the application has not heard of (${state})`, () => {
      const fold = ownership(...ways[state], lost);
      expect(fold.value).to.equal('lost');
      expect(fold.told).to.deep.equal([]);
      expect(fold.context.reason).to.equal('takenOver');
    });
  }

  it('loses in silence what was given back before the application heard of it', () => {
    const fold = ownership(e('verified'), giveBack, lost);
    expect(fold.value).to.equal('lost');
    expect(fold.told).to.deep.equal([]);
  });

  it('disowns what the application finished before it was handed over: it had found it listed', () => {
    expect(ownership(e('verified'), e('done.requested'), lost).told).to.deep.equal(['disown']);
  });

  it('keeps why it was given back', () => {
    expect(ownership(...ways.givingBack, e('requeued')).context.reason).to.equal('release');
  });

  it('goes on when it was not to be finished, and tells once that its lease was confirmed after all [C-ENS-6]', () => {
    const fold = ownership(...ways.uncertain, e('done.requested'), {
      type: 'ack.refused',
      wasUncertain: true,
    });
    expect(fold.value).to.equal('uncertain');
    expect(fold.send(e('lease.confirmed')).told).to.deep.equal(['tellConfirmed']);
    expect(ownership(...ways.acking, { type: 'ack.refused', wasUncertain: false }, lost).told).to.deep.equal([
      'disown',
    ]);
  });

  it('is not given back while done is on its way: one of the two has to be decided first', () => {
    expect(ownership(...ways.acking, giveBack).value).to.equal('acking');
  });

  describe('whatever comes, in whatever order', () => {
    const heard = new Set<unknown>(['extending', 'uncertain', 'backingOff', 'acking', 'givingBack']);
    const ends = new Set<unknown>(['released', 'handedOver', 'deadLettered', 'lost', 'refused', 'unknown']);

    it('ends once and for all, and disowns at most once, only what the application had heard of', () => {
      fc.assert(
        fc.property(fc.array(fc.constantFrom(...samples), { maxLength: 30 }), (events) => {
          const fold = ownership();
          let disowned = 0;
          let wasHanded = false;
          for (const event of events) {
            const before = fold.value;
            if (event.type === 'done.requested' && before === 'acquired') wasHanded = true;
            fold.send(event);
            if (fold.value === 'extending') wasHanded = true;
            if (fold.told.includes('disown')) {
              disowned += 1;
              expect(heard.has(before), `disowned in ${before}`).to.equal(true);
              expect(wasHanded).to.equal(true);
              expect(fold.value).to.equal('lost');
            } else if (fold.value === 'lost' && before !== 'lost') {
              expect(wasHanded).to.equal(false);
            }
            if (ends.has(before)) {
              expect(fold.value).to.equal(before);
              expect(fold.told).to.deep.equal([]);
            }
            expect(fold.isOver).to.equal(ends.has(fold.value));
          }
          expect(disowned).to.be.at.most(1);
        }),
        { numRuns: 1000 },
      );
    });
  });
});
