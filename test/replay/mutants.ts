/** Machines with one thing wrong in each: what a slip of the pen, or a misunderstanding, would make of them. */
import { type AnyStateMachine, createMachine } from 'xstate';
import { presentMachines } from '../../src/replay/machines.js';
import { stateMachine } from '../../src/replay/state-machine.js';

export interface Mutant {
  readonly machine: string;
  readonly what: string;
  make(): AnyStateMachine;
}

type Config = Record<string, unknown>;

/** A copy that can be changed. Functions are the same: they are not what is changed here. */
function copy<T>(value: T): T {
  if (Array.isArray(value)) return value.map(copy) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copy(inner)])) as T;
}

function original(id: string): AnyStateMachine {
  const machine = presentMachines.get(id);
  if (machine === undefined) throw new Error(`expected a machine, got: ${id}`);
  return stateMachine(machine);
}

/** Where something is in a machine's configuration: `states.acking.on.acked.0`. */
function at(config: Config, path: string): { readonly owner: Config; readonly key: string } {
  const keys = path.split('.');
  const key = keys.pop() ?? '';
  let owner = config;
  for (const step of keys) {
    owner = owner[step] as Config;
    if (owner === undefined) throw new Error(`expected a configuration with ${path}`);
  }
  if (owner[key] === undefined) throw new Error(`expected a configuration with ${path}`);
  return { owner, key };
}

/** @param event its name may hold dots, so the path is given in two */
function changed(machine: string, what: string, path: string, change: (value: unknown) => unknown): Mutant {
  return {
    machine,
    what,
    make() {
      const { config, implementations } = original(machine);
      const mutated = copy(config) as unknown as Config;
      const { owner, key } = at(mutated, path);
      const value = change(owner[key]);
      if (value === undefined) delete owner[key];
      else owner[key] = value;
      return createMachine(mutated as never, implementations as never);
    },
  };
}

/** A transition on an event; event names have dots in them. */
function transition(
  machine: string,
  what: string,
  state: string,
  event: string,
  change: (value: unknown) => unknown,
) {
  return changed(machine, what, `${state === '' ? '' : `${state}.`}on`, (on) => ({
    ...(on as Config),
    [event]: change((on as Config)[event]),
  }));
}

type Guard = (args: { context: unknown; event: unknown }, params: unknown) => boolean;

function inverted(machine: string, guard: string): Mutant {
  return {
    machine,
    what: `guard ${guard} inverted`,
    make() {
      const { guards } = original(machine).implementations;
      const before = (guards as Readonly<Record<string, Guard>>)[guard];
      if (typeof before !== 'function') throw new Error(`expected a guard that is a function, got: ${guard}`);
      const after: Guard = (args, params) => !before(args, params);
      return original(machine).provide({ guards: { [guard]: after } });
    },
  };
}

/** An action that does nothing; its name is still there. */
function emptied(machine: string, action: string): Mutant {
  return {
    machine,
    what: `action ${action} forgets what it is to remember`,
    make: () => original(machine).provide({ actions: { [action]: () => {} } }),
  };
}

function delayed(machine: string, delay: string): Mutant {
  return {
    machine,
    what: `delay ${delay} is another`,
    make: () => original(machine).provide({ delays: { [delay]: 12_345 } }),
  };
}

const without = () => undefined;
const to = (target: string) => () => target;

