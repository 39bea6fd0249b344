/**
 * What one node says of its cluster, read from `CLUSTER INFO`, `CLUSTER NODES` and `ROLE`. Written apart from how the runtime reads
 * the same replies, so that a mistake there cannot be confirmed by the rig that is to find it.
 */

export interface MemberView {
  readonly id: string;
  readonly isMyself: boolean;
  readonly role: 'master' | 'replica';
  readonly masterId: string | undefined;
  /** `fail` is what the masters have agreed on, `suspected` (`fail?`) this node's own opinion. */
  readonly health: 'alive' | 'suspected' | 'failed' | 'unknown';
  /** Whether the asked node's link to it stands; always true of itself. */
  readonly linked: boolean;
  /** As the cluster writes them, `0-5460`; those on their way are left out. */
  readonly slotRanges: readonly string[];
}

export interface NodeView {
  readonly isOk: boolean;
  readonly members: readonly MemberView[];
  readonly myself: MemberView;
  /** Whether it is a master, or a replica whose master sends it what is written. */
  readonly follows: boolean;
}

export function parseNodeView(info: string, nodes: string, role: readonly unknown[]): NodeView {
  const members = nodes
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(parseMember);
  const myself = members.find((member) => member.isMyself);
  if (myself === undefined)
    throw new TypeError(`expected CLUSTER NODES to name the node itself, got: ${nodes}`);
  return {
    isOk: /^cluster_state:ok\r?$/m.test(info),
    members,
    myself,
    follows: role[0] === 'master' || role[3] === 'connected',
  };
}

function parseMember(line: string): MemberView {
  const [id = '', , flagList = '', masterId = '-', , , , link = '', ...slots] = line.trim().split(' ');
  const flags = new Set(flagList.split(','));
  const isMyself = flags.has('myself');
  return {
    id,
    isMyself,
    role: flags.has('master') ? 'master' : 'replica',
    masterId: masterId === '-' ? undefined : masterId,
    health: healthOf(flags),
    linked: isMyself || link === 'connected',
    slotRanges: slots.filter((slot) => !slot.startsWith('[')),
  };
}

function healthOf(flags: ReadonlySet<string>): MemberView['health'] {
  if (flags.has('handshake') || flags.has('noaddr')) return 'unknown';
  if (flags.has('fail')) return 'failed';
  return flags.has('fail?') ? 'suspected' : 'alive';
}

/** `['0-2', '7']` → 0, 1, 2, 7. */
export function expandSlots(ranges: readonly string[]): number[] {
  return ranges.flatMap((range) => {
    const { first, last } = boundsOf(range);
    return Array.from({ length: last - first + 1 }, (_, at) => first + at);
  });
}

export function hasSlot(ranges: readonly string[], slot: number): boolean {
  return ranges.some((range) => {
    const { first, last } = boundsOf(range);
    return first <= slot && slot <= last;
  });
}

function boundsOf(range: string): { readonly first: number; readonly last: number } {
  const [first = 0, last = first] = range.split('-').map(Number);
  return { first, last };
}
