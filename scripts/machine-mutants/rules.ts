/**
 * Small changes of machines, made by rule: of each place where a rule applies, one. A mutant is the machine with one change in its definition, or with one named
 * action or delay that does something else.
 */
import { type AnyStateMachine, createMachine, not } from 'xstate';

export interface MachineMutant {
  readonly machine: string;
  /** Names it within its machine: where, and what. */
  readonly name: string;
  readonly rule: string;
  make(): AnyStateMachine;
}

type Config = Record<string, unknown>;
type Path = readonly (string | number)[];

const isObject = (value: unknown): value is Config =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const listOf = (value: unknown): unknown[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

/** A copy that can be changed. Functions are the same: they are not what is changed here. */
function copy<T>(value: T): T {
  if (Array.isArray(value)) return value.map(copy) as T;
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copy(inner)])) as T;
}

function nameOf(reference: unknown): string {
  if (typeof reference === 'string') return reference;
  return isObject(reference) ? String(reference.type ?? reference.target ?? 'it') : 'it';
}

/** Where candidates of transitions stand in a state. */
interface Slot {
  readonly path: Path;
  readonly words: string;
}

function slotsOf(state: Config, at: Path): Slot[] {
  const slots: Slot[] = [];
  for (const group of ['on', 'after']) {
    for (const key of Object.keys((state[group] as Config | undefined) ?? {})) {
      slots.push({ path: [...at, group, key], words: group === 'on' ? key : `after ${key}` });
    }
  }
  if (state.always !== undefined) slots.push({ path: [...at, 'always'], words: 'always' });
  listOf(state.invoke).forEach((invoke, index) => {
    const path = Array.isArray(state.invoke) ? [...at, 'invoke', index] : [...at, 'invoke'];
    for (const key of ['onDone', 'onError']) {
      if ((invoke as Config)[key] !== undefined) {
        const words = `${String((invoke as Config).id)} ${key === 'onDone' ? 'answers' : 'fails'}`;
        slots.push({ path: [...path, key], words });
      }
    }
  });
  return slots;
}

function get(config: Config, path: Path): unknown {
  return path.reduce<unknown>((value, key) => (value as Config | undefined)?.[key], config);
}

function set(config: Config, path: Path, value: unknown): void {
  const owner = get(config, path.slice(0, -1)) as Config;
  const key = path.at(-1) as string;
  if (value === undefined) delete owner[key];
  else owner[key] = value;
}

class Mutants {
  readonly #machine: AnyStateMachine;
  readonly found: MachineMutant[] = [];

  constructor(machine: AnyStateMachine) {
    this.#machine = machine;
    const config = machine.config as unknown as Config;
    this.#state(config, [], machine.id, []);
    this.#implementations();
  }

