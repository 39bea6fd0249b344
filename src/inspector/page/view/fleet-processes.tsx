/** The processes of a service: who each is, and how much of its share it has. */
import { useState } from 'preact/hooks';
import type { FleetRow } from '../../protocol.js';
import { ago, duration, lagWords, number } from '../model/format.js';
import { isWebAddress } from '../model/fleet.js';
import { toneOfPath } from '../model/tone.js';
import { Badge } from '../part/badge.js';
import { Breakable } from '../part/breakable.js';
import { Empty, Panel } from '../part/panel.js';

/** Rows are drawn anew every second: a thousand would keep the page busy all the time. */
const SHOWN = 100;

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
  const hasLags = rows.some(({ process }) => process?.lag);
  const hasWeights = rows.some(({ process }) => process !== null && process.weight !== 1);
  return (
    <Panel title="Processes" isFlush>
      {rows.length === 0 ? (
        <Empty title="No process is there">None has joined the group yet, or all have left it.</Empty>
      ) : (
        <table>
          <thead>
            <tr>
              <th>Process</th>
              <th>State</th>
              <th>Lease</th>
              <th>Owned</th>
              {hasWeights && <th class="num">Weight</th>}
              {hasLags && (
                <th
                  class="num"
                  title="Entries of its streams that are not dealt with, and the age of the oldest"
                >
                  Lag
                </th>
              )}
              <th class="num">Pending</th>
              <th>Host, version, inspector</th>
              <th>
                <span class="unseen">Streams</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, most).map((row) => (
              <tr key={row.name} data-process={row.name}>
                <td class="wrap">
                  {row.name} {row.self && <Badge tone="busy">this one</Badge>}
                </td>
                <td>
                  {row.process !== null && (
                    <Badge tone={toneOfPath(row.process.state)}>{row.process.state}</Badge>
                  )}
                </td>
                <td>
                  <Life {...row} />
                </td>
                <td>
                  <Owned {...row} />
                </td>
                {hasWeights && <td class="num">{row.process === null ? '' : number(row.process.weight)}</td>}
                {hasLags && <td class="num nowrap">{row.process?.lag ? lagWords(row.process.lag) : ''}</td>}
                <td class="num">{number(row.pending)}</td>
                <td class="wrap">
                  <Who row={row} at={at} />
                </td>
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
            {number(most)} of {number(rows.length)} are shown, in the order of their names.
          </span>
        </div>
      )}
    </Panel>
  );
}
