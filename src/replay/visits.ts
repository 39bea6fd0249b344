/** Which states actors go through when a recording is lived through again. What the assertions for tests rest on, whatever the test runner. */
import { distance } from 'fastest-levenshtein';
import { messageOf, StreamwardenError } from '../core/errors.js';
import { Fold } from './fold.js';
import { type ActorLine, isActorLine, type StateValue } from './format.js';
import { type Machines, presentMachines } from './machines.js';
import { stateMachine } from './state-machine.js';
import type { Recording } from './recording.js';
import { isIn, statesOf, wordsOfState } from './state-path.js';

/** Which actors are meant. */
export interface Where {
  /** Path of the actor, such as `consumer/leaseKeeper`. @defaultValue any */
  readonly actor?: string;
  /** Id of its machine, such as `ownership`. @defaultValue any */
  readonly machine?: string;
}

export interface Visit {
  readonly seq: number;
  /** Type of the event that led there; null: it began there. */
  readonly event: string | null;
  readonly state: StateValue;
}

/** One life of one actor: the states it was in, one after the other, each once while it stays. */
export interface Journey {
  readonly actor: string;
  readonly machine: string;
  readonly visits: readonly Visit[];
}

/** What an assertion found. */
export interface Finding {
  readonly holds: boolean;
  /** Why it does, or does not: a sentence. */
  readonly because: string;
}

interface Traveller {
  readonly actor: string;
  readonly machine: string;
  readonly visits: Visit[];
  readonly fold: Fold;
}

function begin(line: Exclude<ActorLine, { kind: 'event' }>, machines: Machines): Fold {
  const machine = machines.get(line.machine);
  if (machine === undefined) {
    const known = [...machines.keys()].join(', ');
    throw new StreamwardenError('InvalidState', `expected ${line.machine} to be one of ${known}`);
  }
  return line.kind === 'spawn'
    ? Fold.spawn(stateMachine(machine), line.input)
    : Fold.join(stateMachine(machine), line.state, line.context);
}

function visit({ visits, fold }: Traveller, seq: number, event: string | null): void {
  const { state } = fold;
  const last = visits.at(-1);
  if (last === undefined || wordsOfState(last.state) !== wordsOfState(state))
    visits.push({ seq, event, state });
}

function isMeant(line: ActorLine, where: Where): boolean {
  return (
    (where.actor === undefined || line.actor === where.actor) &&
    (where.machine === undefined || line.machine === where.machine)
  );
}

/**
 * The ways that the present machines take with the recorded events. (Where they diverge from what was recorded, `replay()` says so.)
 *
 * @throws StreamwardenError `InvalidState` for a machine that does not exist
 */
export function journeysOf(recording: Recording, where: Where = {}, machines = presentMachines): Journey[] {
  const journeys: Journey[] = [];
  const living = new Map<string, Traveller>();
  for (const line of recording.lines) {
    if (!isActorLine(line) || !isMeant(line, where)) continue;
    const { actor, machine, seq } = line;
    let traveller = living.get(actor);
    if (line.kind !== 'event') {
      traveller = {
        actor,
        machine,
        visits: line.kind === 'join' ? (traveller?.visits ?? []) : [],
        fold: begin(line, machines),
      };
      if (living.get(actor)?.visits !== traveller.visits) journeys.push(traveller);
      living.set(actor, traveller);
      visit(traveller, seq, null);
    } else if (traveller !== undefined && line.threw === undefined) {
      try {
        traveller.fold.deliver(line.event);
      } catch (error) {
        throw new StreamwardenError('InvalidState', `${machine} threw at seq ${seq}: ${messageOf(error)}`, {
          cause: error,
        });
      }
      visit(traveller, seq, line.event.type);
    }
  }
  return journeys.map(({ actor, machine, visits }) => ({ actor, machine, visits }));
}

/** A state, or an actor, that does not exist is never reached: without this, a slip of the pen would make a test that always passes. */
function checkState(state: string, journeys: readonly Journey[], where: Where, machines: Machines): void {
  if (journeys.length === 0) {
    throw new StreamwardenError(
      'InvalidState',
      `expected the recording to tell of ${whom(where)}, got: no line about one`,
    );
  }
  const ids = new Set(journeys.map(({ machine }) => machine));
  const known = [...ids].flatMap((id) => {
    const machine = machines.get(id);
    return machine === undefined ? [] : statesOf(stateMachine(machine));
  });
  if (known.includes(state)) return;
  const [nearest] = [...known].sort((a, b) => distance(a, state) - distance(b, state));
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`;
  throw new StreamwardenError(
    'InvalidState',
    `expected ${state} to be a state of ${[...ids].sort().join(', ')}${hint}`,
  );
}

function wayOf({ visits }: Journey): string {
  return visits.map(({ state }) => wordsOfState(state)).join(' → ');
}

function whom({ actor, machine }: Where): string {
  return actor ?? (machine === undefined ? 'an actor' : `an actor of ${machine}`);
}

/** At most so many ways are told in a finding. */
const MOST_WAYS = 3;

function waysOf(journeys: readonly Journey[]): string {
  const told = journeys.slice(0, MOST_WAYS).map((journey) => `${journey.actor}: ${wayOf(journey)}`);
  const more = journeys.length > MOST_WAYS ? `; and ${journeys.length - MOST_WAYS} more` : '';
  return told.join('; ') + more;
}

/**
 * Whether an actor comes into a state.
 *
 * @param state `lost`, or a path such as `lease.present`
 * @throws StreamwardenError `InvalidState` when nobody is meant, or no machine meant has such a state
 */
export function reaches(
  recording: Recording,
  state: string,
  where: Where = {},
  machines = presentMachines,
): Finding {
  const journeys = journeysOf(recording, where, machines);
  checkState(state, journeys, where, machines);
  for (const { actor, visits } of journeys) {
    const found = visits.find((one) => isIn(one.state, state));
    if (found === undefined) continue;
    const by = found.event === null ? 'began' : `came by ${found.event}`;
    return { holds: true, because: `${actor} ${by} into ${wordsOfState(found.state)} at seq ${found.seq}` };
  }
  return { holds: false, because: `${whom(where)} never came into ${state}; ${waysOf(journeys)}` };
}

/** Whether one actor comes into these states in this order, with others in between or not. */
export function visitsInOrder(
  recording: Recording,
  states: readonly string[],
  where: Where = {},
  machines = presentMachines,
): Finding {
  const journeys = journeysOf(recording, where, machines);
  for (const state of states) checkState(state, journeys, where, machines);
  for (const { actor, visits } of journeys) {
    let met = 0;
    for (const { state } of visits) if (met < states.length && isIn(state, states[met] as string)) met += 1;
    if (met === states.length) return { holds: true, because: `${actor} went ${states.join(' → ')}` };
  }
  return { holds: false, because: `${whom(where)} never went ${states.join(' → ')}; ${waysOf(journeys)}` };
}
