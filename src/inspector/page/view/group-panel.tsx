/** Everybody in the consumer group, as Redis knows them. */
import type { GroupMember } from '../../protocol.js';
import { duration, number } from '../model/format.js';
import { Badge } from '../part/badge.js';
import { Empty, Panel } from '../part/panel.js';
import { api } from '../state/api.js';
import { usePolled } from '../state/polled.js';

const EVERY_MS = 2_000;

function Presence({ due, keepsPresence, presenceMs }: GroupMember) {
  if (due) return <span class="muted">nobody: entries wait here for the dead-letter stream</span>;
  if (!keepsPresence) return <span class="muted">another client's: keeps none</span>;
  if (presenceMs === null) return <Badge tone="bad">dead</Badge>;
  return (
    <>
      <Badge tone="good">alive</Badge> <span class="muted">for {duration(presenceMs)} more</span>
    </>
  );
}

interface GroupPanelProps {
  readonly runtime: string;
  readonly isLive: boolean;
}

export function GroupPanel({ runtime, isLive }: GroupPanelProps) {
  const ask = isLive ? () => api.group(runtime) : null;
  const { value, error } = usePolled(ask, EVERY_MS, [runtime, isLive]);
  return (
    <Panel
      title="Consumers of the group"
      isFlush
      aside={error !== null && <Badge tone="warn">{error}</Badge>}
    >
      {value === null ? (
        <Empty title={error === null ? 'Asking Redis…' : 'Redis could not be asked'} />
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th>Consumer</th>
                <th>Presence</th>
                <th class="num">Pending</th>
                <th class="num">Idle</th>
              </tr>
            </thead>
            <tbody>
              {value.consumers.map((member) => (
                <tr key={member.name}>
                  <td class="wrap rest">
                    {member.name} {member.self && <Badge tone="busy">this one</Badge>}
                  </td>
                  <td class={member.due ? '' : 'nowrap'}>
                    <Presence {...member} />
                  </td>
                  <td class="num">{number(member.pending)}</td>
                  <td class="num nowrap">{duration(member.idleMs)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}
