import { plural } from '../../../core/amounts.js';
import { eachServer } from '../each-server.js';
import { type Facts, mastersOf, numberOf, type ServerFacts } from '../facts.js';
import { bad, type Check, good, type Verdict, warning } from '../finding.js';
import { PERMIT_INFO } from '../remedies.js';

/** Seconds without a word from a replica; it is told something every ten. */
const LATE_S = 11;

/** Who takes over when a master fails, and how much of what it was told it has not passed on. Replication is asynchronous. */
export const replication: Check = {
  name: 'replication',
  judge(facts) {
    const verdict = eachServer(mastersOf(facts), (master) => judge(master, facts));
    const cut = facts.servers.filter(({ info }) => info.get('master_link_status') === 'down');
    if (cut.length === 0) return verdict;
    const found = `${cut.map(({ address }) => address).join(', ')}: cut off from the master`;
    const remedy = "see the replica's log; masterauth and masteruser must fit the master's users";
    return verdict?.result === 'bad' ? verdict : warning(found, remedy);
  },
};

function judge(master: ServerFacts, { topology: { kind } }: Facts): Verdict {
  const count = numberOf(master, 'connected_slaves');
  if (count === undefined) return warning('could not be told: INFO may not be read', PERMIT_INFO);
  if (count === 0) {
    if (kind === 'single')
      return good('no replicas: while it is down, nothing is announced, finished or taken over');
    return warning(
      'no replica: nobody takes its place when it fails',
      kind === 'cluster'
        ? 'redis-cli --cluster add-node NEW HOST:PORT --cluster-slave'
        : `REPLICAOF ${master.address.replace(':', ' ')} on another server`,
    );
  }
  const late = lagsOf(master).filter((seconds) => seconds >= LATE_S);
  const found = `${plural(count, 'replica')}, asynchronous: a failover may undo what was not passed on`;
  if (late.length === 0) return good(found);
  const verdict = late.length === count ? bad : warning;
  return verdict(
    `${plural(late.length, 'replica')} of ${count} not heard of for ${Math.max(...late)} s`,
    'see that the replica runs and has CPU, network and disk enough',
  );
}

/** `slave0:ip=127.0.0.1,port=6380,state=online,offset=…,lag=1` */
function lagsOf({ info }: ServerFacts): number[] {
  return [...info]
    .filter(([field]) => /^slave\d+$/.test(field))
    .map(([, value]) => Number(/\blag=(\d+)/.exec(value)?.[1] ?? 0));
}
