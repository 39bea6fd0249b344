/** The processes of a service: who each is, and how much of its share it has. */
import { useState } from 'preact/hooks';
import type { FleetRow } from '../../protocol.js';
import { isWebAddress } from '../model/fleet.js';
import { ago, duration, lagWords, number } from '../model/format.js';
import { type SortKeys, sorted } from '../model/sorting.js';
import { toneOfPath } from '../model/tone.js';
import { Badge } from '../part/badge.js';
import { Breakable } from '../part/breakable.js';
import { ColumnsMenu, useColumns } from '../part/columns.js';
import { Empty, Panel } from '../part/panel.js';
import { SortHeader, sortingOf } from '../part/sort-header.js';

/** Rows are drawn anew every second: a thousand would keep the page busy all the time. */
const SHOWN = 100;

/** Member of the address. */
const SORT = 'sort';

const KEYS: SortKeys<FleetRow> = {
  name: ({ name }) => name,
  state: ({ process }) => process?.state ?? null,
  lease: ({ presenceMs }) => presenceMs,
  owned: ({ owned }) => owned,
  weight: ({ process }) => process?.weight ?? null,
  lag: ({ process }) => process?.lag?.entries ?? null,
  pending: ({ pending }) => pending,
  host: ({ process }) => process?.host ?? null,
};

const COLUMNS = {
  state: 'State',
  lease: 'Lease',
  owned: 'Owned',
  weight: 'Weight, where any differs',
  lag: 'Lag, where there is any',
  pending: 'Pending',
  host: 'Host, version, inspector',
} as const;

function Life({ kind, isAlive, presenceMs }: FleetRow) {
  if (kind === 'go') return <span class="muted">a Go consumer: keeps no presence</span>;
  if (!isAlive) return <Badge tone="bad">dead</Badge>;
  return (
    <>
      <Badge tone="good">alive</Badge> <span class="muted">{duration(presenceMs ?? 0)}</span>
    </>
  );
}

function Owned({ owned, process, share, handOver }: FleetRow) {
  if (owned === null) return <span class="muted">does not say</span>;
  const { capacity = null, load = null } = process ?? {};
  const part = capacity === null || capacity === 0 ? null : Math.min(1, owned / capacity);
  return (
    <>
      <div class="nowrap">
        {number(owned)}
        {capacity !== null && <span class="muted"> of {number(capacity)}</span>}
      </div>
      {part !== null && (
        <div class="meter">
          <i style={{ width: `${part * 100}%` }} />
        </div>
      )}
      <div class="muted nowrap">
        {share !== null && `share ${number(share)}`}
        {load !== null && `, load ${number(load)}`}
      </div>
      {handOver !== 0 && (
        <Badge tone="busy">
          {handOver > 0 ? `gives ${number(handOver)}` : `is to take ${number(-handOver)}`}
        </Badge>
      )}
    </>
  );
}

function Who({ row, at }: { readonly row: FleetRow; readonly at: number }) {
  const { process } = row;
  if (process === null) return <span class="muted">says nothing of itself</span>;
  const { host, pid, version, since, inspector } = process;
  return (
    <>
      <div>
        <Breakable text={host} /> <span class="muted">pid {pid}</span>
      </div>
      <div class="muted">
        {version}, started {ago(since, at)}
      </div>
      {inspector !== null &&
        (isWebAddress(inspector) ? (
          <a
            href={inspector}
            target="_blank"
            rel="noopener noreferrer"
            aria-label={`Inspector of ${row.name}`}
          >
            {inspector}
          </a>
        ) : (
          inspector
        ))}
    </>
  );
}

interface FleetProcessesProps {
  readonly rows: readonly FleetRow[];
  readonly at: number;
  /** Name in the group of the one whose streams are shown; null: none. */
  readonly chosen: string | null;
  readonly onChoose: (name: string) => void;
}

export function FleetProcesses({ rows, at, chosen, onChoose }: FleetProcessesProps) {
  const [most, setMost] = useState(SHOWN);
  const columns = useColumns('processes');
  const has = columns.isShown;
  const hasLags = has('lag') && rows.some(({ process }) => process?.lag);
  const hasWeights = has('weight') && rows.some(({ process }) => process !== null && process.weight !== 1);
  const sorting = sortingOf(SORT);
  const ordered = sorted(rows, sorting, KEYS);
  return (
    <Panel
      title="Processes"
      isFlush
      aside={
        <>
          <span class="muted push">{number(rows.length)}</span>
          <ColumnsMenu columns={columns} names={COLUMNS} />
        </>
      }
    >
      {rows.length === 0 ? (
        <Empty title="No process is there">None has joined the group yet, or all have left it.</Empty>
      ) : (
        <table>
          <thead>
            <tr>
              <SortHeader param={SORT} column="name">
                Process
              </SortHeader>
              {has('state') && (
                <SortHeader param={SORT} column="state">
                  State
                </SortHeader>
              )}
              {has('lease') && (
                <SortHeader param={SORT} column="lease">
                  Lease
                </SortHeader>
              )}
              {has('owned') && (
                <SortHeader param={SORT} column="owned">
                  Owned
                </SortHeader>
              )}
              {hasWeights && (
                <SortHeader param={SORT} column="weight" isNumber>
                  Weight
                </SortHeader>
              )}
              {hasLags && (
                <SortHeader
                  param={SORT}
                  column="lag"
                  isNumber
                  title="Entries of its streams that are not dealt with, and the age of the oldest"
                >
                  Lag
                </SortHeader>
              )}
              {has('pending') && (
                <SortHeader param={SORT} column="pending" isNumber>
                  Pending
                </SortHeader>
              )}
              {has('host') && (
                <SortHeader param={SORT} column="host">
                  Host, version, inspector
                </SortHeader>
              )}
              <th>
                <span class="unseen">Streams</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {ordered.slice(0, most).map((row) => (
              <tr key={row.name} data-process={row.name}>
                <td class="wrap">
                  {row.name} {row.self && <Badge tone="busy">this one</Badge>}
                </td>
                {has('state') && (
                  <td>
                    {row.process !== null && (
                      <Badge tone={toneOfPath(row.process.state)}>{row.process.state}</Badge>
                    )}
                  </td>
                )}
                {has('lease') && (
                  <td>
                    <Life {...row} />
                  </td>
                )}
                {has('owned') && (
                  <td>
                    <Owned {...row} />
                  </td>
                )}
                {hasWeights && <td class="num">{row.process === null ? '' : number(row.process.weight)}</td>}
                {hasLags && <td class="num nowrap">{row.process?.lag ? lagWords(row.process.lag) : ''}</td>}
                {has('pending') && <td class="num">{number(row.pending)}</td>}
                {has('host') && (
                  <td class="wrap">
                    <Who row={row} at={at} />
                  </td>
                )}
                <td>
                  <button
                    type="button"
                    class="button is-small"
                    aria-pressed={row.name === chosen}
                    aria-label={`Streams of ${row.name}`}
                    onClick={() => onChoose(row.name)}
                  >
                    Streams
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {rows.length > most && (
        <div class="body">
          <button type="button" class="button" onClick={() => setMost(most + SHOWN)}>
            Show more
          </button>{' '}
          <span class="muted">
            {number(most)} of {number(rows.length)} are shown
            {sorting === null && ', in the order of their names'}.
          </span>
        </div>
      )}
    </Panel>
  );
}
