/** Who was restarted, what failed, and what was counted. */
import type { Overview } from '../../protocol.js';
import { ago, dateTime, duration, number, spaced } from '../model/format.js';
import type { RuntimeModel } from '../model/runtime-model.js';
import { toneOfPath } from '../model/tone.js';
import { Badge } from '../part/badge.js';
import { Breakable } from '../part/breakable.js';
import { Empty, Panel } from '../part/panel.js';
import { actorHash } from '../state/router.js';
import { FailureStack, failedStream } from './failure-stack.js';

const ON_TOP = 'topologyWatcher';

function childHash(id: string): string {
  return actorHash(id === ON_TOP ? id : `consumer/${id}`);
}

interface SupervisionProps {
  readonly overview: Overview;
  /** The runtime has ended: this is how they stood last. */
  readonly hasEnded: boolean;
}

export function SupervisionPanel({ overview: { children }, hasEnded }: SupervisionProps) {
  return (
    <Panel title="Supervision" isFlush>
      {children.length === 0 ? (
        <Empty title="No child is supervised yet" />
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th>Child</th>
                <th>Status</th>
                <th class="num">Restarts</th>
                <th>Limit</th>
              </tr>
            </thead>
            <tbody>
              {children.map(({ spec, status, restarts, escalated, failedAt }) => (
                <tr key={spec.id}>
                  <td class="rest">
                    <a href={childHash(spec.id)}>
                      <Breakable text={spec.id} />
                    </a>
                  </td>
                  <td>
                    {hasEnded ? (
                      <Badge tone="quiet">{status === 'ended' ? status : `was ${status}`}</Badge>
                    ) : (
                      <Badge tone={toneOfPath(status)}>{status}</Badge>
                    )}{' '}
                    {escalated && <Badge tone="bad">escalated</Badge>}
                  </td>
                  <td class="num">{number(restarts)}</td>
                  <td class="muted nowrap">
                    {failedAt.length} of {spec.maxRestarts} in {duration(spec.withinMs)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

/** Of a handler, the stream that it failed at. */
function Failed({ child, runtime }: { readonly child: string; readonly runtime: RuntimeModel }) {
  const path = failedStream(child);
  const label = path && runtime.actors.find(path)?.label;
  return (
    <a href={path === undefined ? childHash(child) : actorHash(path)}>
      <Breakable text={label ?? child} />
    </a>
  );
}

export function FailuresPanel({
  overview: { failures },
  runtime,
}: {
  readonly overview: Overview;
  readonly runtime: RuntimeModel;
}) {
  const now = runtime.heardAt;
  return (
    <Panel
      title="Failures"
      isFlush
      aside={failures.length > 0 && <span class="muted">{failures.length}</span>}
    >
      {failures.length === 0 ? (
        <Empty title="Nothing has failed" />
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th>When</th>
                <th>Child, or stream</th>
                <th>Error, and what then</th>
              </tr>
            </thead>
            <tbody>
              {failures.toReversed().map(({ child, error, at, count, restartInMs }) => (
                <tr key={`${at} ${child} ${count}`}>
                  <td class="nowrap" title={dateTime(at)}>
                    {ago(at, now)}
                  </td>
                  <td>
                    <Failed child={child} runtime={runtime} />
                  </td>
                  <td class="wrap rest">
                    <code>{error.code}</code> {error.message}{' '}
                    <span class="muted">
                      ({restartInMs === null ? 'not started again' : `again after ${duration(restartInMs)}`})
                    </span>
                    {failedStream(child) !== undefined && (
                      <FailureStack runtime={runtime} path={failedStream(child) as string} />
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

export function CountersPanel({ overview: { counters } }: { readonly overview: Overview }) {
  return (
    <Panel title="Counted since the start">
      <dl class="counters">
        {Object.entries(counters).map(([name, count]) => (
          <div key={name}>
            <dt>{spaced(name)}</dt>
            <dd>{number(count)}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}
