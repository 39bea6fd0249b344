/** The four things to look at first: state, load, lease, scan. */
import type { ComponentChildren } from 'preact';
import type { Overview } from '../../protocol.js';
import { ago, duration, lagWords, number, plural } from '../model/format.js';
import { recentRate } from '../model/rates.js';
import type { RuntimeModel } from '../model/runtime-model.js';
import { type Tone, toneOf, toneOfPath } from '../model/tone.js';
import { Badge } from '../part/badge.js';
import { api } from '../state/api.js';
import { usePolled } from '../state/polled.js';
import { hrefOf } from '../state/router.js';

/** The innermost names of `present.pulse.resting+assurance.confirmed`. */
function wordsOfPaths(paths: string): string {
  return paths
    .split('+')
    .map((path) => path.slice(path.lastIndexOf('.') + 1))
    .join(' + ');
}

interface TileProps {
  readonly title: string;
  readonly tone?: Tone;
  readonly children: ComponentChildren;
}

function Tile({ title, tone, children }: TileProps) {
  return (
    <section class={`panel tile ${tone === undefined ? '' : `tone-${tone}`}`} aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

/** Of one that has ended, what it was last stands below. */
function ConsumerState({ runtime: { ended }, overview: { state, paused } }: TilesProps) {
  if (ended === null) {
    return (
      <span class="big">
        <Badge tone={toneOf(state)}>{state}</Badge> {paused && <Badge tone="warn">paused</Badge>}
      </span>
    );
  }
  return (
    <>
      <span class="big">
        <Badge tone={ended.error === null ? 'quiet' : 'bad'}>
          {ended.error === null ? 'ended' : 'failed'}
        </Badge>
      </span>
      {ended.how !== 'told' && <span>{state} when it was last heard</span>}
    </>
  );
}

function StateTile({ runtime, overview }: TilesProps) {
  const { troubles, recovery, server, deployment } = overview;
  const why = Object.entries(troubles);
  return (
    <Tile title="Consumer">
      <ConsumerState runtime={runtime} overview={overview} />
      {why.map(([child, reason]) => (
        <span key={child}>
          <b>{child}</b>: {reason}
        </span>
      ))}
      <span class="muted">
        {recovery === 'events' ? 'finds deaths by events and asking' : 'finds deaths by asking alone'}
      </span>
      <span class="muted">
        {deployment}
        {server !== null && ` · ${server.kind} ${server.version}`}
      </span>
      {server?.warnings.map((warning) => (
        <span key={warning} class="tone-warn">
          <Badge tone="warn">warning</Badge> {warning}
        </span>
      ))}
    </Tile>
  );
}

const LETTERS_EVERY_MS = 10_000;

/** Of the whole service, as Redis counts them. */
function DeadLetterCount({ runtime: { info, ended } }: Pick<TilesProps, 'runtime'>) {
  const ask = ended === null ? () => api.deadLetterCount(info.id) : null;
  const { value } = usePolled(ask, LETTERS_EVERY_MS, [info.id, ended === null]);
  if (value === null || value === 0) return null;
  return <a href={hrefOf({ view: 'dead-letters' })}>{plural(value, 'dead letter')} of the service</a>;
}

function LoadTile({
  runtime,
  overview: { owned, capacity, waiting, parked, heldBack, lag, counters },
}: TilesProps) {
  const ticks = runtime.ticks.items;
  const share = capacity === 0 ? 0 : Math.min(1, owned / capacity);
  return (
    <Tile title="Owned streams">
      <span class="big">
        {number(owned)} <small>of {number(capacity)}</small>
      </span>
      <div class="meter" aria-hidden="true">
        <i style={{ width: `${share * 100}%` }} />
      </div>
      <span class="muted">
        {number(recentRate(ticks, 'acquired'))} acquired and {number(recentRate(ticks, 'finished'))} finished
        a second
      </span>
      <span class="muted">
        {number(counters.requeued)} requeued, {number(counters.deadLettered)} dead-lettered since the start
        {counters.vanished > 0 && `, ${number(counters.vanished)} vanished`}
      </span>
      {lag !== null && (
        <span
          class={lag.behind > 0 ? undefined : 'muted'}
          title="Entries that are there and have not been dealt with, and the age of the oldest."
        >
          {lag.behind === 0
            ? 'no lag'
            : `lag ${lag.isExact ? '' : 'about '}${lagWords(lag)}, of ${plural(lag.behind, 'stream')}`}
          {lag.unknown > 0 && `, unknown of ${plural(lag.unknown, 'stream')}`}
        </span>
      )}
      {counters.entriesRead > 0 && (
        <span class="muted">
          {number(recentRate(ticks, 'entriesHandled'))} entries handled a second
          {counters.entriesPassedOver > 0 && `, ${number(counters.entriesPassedOver)} passed over`}
          {counters.entriesLost > 0 && `, ${number(counters.entriesLost)} removed unread`}
        </span>
      )}
      <DeadLetterCount runtime={runtime} />
      {waiting > 0 && <span>{plural(waiting, 'entry waits', 'entries wait')} for their stream's name</span>}
      {parked.count > 0 && (
        <span title={parked.hottest.map((hot) => `${hot.name}: ${number(hot.parked)}`).join('\n')}>
          {plural(parked.count, 'entry', 'entries')} of the service parked for names that are owned or paused,
          most for {parked.hottest[0]?.name}
        </span>
      )}
      {heldBack > 0 && (
        <span title="Streams that died with several owners. They are begun a few at a time, so that the one to blame falls alone.">
          <Badge tone="warn">held back</Badge> {plural(heldBack, 'suspect')}, begun a few at a time
        </span>
      )}
    </Tile>
  );
}

function LeaseTile({ runtime, overview: { lease } }: TilesProps) {
  const hasEnded = runtime.ended !== null;
  const left = hasEnded ? null : (runtime.ticks.items.at(-1)?.leaseLeftMs ?? null);
  const { heartbeatMs } = runtime.info;
  const share = left === null ? 0 : Math.max(0, Math.min(1, left / heartbeatMs));
  const tone: Tone = hasEnded ? 'quiet' : lease.certain ? (share < 0.2 ? 'warn' : 'good') : 'bad';
  return (
    <Tile title="Lease" tone={tone}>
      <span class="big">
        {hasEnded ? (
          <Badge tone="quiet">ended</Badge>
        ) : (
          <>
            <Badge tone={lease.certain ? 'good' : 'warn'}>{lease.certain ? 'certain' : 'uncertain'}</Badge>{' '}
            <small title={lease.state}>{left === null ? 'not held' : `${duration(left)} left`}</small>
          </>
        )}
      </span>
      <div class="meter" aria-hidden="true">
        <i style={{ width: `${share * 100}%` }} />
      </div>
      <span class="muted">
        heartbeat {duration(heartbeatMs)} · {wordsOfPaths(lease.state)}
      </span>
      <span class={lease.lapses + lease.misses > 0 ? undefined : 'muted'}>
        {plural(lease.lapses, 'lapse')}, {plural(lease.misses, 'deadline')} missed
      </span>
      {lease.lastError !== null && (
        <span>
          <Badge tone="warn">{lease.lastError.code}</Badge> {lease.lastError.message}
        </span>
      )}
    </Tile>
  );
}

function ScanTile({ runtime, overview: { reconciler } }: TilesProps) {
  const { lastScan, dead, sweeps, scans, state, lastError } = reconciler;
  return (
    <Tile title="Last scan">
      <span class="big">
        {lastScan === null ? <small>none yet</small> : ago(lastScan.at, runtime.heardAt)}
      </span>
      {lastScan !== null && (
        <span class="muted">
          {number(lastScan.pending)} pending looked at in {duration(lastScan.tookMs)},{' '}
          {number(lastScan.requeued)} requeued
        </span>
      )}
      <span class="muted">
        {plural(scans, 'scan')}, {plural(sweeps, 'sweep')} · <span title={state}>{wordsOfPaths(state)}</span>
      </span>
      {dead.length > 0 && (
        <span>
          <Badge tone={toneOfPath('failed')}>dead</Badge> {dead.join(', ')}
        </span>
      )}
      {lastError !== null && (
        <span>
          <Badge tone="warn">{lastError.code}</Badge> {lastError.message}
        </span>
      )}
    </Tile>
  );
}

interface TilesProps {
  readonly runtime: RuntimeModel;
  readonly overview: Overview;
}

export function OverviewTiles(props: TilesProps) {
  return (
    <div class="overview-top">
      <StateTile {...props} />
      <LoadTile {...props} />
      <LeaseTile {...props} />
      <ScanTile {...props} />
    </div>
  );
}
