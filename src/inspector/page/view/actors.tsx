/** Everybody who lives, as a tree; searched, as a list. */
import { useMemo, useState } from 'preact/hooks';
import { wordsOfEvent } from '../../../replay/event-words.js';
import { wordsOfState } from '../../../replay/state-path.js';
import { ago, number } from '../model/format.js';
import { nameOf } from '../model/lineage.js';
import { processOf } from '../model/process.js';
import {
  type ActorFilter,
  isFiltered,
  machineFacets,
  stateFacets,
  type TreeRow,
  treeRows,
} from '../model/tree.js';
import { StateBadge } from '../part/badge.js';
import { Chip } from '../part/chip.js';
import { Empty } from '../part/panel.js';
import { Search } from '../part/search.js';
import { SortHeader, sortingOf } from '../part/sort-header.js';
import { type RowSemantics, VirtualList } from '../part/virtual-list.js';
import { go, route, setParams } from '../state/router.js';
import { type Subject, subject } from '../state/store.js';
import { Nothing } from './nothing.js';

const ROW_HEIGHT = 28;
const MOST_STATES = 12;

function currentFilter(): ActorFilter {
  const { q = '', machine, state, ended } = route.value.params;
  return { words: q, machine: machine ?? null, state: state ?? null, ended: ended === '1' };
}

function Facets({ of: { actors }, filter }: { readonly of: Subject; readonly filter: ActorFilter }) {
  const rows = filter.ended ? [...actors.ended] : [...actors.rows()];
  const states = filter.machine === null ? [] : stateFacets(rows, filter.machine).slice(0, MOST_STATES);
  return (
    <>
      <fieldset class="chips" aria-label="Machines">
        {machineFacets(rows).map(({ name, count }) => (
          <Chip
            key={name}
            name={name === '(none)' ? 'no machine' : name}
            count={count}
            isOn={filter.machine === name}
            onToggle={() => setParams({ machine: filter.machine === name ? '' : name, state: '' })}
          />
        ))}
        <Chip
          name="ended"
          count={actors.endedCount}
          isOn={filter.ended}
          onToggle={() => setParams({ ended: filter.ended ? '' : '1', state: '' })}
        />
      </fieldset>
      {states.length > 0 && (
        <fieldset class="chips" aria-label="States">
          {states.map(({ name, count }) => (
            <Chip
              key={name}
              name={name}
              count={count}
              isOn={filter.state === name}
              onToggle={() => setParams({ state: filter.state === name ? '' : name })}
            />
          ))}
        </fieldset>
      )}
    </>
  );
}

interface RowProps {
  readonly item: TreeRow;
  readonly isCurrent: boolean;
  readonly now: number;
  readonly onFold: () => void;
}

function Row({ item: { row, depth, below, isOpen, hasEnded }, isCurrent, now, onFold }: RowProps) {
  const { path, label, state, status, restarts, events, last } = row;
  const name = nameOf(path);
  const process = processOf(path);
  return (
    <div class={`tree-row ${isCurrent ? 'is-current' : ''}`} data-actor={path}>
      <span
        class="tree-name"
        title={label === null ? path : `${label} (${path})`}
        style={{ paddingLeft: `${depth * 18}px` }}
      >
        <button
          type="button"
          class="fold"
          tabIndex={-1}
          hidden={below === 0}
          aria-label={isOpen ? `Close ${path}` : `Open ${path}`}
          onClick={(event) => {
            event.stopPropagation();
            onFold();
          }}
        >
          {isOpen ? '▼' : '▶'}
        </button>
        {label !== null && !name.endsWith(label) ? (
          <>
            <span>{label}</span> <span class="muted mono">{name}</span>
          </>
        ) : (
          <span>{name}</span>
        )}
        {depth === 0 && process !== '' && !name.startsWith(process) && (
          <span class="muted mono">{process}</span>
        )}
        {below > 0 && <span class="muted">{number(below)}</span>}
        {hasEnded && <span class="muted">ended</span>}
      </span>
      <span title={wordsOfState(state)}>
        <StateBadge state={state} status={status} />
      </span>
      <span class={`num ${restarts === 0 ? 'muted' : ''}`}>{restarts}</span>
      <span class="num muted">{events > 0 ? number(events) : ''}</span>
      <span title={last?.type}>{last === null ? '' : wordsOfEvent(last.type)}</span>
      <span class="muted">{last === null ? '' : ago(last.at, now)}</span>
    </div>
  );
}

/** What tells a row from the others: a path lives once, and may have ended many times. */
function identityOf({ row: { path, last, ended }, hasEnded }: TreeRow): string {
  return hasEnded ? `${path} ${last?.seq ?? ''} ${ended?.at ?? ''}` : path;
}

function semanticsOf({ row, depth, below, isOpen, hasEnded }: TreeRow): RowSemantics {
  const { path, label, state, last } = row;
  const name = label === null ? path : `${label}, ${path}`;
  const lately = last === null ? '' : `, last told ${wordsOfEvent(last.type)}`;
  return {
    'aria-label': `${name}: ${hasEnded ? 'ended, ' : ''}${wordsOfState(state)}${lately}`,
    'aria-level': depth + 1,
    ...(below > 0 ? { 'aria-expanded': isOpen } : {}),
  };
}

