/** How one consumer does, now and in the last 15 minutes. */

import type { Overview as OverviewSections } from '../../protocol.js';
import { type NewsFilter, newsFilterOf } from '../model/news-filter.js';
import type { RuntimeModel } from '../model/runtime-model.js';
import { Empty } from '../part/panel.js';
import { route } from '../state/router.js';
import { subject } from '../state/store.js';
import { GroupPanels } from './group-panel.js';
import { NewsPanel } from './news-panel.js';
import { Nothing } from './nothing.js';
import { OverviewCharts } from './overview-charts.js';
import { CountersPanel, FailuresPanel, SupervisionPanel } from './overview-panels.js';
import { OverviewTiles } from './overview-tiles.js';
import { RecordingOverview } from './recording-overview.js';

/** Every section has been told. */
export function isWhole(sections: Partial<OverviewSections>): sections is OverviewSections {
  return sections.state !== undefined && sections.counters !== undefined;
}

function Live({ runtime, filter }: { readonly runtime: RuntimeModel; readonly filter: NewsFilter }) {
  const { overview, info } = runtime;
  if (!isWhole(overview)) return <Empty title="Still being told how it stands…" />;
  return (
    <>
      <div class="view-head">
        <h1>{info.service}</h1>
        <span class="muted">
          consumer <code>{info.id}</code> · stream <code>{info.names.stream}</code> · group{' '}
          <code>{info.names.group}</code>
        </span>
      </div>
      <OverviewTiles runtime={runtime} overview={overview} />
      <OverviewCharts ticks={runtime.ticks.items} />
      <div class="columns">
        <SupervisionPanel overview={overview} hasEnded={runtime.ended !== null} />
        <FailuresPanel overview={overview} runtime={runtime} />
        <GroupPanels runtime={info.id} isLive={runtime.ended === null} />
        <NewsPanel news={runtime.news.items} first={runtime.news.dropped} filter={filter} />
      </div>
      <CountersPanel overview={overview} />
    </>
  );
}

export function Overview() {
  const of = subject.value;
  return (
    <main class="view">
      {of === null ? (
        <Nothing />
      ) : of.live === null ? (
        <RecordingOverview of={of} />
      ) : (
        <Live key={of.live.key} runtime={of.live} filter={newsFilterOf(route.value.params)} />
      )}
    </main>
  );
}
