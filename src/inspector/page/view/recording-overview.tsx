/** An open recording: what it is of, how its actors stand where it is, and where the present machines do otherwise. */

import { wordsOfDivergence } from '../../../replay/words.js';
import type { ReplayReport } from '../../protocol.js';
import { clockTime, dateTime, number, plural } from '../model/format.js';
import { toneOfPath } from '../model/tone.js';
import { machineFacets, stateFacets } from '../model/tree.js';
import { Badge } from '../part/badge.js';
import { Empty, Panel } from '../part/panel.js';
import { fileName, playback, position, report, seekToSeq } from '../state/player.js';
import { actorHash, hrefOf } from '../state/router.js';
import type { Subject } from '../state/store.js';

function Facts() {
  const player = playback.value;
  if (player === null) return null;
  const { header, length, isCut } = player;
  const last = player.lines.at(-1);
  const processes = header.why === 'merged' ? header.consumer.split(' + ') : [header.consumer];
  return (
    <Panel title={fileName.value}>
      <dl class="facts">
        <dt>Consumer</dt>
        <dd>
          {processes.join(', ')}{' '}
          <span class="muted">
            {processes.length > 1 &&
              `${plural(processes.length, 'process', 'processes')} on one axis of time, `}
            of service {header.service}
          </span>
        </dd>
        <dt>Began</dt>
        <dd>
          {dateTime(header.startedAt)}{' '}
          <span class="muted">
            because of {header.why}, by version {header.package}
          </span>
        </dd>
        <dt>Ended</dt>
        <dd>
          {last?.kind === 'end'
            ? `${dateTime(last.at)}, ${last.why}`
            : 'without an end: its process died, or this is a part'}
          {isCut && '; the last line was cut off'}
        </dd>
        <dt>Shown</dt>
        <dd>
          line {number(position.value)} of {number(length)}
          {player.line !== undefined && `, ${clockTime(player.line.at)}`}
        </dd>
        {header.only !== undefined && (
          <>
            <dt>Only of</dt>
            <dd>{header.only}</dd>
          </>
        )}
      </dl>
    </Panel>
  );
}

function Divergences({ found }: { readonly found: ReplayReport }) {
  const diverging = found.actors.flatMap(({ divergence }) => (divergence === null ? [] : [divergence]));
  return (
    <Panel
      title="Replayed with the present machines"
      aside={<Badge tone={found.agrees ? 'good' : 'bad'}>{found.agrees ? 'agrees' : 'diverges'}</Badge>}
    >
      <p class="muted">
        {plural(found.events, 'event')} of {plural(found.actorCount, 'actor')}, {number(found.diverged)}{' '}
        diverge
        {found.missing > 0 && `; ${plural(found.missing, 'line')} taken out since`}
      </p>
      {diverging.map((divergence) => (
        <div key={`${divergence.actor} ${divergence.seq}`} data-divergence={divergence.actor}>
          <pre>{wordsOfDivergence(divergence)}</pre>
          <div class="chips">
            <button type="button" class="button is-small" onClick={() => seekToSeq(divergence.seq)}>
              Go there
            </button>
            <a
              class="button is-small"
              href={actorHash(divergence.actor)}
              onClick={() => seekToSeq(divergence.seq)}
            >
              Show the actor there
            </a>
          </div>
        </div>
      ))}
    </Panel>
  );
}

function Standing({ of: { actors } }: { readonly of: Subject }) {
  const rows = [...actors.rows()];
  return (
    <Panel
      title="How its actors stand here"
      isFlush
      aside={<span class="muted">{plural(actors.size, 'actor')} live</span>}
    >
      {rows.length === 0 && (
        <Empty title="None lives here">
          {position.value === 0 ? 'This is the beginning.' : 'All have ended by now: step back to see them.'}
        </Empty>
      )}
      <table hidden={rows.length === 0}>
        <thead>
          <tr>
            <th>Machine</th>
            <th class="num">Actors</th>
            <th>States</th>
          </tr>
        </thead>
        <tbody>
          {machineFacets(rows).map(({ name, count }) => (
            <tr key={name}>
              <td>
                <a href={hrefOf({ view: 'actors', params: { machine: name } })}>{name}</a>
              </td>
              <td class="num">{number(count)}</td>
              <td class="rest">
                <span class="badges">
                  {stateFacets(rows, name).map(({ name: state, count: inState }) => (
                    <Badge key={state} tone={toneOfPath(state)} title={state}>
                      {`${state.slice(state.lastIndexOf('.') + 1)}${inState > 1 ? ` ${inState}` : ''}`}
                    </Badge>
                  ))}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

export function RecordingOverview({ of }: { readonly of: Subject }) {
  return (
    <>
      <div class="columns">
        <Facts />
        <Standing of={of} />
      </div>
      {report.value !== null && <Divergences found={report.value} />}
    </>
  );
}
