/** A topology in words, for people. */

import type {
  KeyspaceSetting,
  MasterPicture,
  NodePicture,
  TopologyPicture,
} from '../../admin/topology/picture.js';
import { plural } from '../../core/amounts.js';
import { table } from '../output.js';
import { printable } from '../printable.js';

const HEADINGS = ['NODE', 'ROLE', 'SLOTS', 'RANGES', 'KEYSPACE EVENTS', 'SUBSCRIBERS', 'STATE'];
const RANGES_SHOWN = 4;
const KINDS = { single: 'single server', sentinel: 'master named by Sentinels', cluster: 'cluster' };

export function inWords(picture: TopologyPicture): string {
  const { kind, masters, others, sentinels } = picture;
  const rows = [
    ...masters.flatMap((master) => [
      masterRow(master),
      ...master.replicas.map((replica) => nodeRow(`  ${replica.address}`, 'replica', replica)),
    ]),
    ...others.map((node) => nodeRow(node.address, '?', node)),
  ];
  const isCluster = kind === 'cluster';
  const nodes = isCluster ? table(HEADINGS, rows) : table(withoutSlots(HEADINGS), rows.map(withoutSlots));
  const blocks = [headline(picture), nodes];
  if (sentinels.length > 0) {
    const told = sentinels.map(({ address, master, error }) => [
      address,
      master ?? '-',
      error === null ? 'up' : `unreachable: ${error}`,
    ]);
    blocks.push(table(['SENTINEL', 'MASTER', 'STATE'], told));
  }
  return blocks.join('\n\n');
}

function headline({ kind, settled, problems, masters, others }: TopologyPicture): string {
  const replicas = masters.flatMap((master) => master.replicas);
  const isUp = ({ state }: NodePicture) => state === 'up';
  const down = [...masters, ...replicas, ...others].filter((node) => !isUp(node)).length;
  const size = [
    plural(masters.filter(isUp).length, 'master'),
    plural(replicas.filter(isUp).length, 'replica'),
    ...(down === 0 ? [] : [`${down} down`]),
  ].join(', ');
  const first = `${KINDS[kind]}, ${settled ? 'settled' : 'not settled'}: ${size}`;
  return [first, ...problems.map((problem) => `  ${printable(problem)}`), ...movesOf(masters)].join('\n');
}

function movesOf(masters: readonly MasterPicture[]): string[] {
  return masters
    .filter(({ slots }) => (slots?.moving.length ?? 0) > 0)
    .map(({ address, slots }) => `  ${address}: ${plural(slots?.moving.length ?? 0, 'slot')} on the way`);
}

function masterRow(master: MasterPicture): (string | number)[] {
  const { count = 0, ranges = [] } = master.slots ?? {};
  const shown = ranges
    .slice(0, RANGES_SHOWN)
    .map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`));
  const more = ranges.length > shown.length ? ` and ${ranges.length - shown.length} more` : '';
  const row = nodeRow(master.address, 'master', master);
  return [...row.slice(0, 2), count, shown.join(' ') + more, ...row.slice(4)];
}

function nodeRow(address: string, role: string, node: NodePicture): (string | number)[] {
  const { state, error, keyspaceEvents, subscribers } = node;
  const why = error === null ? state : `${state}: ${error}`;
  return [address, role, '', '', settingInWords(keyspaceEvents), subscribers ?? '?', why];
}

function settingInWords(events: KeyspaceSetting | null): string {
  if (events === null) return '?';
  const { setting, suffices } = events;
  if (suffices) return setting;
  return `${setting === '' ? 'none' : setting} (not enough)`;
}

/** Outside a cluster there are none. */
function withoutSlots<T>(row: readonly T[]): T[] {
  return [...row.slice(0, 2), ...row.slice(4)];
}
