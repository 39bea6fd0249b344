/** One actor: its statechart, what it remembers, what happened to it, and who stands around it. */
import { useEffect, useState } from 'preact/hooks';
import type { ActorRow } from '../../protocol.js';
import { clockTime, dateTime, duration, number } from '../model/format.js';
import type { ActorHistory, Step } from '../model/history.js';
import { nameOf } from '../model/lineage.js';
import { StateBadge } from '../part/badge.js';
import { Empty, Panel } from '../part/panel.js';
import { Statechart } from '../part/statechart.js';
import { stepActor } from '../state/player.js';
import { actorHash } from '../state/router.js';
import { definitionOf, page, type Subject, subject } from '../state/store.js';
import { watch } from '../state/watching.js';
import { ActorContext } from './actor-context.js';
import { ActorSteps } from './actor-steps.js';
import { Nothing } from './nothing.js';

const MOST_CHILDREN = 24;

/** The server tells everything of an actor for as long as this is shown. */
function useWatched(runtime: string | undefined, actor: string): void {
  useEffect(() => {
    if (runtime === undefined) return undefined;
    watch(page, [{ runtime, actor }]);
    return () => watch(page, []);
  }, [runtime, actor]);
}

function Lineage({ of: { actors }, row }: { readonly of: Subject; readonly row: ActorRow }) {
  const children = actors.childrenOf(row.path);
  if (row.parent === null && children.length === 0) return null;
  return (
    <div class="chips">
      {row.parent !== null && (
        <a class="chip" href={actorHash(row.parent)}>
          ↑ {row.parent}
        </a>
      )}
      {children.slice(0, MOST_CHILDREN).map(({ path, label }) => (
        <a class="chip" key={path} href={actorHash(path)}>
          ↓ {label ?? nameOf(path)}
        </a>
      ))}
      {children.length > MOST_CHILDREN && (
        <a class="chip" href="#/actors">
          and {number(children.length - MOST_CHILDREN)} more
        </a>
      )}
    </div>
  );
}

interface FactsProps {
  readonly row: ActorRow;
  readonly now: number;
  readonly isLiving: boolean;
}

function Facts({ row, now, isLiving }: FactsProps) {
  const until = isLiving ? now : (row.last?.at ?? now);
  const facts = [
    row.since === null ? null : `${isLiving ? 'lives' : 'lived'} for ${duration(until - row.since)}`,
    row.restarts === null ? null : `restarted ${number(row.restarts)} ×`,
    row.last === null ? null : `last told ${clockTime(row.last.at)}`,
  ].filter((fact) => fact !== null);
  return (
    <span class="muted" title={row.since === null ? undefined : dateTime(row.since)}>
      {facts.join(' · ')}
    </span>
  );
}

interface BodyProps {
  readonly row: ActorRow;
  readonly history: ActorHistory | undefined;
}

function Body({ row, history }: BodyProps) {
  const [chosen, setChosen] = useState<number | null>(null);
  const steps = history?.steps ?? [];
  const latest = steps.at(-1);
  const step: Step | undefined =
    (chosen === null ? undefined : steps.find(({ seq }) => seq === chosen)) ?? latest;
  const isPast = step !== undefined && step !== latest;
  const machine = definitionOf(row);
  // The row may be newer than the last line about it; what is chosen is older than both.
  const state = isPast ? step.state : row.state;
  return (
    <div class="actor-panels">
      <Panel
        class="actor-chart"
        title={machine === undefined ? 'No statechart' : `Statechart of ${machine.id}`}
        aside={
          isPast ? (
            <span class="push">
              as of {clockTime(step.at)}{' '}
              <button type="button" class="button is-small" onClick={() => setChosen(null)}>
                Back to now
              </button>
            </span>
          ) : undefined
        }
      >
        {machine === undefined ? (
          <Empty
            title={row.machine === null ? 'This child is no machine' : `No machine ${row.machine} is known`}
          >
            {row.machine === null
              ? 'It is a loop or a timer, or none at the moment. Its state is that of its supervision.'
              : 'The inspector has no definition of that name to draw.'}
          </Empty>
        ) : (
          <Statechart machine={machine} state={state} step={step} />
        )}
      </Panel>
      <Panel title="Context" class="actor-context">
        <ActorContext step={step} steps={steps} hasMachine={row.machine !== null} />
      </Panel>
      <ActorSteps
        steps={steps}
        hasMachine={row.machine !== null}
        chosen={isPast ? step.seq : null}
        onChoose={setChosen}
      />
    </div>
  );
}

function Title({ row }: { readonly row: ActorRow }) {
  const name = nameOf(row.path);
  return (
    <h1>
      {row.label !== null && !name.endsWith(row.label) ? (
        <>
          {row.label} <span class="muted mono">{row.path}</span>
        </>
      ) : (
        row.path
      )}
    </h1>
  );
}

export function Actor({ path }: { readonly path: string }) {
  const of = subject.value;
  useWatched(of?.live?.info.id, path);
  if (of === null) {
    return (
      <main class="view">
        <Nothing />
      </main>
    );
  }
  const row = of.actors.find(path);
  const isLiving = of.actors.get(path) !== undefined;
  if (row === undefined) {
    return (
      <main class="view">
        <div class="view-head">
          <h1>{path}</h1>
        </div>
        {of.live?.isReady === false ? (
          <Empty title="Still being told who lives…" />
        ) : (
          <Empty title="No such actor">
            It ended before this page opened, or never was. <a href="#/actors">Show all actors</a>
          </Empty>
        )}
      </main>
    );
  }
  return (
    <main class="view">
      <div class="view-head">
        <a href="#/actors">Actors</a>
        <span class="muted">/</span>
        <Title row={row} />
        <StateBadge state={row.state} status={row.status} />
        {!isLiving && <span class="muted">ended</span>}
        <Facts row={row} now={of.now} isLiving={isLiving} />
        {of.kind === 'recording' && (
          <span class="push">
            <button type="button" class="button is-small" onClick={() => stepActor(path, -1)}>
              ← its previous event
            </button>{' '}
            <button type="button" class="button is-small" onClick={() => stepActor(path, 1)}>
              its next event →
            </button>
          </span>
        )}
      </div>
      <Lineage of={of} row={row} />
      <Body row={row} history={of.historyOf(path)} />
    </main>
  );
}