  #add(rule: string, name: string, change: (config: Config) => void): void {
    const machine = this.#machine;
    this.found.push({
      machine: machine.id,
      name,
      rule,
      make() {
        const config = copy(machine.config) as unknown as Config;
        change(config);
        return createMachine(config as never, machine.implementations as never);
      },
    });
  }

  #state(state: Config, at: Path, words: string, siblings: readonly string[]): void {
    const children = (state.states as Config | undefined) ?? {};
    for (const kind of ['entry', 'exit']) this.#actions(state[kind], [...at, kind], `${words}: ${kind}`);
    for (const slot of slotsOf(state, at))
      this.#slot(state, slot, at, words, siblings, Object.keys(children));
    if (typeof state.initial === 'string') {
      const other = Object.keys(children).find((key) => key !== state.initial);
      if (other !== undefined)
        this.#add('retarget', `${words}: begins ${other}`, (config) =>
          set(config, [...at, 'initial'], other),
        );
    }
    if (state.invoke !== undefined)
      this.#add('drop invoke', `${words}: invokes nobody`, (config) =>
        set(config, [...at, 'invoke'], undefined),
      );
    if (state.type === 'final')
      this.#add('drop final', `${words}: is not final`, (config) => set(config, [...at, 'type'], undefined));
    for (const [key, child] of Object.entries(children)) {
      const name = at.length === 0 ? key : `${words}.${key}`;
      this.#state(child as Config, [...at, 'states', key], name, Object.keys(children));
    }
  }

  #slot(
    _state: Config,
    { path, words }: Slot,
    at: Path,
    state: string,
    siblings: readonly string[],
    children: readonly string[],
  ): void {
    const value = get(this.#machine.config as unknown as Config, path);
    const all = listOf(value);
    all.forEach((candidate, index) => {
      const place = Array.isArray(value) ? [...path, index] : path;
      const guard = isObject(candidate) ? candidate.guard : undefined;
      const where = `${state}: ${words}${guard === undefined ? '' : ` [${nameOf(guard)}]`}`;
      this.#add(
        path.includes('after') ? 'drop after' : 'drop transition',
        `${where} is ignored`,
        (config) => {
          if (Array.isArray(value)) (get(config, path) as unknown[]).splice(index, 1);
          else set(config, path, undefined);
        },
      );
      if (isObject(candidate)) {
        this.#actions(candidate.actions, [...place, 'actions'], where);
        if (guard !== undefined) {
          this.#add('drop guard', `${where} whatever the guard`, (config) =>
            set(config, [...place, 'guard'], undefined),
          );
          this.#add('negate guard', `${where} unless the guard`, (config) =>
            set(config, [...place, 'guard'], not(guard as never)),
          );
        }
      }
      this.#retarget(candidate, place, where, at, siblings, children);
    });
  }

  #retarget(
    candidate: unknown,
    place: Path,
    where: string,
    at: Path,
    siblings: readonly string[],
    children: readonly string[],
  ): void {
    const target = typeof candidate === 'string' ? candidate : (candidate as Config | undefined)?.target;
    if (typeof target !== 'string') return;
    const isInner = target.startsWith('.');
    const own = String(at.at(-1) ?? '');
    const among = (isInner ? children : siblings).filter((name) => {
      const plain = isInner ? `.${name}` : name;
      return plain !== target && !target.startsWith(`${plain}.`);
    });
    // To go elsewhere, and not nowhere, where there is a choice.
    const other = among.find((name) => name !== own) ?? among[0];
    if (other === undefined) return;
    const to = isInner ? `.${other}` : other;
    this.#add('retarget', `${where} leads to ${to}`, (config) => {
      if (typeof candidate === 'string') set(config, place, to);
      else set(config, [...place, 'target'], to);
    });
  }

  #actions(actions: unknown, path: Path, where: string): void {
    const all = listOf(actions);
    all.forEach((action, index) => {
      this.#add('drop action', `${where} without ${nameOf(action)}`, (config) =>
        set(config, path, all.toSpliced(index, 1)),
      );
      const next = all[index + 1];
      if (next === undefined || !this.#isOrderTold(action, next)) return;
      this.#add('swap actions', `${where} with ${nameOf(next)} before ${nameOf(action)}`, (config) =>
        set(config, path, all.toSpliced(index, 2, next, action)),
      );
    });
  }

  /**
   * Whether it can be told which comes first: an effect and an assignment, or two effects. Assignments of one step are to different members, and what a machine raises
   * for itself comes after all of them.
   */
  #isOrderTold(...pair: readonly unknown[]): boolean {
    const { actions } = this.#machine.implementations as unknown as {
      actions: Record<string, { type?: string }>;
    };
    const kinds = pair.map((action) => actions[nameOf(action)]?.type ?? 'effect');
    return kinds.includes('effect') && !kinds.includes('xstate.raise');
  }

  #implementations(): void {
    const machine = this.#machine;
    const { actions, delays } = machine.implementations as unknown as Record<string, Record<string, unknown>>;
    const add = (rule: string, name: string, make: () => AnyStateMachine) =>
      this.found.push({ machine: machine.id, rule, name, make });
    for (const [name, action] of Object.entries(actions ?? {})) {
      if ((action as { type?: string }).type !== 'xstate.assign') continue;
      add('drop assign', `${name} remembers nothing`, () =>
        machine.provide({ actions: { [name]: () => {} } } as never),
      );
    }
    for (const name of Object.keys(delays ?? {})) {
      add('change delay', `${name} is another`, () =>
        machine.provide({ delays: { [name]: 12_345 } } as never),
      );
    }
  }
}

/** In the order of the definition; names that come twice are numbered. */
export function mutantsOf(machine: AnyStateMachine): readonly MachineMutant[] {
  const counts = new Map<string, number>();
  return new Mutants(machine).found.map((mutant) => {
    const count = (counts.get(mutant.name) ?? 0) + 1;
    counts.set(mutant.name, count);
    return count === 1 ? mutant : { ...mutant, name: `${mutant.name} (${count})` };
  });
}
