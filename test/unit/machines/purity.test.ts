/** Machines read no clock and roll no dice: the same events lead to the same states, which is what replay rests on. */
import { expect } from 'chai';
import { type AnyStateMachine, createActor, SimulatedClock } from 'xstate';
import { Fold } from './fold.js';
import { machineFiles } from './machines.js';

type Step = { readonly type: string } | ((fold: Fold<AnyStateMachine>) => unknown);

interface Story {
  readonly input?: unknown;
  readonly steps: readonly Step[];
}

const e = (type: string, fields: object = {}): { type: string } => ({ type, ...fields });
const answer =
  (id: string, output?: unknown): Step =>
  (fold) =>
    fold.answer(id, output);
const fail =
  (id: string): Step =>
  (fold) =>
    fold.fail(id, { code: 'RedisUnavailable' });
const elapse =
  (delay: string): Step =>
  (fold) =>
    fold.elapse(delay);

const error = { code: 'X', message: 'x' };
const beat = { outcome: 'alive', inTime: true };
const raised = { outcome: 'raised', generation: 1, wasPresent: false, inTime: false };
const slice = { pending: 1, lockAlive: 0, requeued: 0, deadLettered: 0, tookMs: 1, chance: 0.3, at: 5 };

const open = { isPaused: false, hasRoom: true, isReaderUp: true, isConfirmed: true, turn: 'park' };
const passing = { error, kind: 'passing', wasUp: true, chance: 0.5 };

