import { noteElection } from './elections.js';
import type { Member } from './member.js';
import type { NodeCalls } from './node-calls.js';
import { expandSlots, type MemberView, type NodeView } from './node-view.js';

/** Why a cluster of these members is not settled, in words; undefined when it is. What they then are is kept in mind. */
export async function whyUnsettled(
  members: readonly Member[],
  calls: NodeCalls,
): Promise<string | undefined> {
  const asked = members.filter((member) => member.takesPart);
  const views = await Promise.all(asked.map((member) => member.view(calls)));
  for (const [at, view] of views.entries()) {
    const wrong = wrongIn(view, members);
    if (wrong !== undefined) return `${asked[at]?.address} ${wrong}`;
  }
  const accounts = new Set(views.map(accountOf));
  if (accounts.size > 1) return `nodes disagree:\n${[...accounts].join('\n')}`;
  for (const [at, { myself }] of views.entries()) {
    const member = asked[at] as Member;
    noteElection(member, myself.masterId, members);
    member.known = { masterId: myself.masterId, slots: expandSlots(myself.slotRanges) };
  }
  return undefined;
}

/** What is wrong with one node, or with how it sees the others. */
function wrongIn(view: NodeView, members: readonly Member[]): string | undefined {
  if (!view.isOk) return 'says that the cluster is not ok';
  const known = new Map(view.members.map((member) => [member.id, member]));
  for (const member of members) {
    const seen = known.get(member.id);
    if (seen === undefined) return `does not know ${member.address}`;
    const wrong = wrongWith(seen, member);
    if (wrong !== undefined) return `finds ${member.address} ${wrong}`;
    known.delete(member.id);
  }
  if (known.size > 0) return `knows more nodes: ${[...known.keys()].join(', ')}`;
  const master = members.find((member) => member.id === view.myself.masterId);
  // A master cut off from clients is so from its replicas as well.
  if (!view.follows && master?.cutOffFrom !== 'clients')
    return `has no replication link to ${master?.address}`;
  return undefined;
}

function wrongWith(seen: MemberView, member: Member): string | undefined {
  if (!member.takesPart) return seen.health === 'failed' ? undefined : `${seen.health}, which is not up`;
  if (seen.health !== 'alive') return seen.health;
  return seen.linked ? undefined : 'without a link to it';
}

/** Who serves what and who follows whom, according to one node; equal text is agreement. */
function accountOf({ members }: NodeView): string {
  return members
    .map(({ id, masterId, slotRanges, health }) =>
      // Of a failed node the others know what they heard last, which need not be the same.
      health === 'failed'
        ? `  ${id} failed ${slotRanges.join(',')}`
        : `  ${id} ${masterId ?? 'master'} ${slotRanges.join(',')}`,
    )
    .sort()
    .join('\n');
}