export const MUTANTS: readonly Mutant[] = [
  inverted('ownership', 'isLockReleased'),
  transition('ownership', 'verified leads to extending', 'states.acquiring', 'verified', to('extending')),
  transition('ownership', 'lease.missed is ignored', 'states.extending', 'lease.missed', without),
  transition('ownership', 'lease.missed tells nobody', 'states.extending', 'lease.missed', to('uncertain')),
  transition('ownership', 'lost is told before its reason is known', 'states.uncertain', 'lost', () => ({
    target: 'lost',
    actions: ['disown', 'recordReason'],
  })),
  transition('ownership', 'lost tells nobody', 'states.uncertain', 'lost', () => ({
    target: 'lost',
    actions: 'recordReason',
  })),
  transition('ownership', 'lease.confirmed leads to acquired', 'states.uncertain', 'lease.confirmed', () => ({
    target: 'acquired',
    actions: 'tellConfirmed',
  })),
  transition('ownership', 'a failed handler is forgotten', 'states.extending', 'handler.failed', without),
  transition('ownership', 'ack.refused is ignored', 'states.acking', 'ack.refused', without),
  inverted('ownership', 'wasUncertain'),
  transition('ownership', 'requeued leads to released', 'states.givingBack', 'requeued', to('released')),
  emptied('ownership', 'recordReason'),
  changed('ownership', 'handedOver is not final', 'states.handedOver', () => ({})),

  changed(
    'leaseKeeper',
    'reports under another name',
    'states.lease.states.raising.states.asking.invoke.onError.actions.1',
    (action) => ({ ...(action as Config), type: 'complain' }),
  ),
  changed(
    'leaseKeeper',
    'says that it did something else',
    'states.lease.states.raising.states.asking.invoke.onError.actions.1',
    (action) => ({
      ...(action as Config),
      params: ({ event }: { event: { error: unknown } }) => ({ error: event.error, doing: 'refresh' }),
    }),
  ),
  inverted('leaseKeeper', 'isLapsed'),
  inverted('leaseKeeper', 'isStanding'),
  emptied('leaseKeeper', 'recordBeat'),
  emptied('leaseKeeper', 'recordAsked'),
  inverted('leaseKeeper', 'isLate'),
  inverted('leaseKeeper', 'isDoubted'),
  inverted('leaseKeeper', 'isStillStanding'),
  changed(
    'leaseKeeper',
    'asks for another generation',
    'states.lease.states.raising.states.asking.invoke.input',
    () => () => ({
      generation: 1_000,
    }),
  ),
  delayed('leaseKeeper', 'pulseInterval'),
  transition('leaseKeeper', 'deadline.passed is ignored', 'states.certainty', 'deadline.passed', without),
  transition('leaseKeeper', 'connection.down is ignored', 'states.lease', 'connection.down', without),
  changed(
    'leaseKeeper',
    'confirmed at once',
    'states.lease.states.present.states.assurance.initial',
    to('confirmed'),
  ),
  changed(
    'leaseKeeper',
    'tellConfirmed is dropped',
    'states.lease.states.present.states.assurance.states.verifying.invoke.onDone.1.actions.3',
    without,
  ),

  emptied('leaseDeadline', 'recordMiss'),
  emptied('leaseDeadline', 'recordProof'),
  delayed('leaseDeadline', 'untilDeadline'),
  transition('leaseDeadline', 'a proof is ignored', '', 'lease.proven', without),
  changed('leaseDeadline', 'tells nobody', 'states.certain.after.untilDeadline.actions.1', without),

  inverted('reconciler', 'hasDead'),
  inverted('reconciler', 'hasMore'),
  inverted('reconciler', 'isScanDue'),
  emptied('reconciler', 'beginSweep'),
  emptied('reconciler', 'recordRequeue'),
  delayed('reconciler', 'settleDelay'),
  changed('reconciler', 'nothing settles', 'states.work.states.settling.always', to('sweeping')),
  inverted('reconciler', 'isOutage'),

  inverted('supervisor', 'isKnown'),
  inverted('supervisor', 'isEscalated'),
  emptied('supervisor', 'addChild'),
  emptied('supervisor', 'recordRestart'),
  transition('supervisor', 'a verdict is not carried out', 'states.supervising', 'child.failed', () => ({
    guard: 'isKnown',
    actions: ['judge'],
  })),
  transition('supervisor', 'carries out the verdict before', 'states.supervising', 'child.failed', () => ({
    guard: 'isKnown',
    actions: ['carryOut', 'judge'],
  })),
  transition('supervisor', 'stop is ignored', 'states.supervising', 'stop', without),

  inverted('consumer', 'hasFailed'),
  inverted('consumer', 'isInTrouble'),
  emptied('consumer', 'recordMode'),
  changed('consumer', 'drain is dropped', 'states.draining.entry', without),
  transition('consumer', 'reads before it is verified', 'states.starting', 'start.prepared', to('running')),

  inverted('topologyWatcher', 'isToBeApplied'),
  inverted('topologyWatcher', 'isSettled'),
  emptied('topologyWatcher', 'recordReport'),
  emptied('topologyWatcher', 'recordApplied'),
  emptied('topologyWatcher', 'recordWish'),
  delayed('topologyWatcher', 'restlessDelay'),
  transition('topologyWatcher', 'look.requested is ignored', 'states.settled', 'look.requested', without),
  changed('topologyWatcher', 'applies to nobody', 'states.applying.invoke.input', () => () => ({
    masters: [],
    anew: false,
  })),

  emptied('masterSubscription', 'recordSetup'),
  emptied('masterSubscription', 'recordLost'),
  changed('masterSubscription', 'tellLive is dropped', 'states.live.entry', without),
  changed(
    'masterSubscription',
    'subscribes without setting up',
    'states.connecting.invoke.onDone',
    to('subscribing'),
  ),
];
