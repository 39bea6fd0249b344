/** Everybody in the consumer group, as Redis knows them. */
import type { GroupMember, GroupReply } from '../../protocol.js';
import { duration, number, plural } from '../model/format.js';
import { type SortKeys, sorted } from '../model/sorting.js';
import { Badge } from '../part/badge.js';
import { Empty, Panel } from '../part/panel.js';
import { SortHeader, sortingOf } from '../part/sort-header.js';
import { api } from '../state/api.js';
import { usePolled } from '../state/polled.js';
import { NotedPanel } from './noted-panel.js';

const EVERY_MS = 2_000;

/** Member of the address. */
const SORT = 'consumers';

const KEYS: SortKeys<GroupMember> = {
  name: ({ name }) => name,
  presence: ({ presenceMs }) => presenceMs,
  pending: ({ pending }) => pending,
  idle: ({ idleMs }) => idleMs,
};

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

/** Of a service that delays nothing there is nothing to say. */
function delayedInWords({ delayed }: GroupReply): string | null {
  if (delayed === null || delayed.count === 0 || delayed.nextMs === null) return null;
  const { count, nextMs } = delayed;
  const when =
    nextMs < 0 ? `the first is ${duration(-nextMs)} late` : `the next is due in ${duration(nextMs)}`;
  return `${plural(count, 'stream', 'streams')} delayed: ${when}.`;
}

/** What nobody will work on, and what keeps the group from working, with what to do about it. */
function troublesOf({ entries, ids }: GroupReply): string[] {
  const troubles: string[] = [];
  const { stranded, vanished } = entries ?? { stranded: null, vanished: 0 };
  if (stranded !== null && stranded > 0) {
    const those = plural(stranded, 'entry', 'entries');
    troubles.push(
      `Stranded: ${those} given out and pending for nobody. streamwarden adopt brings them back.`,
    );
  }
  if (vanished > 0) {
    const those = plural(vanished, 'entry', 'entries');
    troubles.push(
      `Without payload: ${those} pending, trimmed or deleted. streamwarden doctor says what to do.`,
    );
  }
  if (ids !== null) troubles.push(`Ids: ${ids}`);
  return troubles;
}

interface GroupPanelsProps {
  readonly runtime: string;
  readonly isLive: boolean;
}

export function GroupPanels({ runtime, isLive }: GroupPanelsProps) {
  const ask = isLive ? () => api.group(runtime) : null;
  const { value, error } = usePolled(ask, EVERY_MS, [runtime, isLive]);
  return (
    <>
      <NotedPanel group={value} />
      <GroupPanel value={value} error={error} isLive={isLive} />
    </>
  );
}

interface GroupPanelProps {
  readonly value: GroupReply | null;
  readonly error: string | null;
  readonly isLive: boolean;
}

function GroupPanel({ value, error, isLive }: GroupPanelProps) {
  return (
    <Panel
      title="Consumers of the group"
      isFlush
      aside={
        <>
          {value !== null && <span class="muted">{number(value.consumers.length)}</span>}
          {error !== null && <Badge tone="warn">{error}</Badge>}
        </>
      }
    >
      {value === null && !isLive ? (
        <Empty title="Redis is asked by runtimes that live">This one has ended.</Empty>
      ) : value === null ? (
        <Empty title={error === null ? 'Asking Redis…' : 'Redis could not be asked'} />
      ) : (
        <div class="scroll">
          {troublesOf(value).map((trouble) => (
            <div key={trouble} class="banner tone-bad" role="status">
              {trouble}
            </div>
          ))}
          {delayedInWords(value) !== null && (
            <div class="banner tone-busy" role="status">
              {delayedInWords(value)}
            </div>
          )}
          <table>
            <thead>
              <tr>
                <SortHeader param={SORT} column="name">
                  Consumer
                </SortHeader>
                <SortHeader param={SORT} column="presence">
                  Presence
                </SortHeader>
                <SortHeader param={SORT} column="pending" isNumber>
                  Pending
                </SortHeader>
                <SortHeader param={SORT} column="idle" isNumber>
                  Idle
                </SortHeader>
              </tr>
            </thead>
            <tbody>
              {sorted(value.consumers, sortingOf(SORT), KEYS).map((member) => (
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