/** One long way through each machine. */
const stories: Record<string, Story> = {
  'balancer.machine.ts': {
    input: { coolMs: 500, followed: 0, moved: 0 },
    steps: [
      e('round.due'),
      e('lease.confirmed'),
      e('round.due'),
      answer('round', null),
      e('round.due'),
      fail('round'),
      e('order.heard', { round: 3, count: 2 }),
      answer('move', 2),
      e('order.heard', { round: 3, count: 2 }),
      e('intake.heard'),
      elapse('coolDelay'),
      e('lease.missed'),
      e('order.heard', { round: 4, count: 2 }),
    ],
  },
  'consumer.machine.ts': {
    steps: [
      e('start'),
      e('start.prepared'),
      e('lease.verified'),
      e('child.escalated', { child: 'intake', why: 'x' }),
      e('child.healed', { child: 'intake' }),
      e('reading.gaveUp', { error }),
      e('stop.requested', { mode: 'abandon' }),
      e('drained'),
    ],
  },
  'data-reader.machine.ts': {
    input: { place: '' },
    steps: [
      e('iterating.begun'),
      e('round.failed', { error, chance: 0.5 }),
      elapse('retryDelay'),
      e('round.failed', { error, chance: 0.5 }),
      e('connection.up'),
      e('round.answered'),
      e('iterating.ended'),
    ],
  },
  'intake.machine.ts': {
    input: { retry: { attempts: -1, initialMs: 100, maxMs: 1000 }, outlook: open, failures: 0 },
    steps: [
      answer('read', {
        outlook: { ...open, isConfirmed: false },
        entries: 1,
        owned: 1,
        failure: null,
        isDeferred: false,
      }),
      e('outlook.changed', { outlook: open }),
      answer('read', { outlook: open, entries: 0, owned: 0, failure: passing, isDeferred: false }),
      elapse('retryDelay'),
      e('reader.answered'),
      e('suspects.begun', { count: 1, ids: ['1-0'] }),
      e('suspects.outlived', { count: 1, ids: ['1-0'] }),
      e('entries.givenUp', { why: 'unparseable', count: 1, ids: ['2-0'] }),
      e('adopting.failed', { error }),
      e('stop.requested'),
      answer('read', { outlook: open, entries: 0, owned: 0, failure: null, isDeferred: false }),
    ],
  },
  'lease-deadline.machine.ts': {
    input: {},
    steps: [
      e('lease.proven', { remainingMs: 900 }),
      elapse('untilDeadline'),
      e('lease.proven', { remainingMs: 800 }),
      e('deadline.passed'),
    ],
  },
  'lease-keeper.machine.ts': {
    input: { heartbeatMs: 1000 },
    steps: [
      e('connection.up'),
      fail('raise'),
      elapse('retryDelay'),
      answer('raise', raised),
      fail('verifyAll'),
      elapse('retryDelay'),
      answer('verifyAll', { kept: 1, lost: 0, adopted: 0, isStanding: true }),
      elapse('pulseInterval'),
      fail('refresh'),
      elapse('retryDelay'),
      answer('refresh', beat),
      e('deadline.passed'),
      elapse('pulseInterval'),
      answer('refresh', { ...beat, outcome: 'lapsed' }),
      answer('raise', { ...raised, wasPresent: false }),
      e('generation.stale', { standing: 9 }),
      e('connection.down'),
    ],
  },
  'lock-keeper.machine.ts': {
    input: { heartbeatMs: 1000, hasLocks: true, hasForeignConsumers: true },
    steps: [
      elapse('restDelay'),
      e('round.begun', { count: 5000, waves: 3, stepMs: 100, waiting: 0 }),
      e('wave.sent', { restMs: 400 }),
      elapse('stepDelay'),
      e('wave.sent', { restMs: 300 }),
      e('wave.answered', { odd: { '1-0': 'missing' }, isLast: false, waiting: 0 }),
      e('locks.taken', { odd: {} }),
      elapse('stepDelay'),
      e('wave.sent', { restMs: 200 }),
      e('wave.answered', { odd: { '2-0': 'foreign' }, isLast: true, waiting: 1 }),
      elapse('restDelay'),
      e('round.begun', { count: 0, waves: 0, stepMs: 500, waiting: 1 }),
      answer('ask', 1),
      e('foreignConsumers.seen', { present: false }),
    ],
  },
  'master-subscription.machine.ts': {
    input: { master: 'm' },
    steps: [
      answer('connect'),
      answer('configure', { outcome: 'set', before: '', after: 'Ex' }),
      answer('subscribe'),
      e('connection.down', { error }),
    ],
  },
  'ownership.machine.ts': {
    input: { id: '1-0', name: 's', retryCount: 0 },
    steps: [
      e('verified'),
      e('handed'),
      e('lease.missed'),
      e('lease.confirmed'),
      e('handler.failed'),
      e('done.requested'),
      e('acked', { lockReleased: false }),
      e('lock.released'),
    ],
  },
  'reconciler.machine.ts': {
    input: { heartbeatMs: 1000, reconcileEveryMs: 60_000, reconcileJitter: 0.1 },
    steps: [
      e('connection.up', { outageMs: null, at: 1 }),
      elapse('settleDelay'),
      answer('scan', { ...slice, cursor: '1-0' }),
      answer('sweep', { dead: ['c'], nextMs: 100 }),
      answer('requeue', { requeued: 1, deadLettered: 0, locked: 0, nextMs: 100 }),
      answer('scan', { ...slice, cursor: null }),
      fail('sweep'),
      elapse('retryDelay'),
      answer('sweep', { dead: [], nextMs: 100 }),
      elapse('sweepDelay'),
      e('hint'),
      answer('sweep', { dead: [], nextMs: 100 }),
      elapse('scanDelay'),
      e('outage.seen', { why: 'x', at: 2 }),
      e('connection.down', { why: 'x', at: 3 }),
    ],
  },
  'supervisor.machine.ts': {
    input: { keep: 5 },
    steps: [
      e('child.started', {
        spec: { id: 'a', restart: 'permanent', maxRestarts: 0, withinMs: 10, backoffMs: 1, maxBackoffMs: 9 },
      }),
      e('child.failed', { child: 'a', error, at: 1, chance: 0.5 }),
      e('child.restarted', { child: 'a' }),
      e('child.steady', { child: 'a' }),
      e('child.ended', { child: 'a', at: 200, chance: 0.5 }),
      e('child.started', {
        spec: { id: 'b', restart: 'permanent', maxRestarts: 5, withinMs: 10, backoffMs: 1, maxBackoffMs: 9 },
      }),
      e('child.distressed', { child: 'b', why: 'x' }),
      e('failure.noted', { child: 'c', error, at: 201 }),
      e('child.dismissed', { child: 'a' }),
      e('stop'),
    ],
  },
  'topology-watcher.machine.ts': {
    input: { calmMs: 2000, restlessMs: 250 },
    steps: [
      fail('ask'),
      elapse('restlessDelay'),
      answer('ask', { settled: true, problems: [], masters: ['a:1'], at: 1 }),
      e('look.requested'),
      answer('apply'),
      elapse('calmDelay'),
      answer('ask', { settled: true, problems: [], masters: ['a:1'], at: 2 }),
      e('reset.requested'),
      answer('ask', { settled: false, problems: ['x'], masters: [], at: 3 }),
    ],
  },
};

