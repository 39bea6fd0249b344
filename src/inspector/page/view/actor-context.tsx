/** What an actor remembers, and what the event that is looked at changed in it. */
import type { Json } from '../../../replay/json-safe.js';
import type { Patch } from '../../../replay/patch.js';
import { contextChanges } from '../model/context-changes.js';
import { exact } from '../model/format.js';
import type { Step } from '../model/history.js';
import { JsonView } from '../part/json-view.js';
import { Empty } from '../part/panel.js';

const MOST_CHARACTERS = 160;

function short(value: Json | undefined): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'number' ? exact(value) : JSON.stringify(value);
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
}

interface ChangesProps {
  readonly before: Json;
  readonly after: Json;
  readonly patch: Patch;
}

function Changes({ before, after, patch }: ChangesProps) {
  return (
    <ul class="changes" aria-label="What this event changed">
      {contextChanges(before, after, patch).map(({ path, was, is }) => (
        <li key={path}>
          {path.slice(1).replaceAll('/', '.') || 'the whole'}: <span class="was">{short(was)}</span> →{' '}
          <span class="is">{short(is)}</span>
        </li>
      ))}
    </ul>
  );
}

interface ActorContextProps {
  readonly step: Step | undefined;
  readonly steps: readonly Step[];
  readonly hasMachine: boolean;
}

export function ActorContext({ step, steps, hasMachine }: ActorContextProps) {
  if (!hasMachine) return <Empty title="It has none" />;
  if (step === undefined) return <Empty title="Not known yet" />;
  const before = steps[steps.indexOf(step) - 1]?.context ?? null;
  const hasChanged = step.patch.length > 0;
  return (
    <>
      {hasChanged && <Changes before={before} after={step.context} patch={step.patch} />}
      <JsonView value={step.context} changed={new Set(step.patch.map(([path]) => path))} />
    </>
  );
}
