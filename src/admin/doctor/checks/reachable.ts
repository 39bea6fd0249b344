import { plural } from '../../../core/amounts.js';
import type { NodePicture } from '../../topology/picture.js';
import type { Facts } from '../facts.js';
import { bad, type Check, good, type Verdict, warning } from '../finding.js';

/** Whether every server that belongs here answers. Without a master its keys are out of reach; without a replica nothing is, yet. */
export const reachable: Check = {
  name: 'reachable',
  judge(facts) {
    const { masters, others } = facts.topology;
    const silent = (nodes: readonly NodePicture[]) => nodes.filter((node) => !answers(node, facts));
    // A master that was replaced, and is still dead, has no slots any more.
    const needed = masters.filter(({ slots }) => slots === null || slots.count > 0);
    const missed = silent(needed);
    const spare = silent([
      ...masters.filter((master) => !needed.includes(master)),
      ...masters.flatMap(({ replicas }) => replicas),
      ...others,
    ]);
    const sentinels = facts.topology.sentinels.filter(({ state }) => state !== 'up');
    const all = [...missed, ...spare, ...sentinels];
    if (all.length === 0) return loading(facts) ?? good(`${plural(facts.servers.length, 'server')} answered`);
    const silentOf = (address: string) => facts.silent.find((one) => one.address === address);
    const found = all
      .map(({ address, state, error }) => `${address}: ${error ?? silentOf(address)?.error ?? state}`)
      .join('; ');
    const remedy = all.every(({ state }) => state === 'foreign')
      ? 'follow the remedy of topology'
      : 'start it, or let this machine reach it: redis-cli -h HOST -p PORT PING';
    return missed.length > 0 ? bad(`a master does not answer: ${found}`, remedy) : warning(found, remedy);
  },
};

function answers({ address, state }: NodePicture, { servers }: Facts): boolean {
  return state !== 'failed' && servers.some((server) => server.address === address);
}

function loading({ servers }: Facts): Verdict | undefined {
  const busy = servers.filter(({ info }) => info.get('loading') === '1');
  if (busy.length === 0) return undefined;
  const addresses = busy.map(({ address }) => address).join(', ');
  return bad(`${addresses}: still loading its data`, 'wait until it has loaded: INFO persistence, loading:0');
}
