/** What a replay found, for people. */
import type { Json } from './json-safe.js';
import type { ContextDifference, Divergence, DivergenceReason, ReplayReport, Standing } from './report.js';
import { wordsOfState } from './state-path.js';

const REASONS: Readonly<Record<DivergenceReason, string>> = {
  state: 'it came into another state',
  context: 'it remembers something else',
  effects: 'it asks for something else to be done',
  threw: 'the machine throws',
  unknownState: 'the machine has no such state any more',
  unknownMachine: 'there is no such machine any more',
  inconsistent: 'the recording contradicts itself',
};

function short(value: Json | undefined): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

function wordsOf({ state, status }: Standing): string {
  return status === 'active' ? wordsOfState(state) : `${wordsOfState(state)} (${status})`;
}

function list(effects: readonly string[]): string {
  return effects.join(', ') || 'nothing';
}

function contextLine({ path, recorded, replayed }: ContextDifference): string {
  return `  context   ${path === '' ? 'the whole' : path}: recorded ${short(recorded)}, replayed ${short(replayed)}`;
}

function definitionLine({ machine, definitionChanged }: Divergence): string {
  if (definitionChanged === null) return `  the recording does not say how ${machine} was defined`;
  return definitionChanged
    ? `  the definition of ${machine} has changed since this was recorded`
    : `  the definition of ${machine} is the same as when this was recorded: an action, a guard or the recording has changed`;
}

/** Some lines about one divergence. */
export function linesOfDivergence(divergence: Divergence): string[] {
  const { actor, reason, step, seq, event, from, recorded, replayed, context, effects, detail } = divergence;
  const when = step === 0 ? 'as it begins' : `at its event ${step}`;
  return [
    `${actor} diverges ${when} (seq ${seq}): ${REASONS[reason]}`,
    ...(detail === null ? [] : [`  because   ${detail}`]),
    ...(event === null ? [] : [`  event     ${short(event)}`]),
    ...(from === null ? [] : [`  from      ${wordsOfState(from)}`]),
    `  recorded  ${wordsOf(recorded)}`,
    ...(replayed === null ? [] : [`  replayed  ${wordsOf(replayed)}`]),
    ...context.map(contextLine),
    ...(effects === null
      ? []
      : [`  to do     recorded ${list(effects.recorded)}; replayed ${list(effects.replayed)}`]),
    definitionLine(divergence),
  ];
}

export function wordsOfDivergence(divergence: Divergence): string {
  return linesOfDivergence(divergence).join('\n');
}

/** Everything that diverges, or that nothing does. */
export function wordsOfReport({
  agrees,
  events,
  actorCount,
  diverged,
  missing,
  actors,
}: ReplayReport): string {
  if (agrees) return `${events} events of ${actorCount} actors lead where they were recorded to lead`;
  const found = actors.flatMap(({ divergence }) =>
    divergence === null ? [] : [wordsOfDivergence(divergence)],
  );
  const more = diverged > found.length ? [`and ${diverged - found.length} more`] : [];
  const gaps = missing > 0 ? [`${missing} lines have been taken out of the recording`] : [];
  return [`${diverged} of ${actorCount} actors diverge`, ...gaps, ...found, ...more].join('\n');
}