const STEPS: Readonly<Record<string, number>> = {
  ArrowDown: 1,
  ArrowUp: -1,
  PageDown: 20,
  PageUp: -20,
  Home: Number.NEGATIVE_INFINITY,
  End: Number.POSITIVE_INFINITY,
};

/** Member of the address. */
const SORT = 'sort';

interface Head {
  readonly column: string;
  readonly name: string;
  readonly title?: string;
  readonly isNumber?: boolean;
}

const HEADS: readonly Head[] = [
  { column: 'name', name: 'Actor' },
  { column: 'state', name: 'State' },
  { column: 'restarts', name: 'Restarts', isNumber: true },
  { column: 'events', name: 'Events', title: 'delivered while somebody watched', isNumber: true },
  { column: 'last', name: 'Last event' },
  { column: 'when', name: 'When' },
];

function List({ of, filter }: { readonly of: Subject; readonly filter: ActorFilter }) {
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [currentRow, setCurrentRow] = useState<string | null>(null);
  const { actors, now } = of;
  const { words, machine, state, ended } = filter;
  const sorting = sortingOf(SORT);
  const rows = useMemo(
    () => treeRows(actors, filter, closed, sorting),
    [actors, actors.version, words, machine, state, ended, closed, sorting?.column, sorting?.isDown],
  );
  // By name, not by place: others come and go above it.
  const current = useMemo(() => rows.findIndex((row) => identityOf(row) === currentRow), [rows, currentRow]);

  const fold = (path: string, isClosed: boolean) => {
    const next = new Set(closed);
    if (isClosed) next.add(path);
    else next.delete(path);
    setClosed(next);
  };
  const onKeyDown = (event: { readonly key: string; preventDefault(): void; stopPropagation(): void }) => {
    const here = rows[current];
    const by = STEPS[event.key];
    const goTo = (index: number) => {
      const row = rows[Math.min(Math.max(0, index), rows.length - 1)];
      if (row !== undefined) setCurrentRow(identityOf(row));
    };
    if (by !== undefined) goTo(current + by);
    else if (here === undefined) return;
    else if (event.key === 'Enter') go({ view: 'actor', actor: here.row.path });
    else if (event.key === 'ArrowRight' && here.isOpen) goTo(current + 1);
    else if (event.key === 'ArrowRight' && here.below > 0) fold(here.row.path, false);
    else if (event.key === 'ArrowLeft' && here.isOpen) fold(here.row.path, true);
    else if (event.key === 'ArrowLeft' && here.depth > 0) {
      goTo(rows.findIndex(({ row }) => row.path === here.row.parent));
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };

  if (rows.length === 0) {
    if (ended && actors.ended.length === 0) return <Empty title="None has ended since this page opened" />;
    return isFiltered(filter) ? (
      <Empty title="No actor matches">
        <button
          type="button"
          class="button is-small"
          onClick={() => setParams({ q: '', machine: '', state: '', ended: '' })}
        >
          Show all
        </button>
      </Empty>
    ) : (
      <Empty title="No actor lives" />
    );
  }
  return (
    <div class="panel tree">
      <table class="tree-order" aria-label="Order of the actors">
        <thead>
          <tr class="tree-head">
            {HEADS.map(({ column, name, title, isNumber }) => (
              <SortHeader key={column} param={SORT} column={column} title={title} isNumber={isNumber}>
                {name}
              </SortHeader>
            ))}
          </tr>
        </thead>
      </table>
      <VirtualList
        items={rows}
        rowHeight={ROW_HEIGHT}
        label="Actors"
        role="tree"
        keyOf={({ row, hasEnded }, index) => (hasEnded ? `${row.path} ${index}` : row.path)}
        semanticsOf={semanticsOf}
        current={current}
        currentKey={currentRow}
        onKeyDown={onKeyDown}
        onPick={({ row: { path } }) => go({ view: 'actor', actor: path })}
      >
        {(item, index) => (
          <Row
            item={item}
            isCurrent={index === current}
            now={now}
            onFold={() => fold(item.row.path, item.isOpen)}
          />
        )}
      </VirtualList>
    </div>
  );
}

export function Actors() {
  const of = subject.value;
  const filter = currentFilter();
  return (
    <main class="view is-fixed">
      <div class="view-head">
        <h1>Actors</h1>
        <Search
          value={filter.words}
          label="Search paths, streams, states, events"
          onChange={(q) => setParams({ q })}
        />
        {of !== null && (
          <span class="muted push">
            {number(of.actors.size)} live, {number(of.actors.ended.length)} ended
          </span>
        )}
      </div>
      {of === null ? (
        <Nothing />
      ) : (
        <>
          <Facets of={of} filter={filter} />
          <List of={of} filter={filter} />
        </>
      )}
    </main>
  );
}