type Owner = Record<string, unknown>;
const ways: ReadonlyArray<readonly [owner: Owner, name: string]> = [
  ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'].map(
    (name) => [globalThis as unknown as Owner, name] as const,
  ),
  [performance as unknown as Owner, 'now'],
  [Math as unknown as Owner, 'random'],
  [Date as unknown as Owner, 'now'],
];
/** A live actor's scheduler notes with `Date.now` when a timer was started; it decides nothing by that. */
const waysButDate = ways.filter(([owner]) => owner !== (Date as unknown as Owner));

/** Runs `work` while every way to time and chance throws. */
function poisoned<T>(work: () => T, which = ways): T {
  const undo = which.map(([owner, name]) => {
    const original = Object.getOwnPropertyDescriptor(owner, name);
    const value = () => {
      throw new Error(`a machine called ${name}`);
    };
    Object.defineProperty(owner, name, { configurable: true, writable: true, value });
    return () => {
      if (original) Object.defineProperty(owner, name, original);
      else delete owner[name];
    };
  });
  try {
    return work();
  } finally {
    for (const restore of undo) restore();
  }
}

function tell(machine: AnyStateMachine, { input, steps }: Story) {
  const fold = new Fold(machine, input);
  return steps.map((step) => {
    if (typeof step === 'function') step(fold);
    else fold.send(step);
    return { value: fold.value, context: fold.context, timers: fold.timers, told: fold.told };
  });
}

describe('machines and the world', () => {
  it('has a story of every machine', () => {
    expect(Object.keys(stories)).to.have.members(machineFiles.map(({ file }) => file));
  });

  it('would notice', () => {
    const calls: Record<string, () => unknown> = {
      'Date.now': () => Date.now(),
      'Math.random': () => Math.random(),
      'performance.now': () => performance.now(),
      setTimeout: () => setTimeout(() => {}, 0),
    };
    for (const [name, call] of Object.entries(calls)) {
      expect(() => poisoned(call), name).to.throw('a machine called');
    }
    expect(Date.now(), 'and clean up').to.be.a('number');
  });

  for (const { file, machine } of machineFiles) {
    const story = stories[file] as Story;

    it(`${file} reads neither clock nor chance`, () => {
      poisoned(() => tell(machine, story));
    });

    it(`${file} leads from the same events to the same states`, () => {
      expect(tell(machine, story)).to.deep.equal(tell(machine, story));
    });

    it(`${file} takes all its time from the clock it is given`, () => {
      const clock = new SimulatedClock();
      poisoned(() => {
        const actor = createActor(machine, { clock, input: story.input });
        let thrown: unknown;
        actor.subscribe({
          error: (error) => {
            thrown = error;
          },
        });
        actor.start();
        for (const step of story.steps) if (typeof step === 'object') actor.send(step);
        clock.increment(100_000);
        actor.stop();
        expect(thrown).to.equal(undefined);
      }, waysButDate);
    });
  }
});
