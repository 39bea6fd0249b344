/** One actor: its statechart, what it remembers, what happened to it, and who stands around it. */
import { useEffect } from 'preact/hooks';
import type { ActorRow } from '../../protocol.js';
import { clockTime, dateTime, duration, number, plural } from '../model/format.js';
import type { ActorHistory, Step } from '../model/history.js';
import { nameOf } from '../model/lineage.js';
import { StateBadge } from '../part/badge.js';
import { Empty, Panel } from '../part/panel.js';
import { stepActor } from '../state/player.js';
import { actorHash, hrefOf, route, setParams } from '../state/router.js';
import { definitionOf, hello, page, type Subject, subject } from '../state/store.js';
import { useToldBranches } from '../state/told-branches.js';
import { watch } from '../state/watching.js';
import { ActorChart } from './actor-chart.js';
import { ActorContext } from './actor-context.js';
import { ActorSteps } from './actor-steps.js';
import { Nothing } from './nothing.js';
import { StreamActions } from './stream-actions.js';
import { StreamActivity } from './stream-activity.js';
import { TrialPanel, useTrials } from './trial.js';

/** Streams come by the thousand: so many are named. */
const MOST_STREAMS = 6;

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
  const streams = children.filter(({ machine }) => machine === 'ownership');
  const named = children.filter((child) => streams.length <= MOST_STREAMS || child.machine !== 'ownership');
  return (
    <nav class="chips" aria-label="Parent and children">
      {row.parent !== null && (
        <a class="chip" href={actorHash(row.parent)}>
          ↑ {row.parent}
        </a>
      )}
      {named.map(({ path, label }) => (
        <a class="chip" key={path} href={actorHash(path)}>
          ↓ {label ?? nameOf(path)}
        </a>
      ))}
      {streams.length > MOST_STREAMS && (
        <a class="chip" href={hrefOf({ view: 'actors', params: { machine: 'ownership' } })}>
          ↓ {plural(streams.length, 'stream')}
        </a>
      )}
    </nav>
  );
}

interface FactsProps {
  readonly row: ActorRow;
  readonly now: number;
  readonly isLiving: boolean;
}

function Facts({ row, now, isLiving }: FactsProps) {
  const until = isLiving ? now : (row.ended?.at ?? row.last?.at ?? now);
  const facts = [
    row.since === null ? null : `${isLiving ? 'lives' : 'lived'} for ${duration(until - row.since)}`,
    row.lock === null ? null : `lock ${row.lock}`,
    row.restarts === null ? null : `restarted ${number(row.restarts)} ×`,
    row.last === null ? null : `last told ${clockTime(row.last.at)}`,
    row.ended === null ? null : `ended ${clockTime(row.ended.at)}`,
    row.ended?.reason ?? null,
  ].filter((fact) => fact !== null);
  return (
    <span class="muted" title={row.since === null ? undefined : dateTime(row.since)}>
      {facts.join(' · ')}
    </span>
  );
}

/** What can be done with the stream of an ownership; of one that has ended with whatever has its name now. */
function OwnedStream({ row, runtime }: { readonly row: ActorRow; readonly runtime: string }) {
  const { machine, label, path, ended, status } = row;
  if (machine !== 'ownership' || label === null) return null;
  const id = path.slice(path.lastIndexOf('/') + 1);
  const isHere = ended === null && status === 'active';
  const held = isHere ? { id, holder: runtime, isHere, isAlive: true } : null;
  return <StreamActions runtime={runtime} name={label} held={held} isPaused={null} />;
}

interface BodyProps {
  readonly row: ActorRow;
  readonly history: ActorHistory | undefined;
  /** Events can be tried in it. */
  readonly isRecording: boolean;
  /** Seq of the step that is looked at; null: the latest. */
  readonly chosen: number | null;
}

function choose(seq: number | null): void {
  setParams({ seq: seq === null ? '' : String(seq) });
}

function Body({ row, history, isRecording, chosen }: BodyProps) {
  const steps = history?.steps ?? [];
  const latest = steps.at(-1);
  const step: Step | undefined =
    (chosen === null ? undefined : steps.find(({ seq }) => seq === chosen)) ?? latest;
  const isPast = step !== undefined && step !== latest;
  const machine = definitionOf(row);
  const trials = useTrials(row.path, step);
  const before = step === undefined ? undefined : steps[steps.indexOf(step) - 1];
  const told = useToldBranches(machine, step, before);
  return (
    <div class="actor-panels">
      <ActorChart
        row={row}
        machine={machine}
        step={step}
        isPast={isPast}
        trials={trials}
        told={told}
        onNow={() => choose(null)}
      />
      <Panel title="Context" class="actor-context">
        <ActorContext step={step} steps={steps} hasMachine={row.machine !== null} />
      </Panel>
      {isRecording && machine !== undefined && step?.status === 'active' && (
        <TrialPanel machine={machine} actor={row.path} step={step} trials={trials} />
      )}
      <ActorSteps
        steps={steps}
        hasMachine={row.machine !== null}
        chosen={isPast ? step.seq : null}
        onChoose={choose}
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
  const { seq } = route.value.params;
  useWatched(of?.live?.ended === null ? of.live.info.id : undefined, path);
  if (of === null) {
    return (
      <main class="view">
        <Nothing />
      </main>
    );
  }
  const row = of.actors.find(path);
  const isLiving = of.actors.get(path) !== undefined && (of.live === null || of.live.ended === null);
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
            {of.kind === 'live'
              ? 'It ended long before this page opened, or never was. '
              : 'Nothing is told of it up to this line of the recording. '}
            <a href={hrefOf({ view: 'actors' })}>Show all actors</a>
          </Empty>
        )}
      </main>
    );
  }
  return (
    <main class="view">
      <div class="view-head">
        <a href={hrefOf({ view: 'actors' })}>Actors</a>
        <span class="muted">/</span>
        <Title row={row} />
        <StateBadge state={row.state} status={row.status} />
        {!isLiving && <span class="muted">ended</span>}
        <Facts row={row} now={of.now} isLiving={isLiving} />
        <span class="push group">
          {of.kind === 'recording' && (
            <>
              <button type="button" class="button is-small" onClick={() => stepActor(path, -1)}>
                ← its previous event
              </button>
              <button type="button" class="button is-small" onClick={() => stepActor(path, 1)}>
                its next event →
              </button>
            </>
          )}
          <a class="button is-small" href={hrefOf({ view: 'sequence', params: { actor: path } })}>
            Its sequence
          </a>
        </span>
      </div>
      <Lineage of={of} row={row} />
      {of.live !== null && of.live.ended === null && hello.value?.actions === true && (
        <OwnedStream key={path} row={row} runtime={of.live.info.id} />
      )}
      {of.live !== null && row.machine === 'ownership' && (
        <StreamActivity key={path} runtime={of.live} row={row} isLiving={isLiving} />
      )}
      <Body
        row={row}
        history={of.historyOf(path)}
        isRecording={of.kind === 'recording'}
        chosen={seq === undefined ? null : Number(seq)}
      />
    </main>
  );
}
