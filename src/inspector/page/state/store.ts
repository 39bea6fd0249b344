/**
 * The one place where the page's state is. Models change in place; `changed` tells whoever shows them, a few times a second.
 *
 * Views read signals and hand what they hold down. A component below one reads either none, or also what it is handed from here: one that reads
 * signals is drawn anew only when those change, not when a model that it was handed has changed in place.
 */
import { batch, computed, effect, signal } from '@preact/signals';
import type { Json } from '../../../replay/json-safe.js';
import type { ActorRow, MachineDefinition, Overview, ServerMessage } from '../../protocol.js';
import type { Actors } from '../model/actors.js';
import type { ActorHistory } from '../model/history.js';
import { PageModel } from '../model/page-model.js';
import { type Route, VIEWS, type ViewName } from '../model/route.js';
import type { Heard, RuntimeModel } from '../model/runtime-model.js';
import { playback, position } from './player.js';
import { route } from './router.js';

export type Connection =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open' }
  /** It is tried again by itself. */
  | { readonly kind: 'lost'; readonly since: number }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'incompatible'; readonly server: number };

/** People see no faster, and 10,000 actors may change at once. */
const SHOW_EVERY_MS = 100;

export const page = new PageModel();
export const connection = signal<Connection>({ kind: 'connecting' });
export const machines = signal<ReadonlyMap<string, MachineDefinition>>(new Map());
/** Which runtime the address asks for; null: the first. */
const chosenRuntime = computed(() => route.value.params.runtime ?? null);
const changed = signal(0);

effect(() => {
  page.chosen = chosenRuntime.value;
});

let isScheduled = false;

function show(): void {
  isScheduled = false;
  batch(() => {
    changed.value += 1;
  });
}

export function receive(message: ServerMessage): void {
  page.apply(message);
  if (isScheduled) return;
  isScheduled = true;
  setTimeout(() => requestAnimationFrame(show), SHOW_EVERY_MS);
}

/** What a view shows: one runtime as it is now, or a recording as it was then. */
export interface Subject {
  readonly kind: 'live' | 'recording';
  readonly title: string;
  readonly live: RuntimeModel | null;
  readonly actors: Actors;
  readonly overview: Partial<Overview>;
  readonly messages: readonly Heard[];
  historyOf(path: string): ActorHistory | undefined;
  /** What an actor remembers; null where that is not told. */
  contextOf(path: string): Json;
  readonly now: number;
}

function liveSubject(model: RuntimeModel): Subject {
  return {
    kind: 'live',
    title: model.info.id,
    live: model,
    actors: model.actors,
    overview: model.overview,
    messages: model.messages.items,
    historyOf: (path) => model.histories.get(path),
    contextOf: (path) => model.histories.get(path)?.last?.context ?? null,
    now: model.heardAt,
  };
}

export const subject = computed<Subject | null>(() => {
  changed.value;
  const player = playback.value;
  if (player !== null) {
    position.value;
    return {
      kind: 'recording',
      title: player.header.consumer,
      live: null,
      actors: player.scene.actors,
      overview: {},
      messages: player.messagesSoFar(),
      historyOf: (path) => player.historyOf(path),
      contextOf: (path) => player.scene.contexts.get(path) ?? null,
      now: player.line?.at ?? player.header.startedAt,
    };
  }
  const model = page.choose(chosenRuntime.value);
  return model === undefined ? null : liveSubject(model);
});

/** The live runtime, also while a recording is shown. It changes in place: whoever reads it here is told of every change. */
export function liveRuntime(): RuntimeModel | null {
  changed.value;
  return page.choose(chosenRuntime.value) ?? null;
}

export const hello = computed(() => {
  changed.value;
  return page.hello;
});

/** Without a runtime only the fleet can be seen. */
export const views = computed<readonly ViewName[]>(() => (hello.value?.service ? ['fleet'] : VIEWS));

/** What the address asks for, as far as there is such a view. */
export const shown = computed<Route>(() => {
  const { view } = route.value;
  const isThere = view === 'actor' ? views.value.includes('actors') : views.value.includes(view);
  return isThere ? route.value : { ...route.value, view: views.value[0] ?? 'overview', actor: null };
});

export const runtimes = computed<readonly RuntimeModel[]>(() => {
  changed.value;
  return [...page.runtimes.values()];
});

export function definitionOf(row: Pick<ActorRow, 'machine'>): MachineDefinition | undefined {
  return row.machine === null ? undefined : machines.value.get(row.machine);
}
