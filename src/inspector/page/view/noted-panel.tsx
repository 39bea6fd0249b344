/** Streams that something is noted of: behind, touched, suspects, delayed. Of a service without any there is nothing to say. */
import type { GroupReply } from '../../protocol.js';
import { duration, lagWords, number, plural } from '../model/format.js';
import { Badge } from '../part/badge.js';
import { Breakable } from '../part/breakable.js';
import { Panel } from '../part/panel.js';
import { actorHash } from '../state/router.js';

const SUSPECT =
  'It died with several owners. It was begun with few others, so that the one to blame falls alone.';
const LAG = 'Entries that are there and have not been dealt with, and the age of the oldest.';
const TOUCHED = 'How often producers ensured it since this consumer owns it.';

interface NotedPanelProps {
  readonly group: GroupReply | null;
}

function summaryOf({ noted, delayed }: GroupReply): string {
  return [
    noted.suspects > 0 ? plural(noted.suspects, 'suspect') : null,
    noted.behind > 0 ? `${number(noted.behind)} behind` : null,
    noted.touched > 0 ? `${number(noted.touched)} touched` : null,
    delayed !== null && delayed.count > 0 ? `${number(delayed.count)} delayed` : null,
  ]
    .filter((words) => words !== null)
    .join(', ');
}

export function NotedPanel({ group }: NotedPanelProps) {
  if (group === null) return null;
  const due = group.delayed?.first ?? [];
  if (group.noted.streams.length === 0 && due.length === 0) return null;
  return (
    <Panel title="Streams of note" isFlush aside={<span class="muted">{summaryOf(group)}</span>}>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>Stream</th>
              <th>What</th>
            </tr>
          </thead>
          <tbody>
            {group.noted.streams.map(({ id, name, touched, isSuspect, lag }) => (
              <tr key={id}>
                <td class="wrap rest">
                  <a href={actorHash(`consumer/ownership/${id}`)}>
                    <Breakable text={name} />
                  </a>
                </td>
                <td class="nowrap">
                  {isSuspect && (
                    <span title={SUSPECT}>
                      <Badge tone="warn">suspect</Badge>
                    </span>
                  )}{' '}
                  {lag !== null && lag.entries > 0 && (
                    <span title={LAG}>
                      behind by {lag.isExact ? '' : 'about '}
                      {lagWords(lag)}
                    </span>
                  )}{' '}
                  {touched > 0 && <span title={TOUCHED}>touched {number(touched)} ×</span>}
                </td>
              </tr>
            ))}
            {due.map(({ name, dueInMs }, at) => (
              <tr key={`due ${at}`}>
                <td class="wrap rest">
                  {name === null ? (
                    <span class="muted">too large to be looked at, or gone</span>
                  ) : (
                    <Breakable text={name} />
                  )}
                </td>
                <td class="nowrap">
                  <Badge tone="busy">delayed</Badge>{' '}
                  {dueInMs < 0 ? `${duration(-dueInMs)} late` : `due in ${duration(dueInMs)}`}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
