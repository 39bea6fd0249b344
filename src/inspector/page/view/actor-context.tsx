/** What an actor remembers, and what the event that is looked at changed in it. */
import type { Step } from '../model/history.js';
import { ContextChanges } from '../part/context-changes.js';
import { JsonView } from '../part/json-view.js';
import { Empty } from '../part/panel.js';

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
      {hasChanged && <ContextChanges before={before} after={step.context} patch={step.patch} />}
      <JsonView value={step.context} changed={new Set(step.patch.map(([path]) => path))} />
    </>
  );
}
