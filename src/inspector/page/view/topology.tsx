/** The servers behind it: who is master of what, who is listened to, and whether keyspace events could be set up. */
import { Fragment } from 'preact';
import type { Overview } from '../../protocol.js';
import { ago, clockTime, duration, number, plural } from '../model/format.js';
import { type MasterView, mastersOf, type SubscriptionView, subscriptionsOf } from '../model/masters.js';
import { newsFilterOf } from '../model/news-filter.js';
import { isAboutTopology } from '../model/news-words.js';
import { toneOfPath } from '../model/tone.js';
import { Badge } from '../part/badge.js';
import { Empty, Panel } from '../part/panel.js';
import { actorHash, route } from '../state/router.js';
import { type Subject, subject } from '../state/store.js';
import { Nothing } from './nothing.js';
import { NewsPanel } from './news-panel.js';

const SLOTS = 16_384;

function SlotBar({ slots }: { readonly slots: MasterView['slots'] }) {
  return (
    <div class="slot-bar" aria-hidden="true">
      {slots.map(([from, to]) => (
        <i
          key={from}
          style={{ left: `${(from / SLOTS) * 100}%`, width: `${((to - from + 1) / SLOTS) * 100}%` }}
        />
      ))}
    </div>
  );
}

function slotWords(slots: MasterView['slots']): string {
  const count = slots.reduce((sum, [from, to]) => sum + to - from + 1, 0);
  if (count === 0) return 'no slots';
  return `${plural(count, 'slot')}: ${slots.map(([from, to]) => (from === to ? from : `${from}–${to}`)).join(', ')}`;
}

function Setup({ setup }: { readonly setup: SubscriptionView['setup'] }) {
  if (setup === null) return <span class="muted">not yet</span>;
  const { outcome, before, after } = setup;
  const isFine = outcome !== 'forbidden';
  return (
    <>
      <Badge tone={isFine ? 'good' : 'warn'}>{outcome}</Badge>{' '}
      <code>
        {before === null ? '?' : before === '' ? '(empty)' : before}
        {before !== after && ` → ${after === null ? '?' : after === '' ? '(empty)' : after}`}
      </code>
    </>
  );
}

function SubscriptionCells({ subscription }: { readonly subscription: SubscriptionView | undefined }) {
  if (subscription === undefined) {
    return (
      <>
        <td class="muted">not listened to</td>
        <td />
        <td />
      </>
    );
  }
  const { master, state, setup, error, attempts, events } = subscription;
  return (
    <>
      <td class="nowrap">
        <a href={actorHash(`consumer/masterSubscription/${master}`)}>
          <Badge tone={toneOfPath(state)}>{state}</Badge>
        </a>{' '}
        {attempts > 1 && <span class="muted">started {number(attempts)} ×</span>}
        {events !== null && <div class="muted">{plural(events, 'event')} heard</div>}
      </td>
      <td class="nowrap">
        <Setup setup={setup} />
      </td>
      <td class="wrap rest">
        {error !== null && (
          <>
            <Badge tone="bad">{error.code}</Badge> {error.message}{' '}
            <span class="muted">(during {error.during})</span>
          </>
        )}
      </td>
    </>
  );
}

function MasterRow({ master }: { readonly master: MasterView }) {
  const { address, failed, silent, slots, replicas, subscription } = master;
  return (
    <tr>
      <td>
        <b class="mono">{address}</b>
        {failed && <Badge tone="bad">failed</Badge>}{' '}
        {silent !== null && <Badge tone="warn">{`silent: ${silent}`}</Badge>}
        {replicas.map((replica) => (
          <div key={replica.id} class="muted mono nowrap">
            ↳ {replica.address} {replica.failed ? '(failed)' : replica.silent !== null ? '(silent)' : ''}
          </div>
        ))}
      </td>
      {slots.length > 0 && (
        <td class="slots-cell">
          <span class="muted">{slotWords(slots)}</span>
          <SlotBar slots={slots} />
        </td>
      )}
      <SubscriptionCells subscription={subscription} />
    </tr>
  );
}

function Masters({ of }: { readonly of: Subject }) {
  const masters = mastersOf(of.overview.topology ?? null, subscriptionsOf(of));
  if (masters.length === 0) {
    return <Empty title="No master is known yet" />;
  }
  const hasSlots = masters.some(({ slots }) => slots.length > 0);
  return (
    <table>
      <thead>
        <tr>
          <th>Master and replicas</th>
          {hasSlots && <th>Slots</th>}
          <th>Subscription</th>
          <th>notify-keyspace-events</th>
          <th>Error</th>
        </tr>
      </thead>
      <tbody>
        {masters.map((master) => (
          <MasterRow key={master.address} master={master} />
        ))}
      </tbody>
    </table>
  );
}

function Cluster({
  topology,
  now,
}: {
  readonly topology: NonNullable<Overview['topology']>;
  readonly now: number;
}) {
  const { state, problems, askedAt, rounds, changes } = topology;
  return (
    <Panel title="Cluster" aside={<Badge tone={toneOfPath(state)}>{state}</Badge>}>
      <span class="muted">
        {askedAt === null ? 'not asked yet' : `asked ${ago(askedAt, now)}`} · {plural(rounds, 'round')} ·{' '}
        {plural(changes, 'change')} of masters
      </span>
      {problems.map((problem) => (
        <p key={problem}>
          <Badge tone="warn">problem</Badge> {problem}
        </p>
      ))}
    </Panel>
  );
}

function Server({ overview }: { readonly overview: Partial<Overview> }) {
  const { server, deployment, recovery } = overview;
  if (server === undefined || server === null) return null;
  return (
    <Panel title={deployment === 'sentinel' ? 'Server, found by Sentinel' : 'Server'}>
      <dl class="facts">
        <dt>Kind</dt>
        <dd>
          {server.kind} {server.version}
        </dd>
        <dt>maxmemory-policy</dt>
        <dd>{server.evictionPolicy ?? 'may not be read'}</dd>
        <dt>Deaths are found by</dt>
        <dd>{recovery === 'events' ? 'keyspace events, and asking' : 'asking alone'}</dd>
        {server.warnings.map((warning) => (
          <Fragment key={warning}>
            <dt>Warning</dt>
            <dd>{warning}</dd>
          </Fragment>
        ))}
      </dl>
    </Panel>
  );
}

export function Topology() {
  const of = subject.value;
  if (of === null) {
    return (
      <main class="view">
        <Nothing />
      </main>
    );
  }
  const { topology = null } = of.overview;
  const news = of.live?.news.items.filter(isAboutTopology) ?? [];
  return (
    <main class="view">
      <div class="view-head">
        <h1>Topology</h1>
        <span class="muted">{of.overview.deployment ?? ''}</span>
        {of.live !== null && (
          <span class="muted push">
            as of {clockTime(of.now).slice(0, 8)}, heartbeat {duration(of.live.info.heartbeatMs)}
          </span>
        )}
      </div>
      {topology !== null && <Cluster topology={topology} now={of.now} />}
      <Panel title="Masters" isFlush>
        <Masters of={of} />
      </Panel>
      <div class="columns">
        <Server overview={of.overview} />
        {of.live !== null && (
          <NewsPanel news={news} first={0} filter={newsFilterOf(route.value.params)} title="Changes" />
        )}
      </div>
    </main>
  );
}
