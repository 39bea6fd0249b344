import { plural } from '../../../core/amounts.js';
import { eachServer } from '../each-server.js';
import { mastersOf, numberOf, type ServerFacts } from '../facts.js';
import { bad, type Check, good, type Verdict, warning } from '../finding.js';
import { PERMIT_CONFIG, PERMIT_INFO, setTo } from '../remedies.js';

const SETTING = 'min-replicas-to-write';

/** Whether a master that is cut off from its replicas stops answering: what it answers is undone by the failover. */
export const minReplicas: Check = {
  name: 'min-replicas',
  judge: (facts) => eachServer(mastersOf(facts), judge),
};

function judge(master: ServerFacts): Verdict {
  const replicas = numberOf(master, 'connected_slaves');
  const text = master.config.get(SETTING);
  if (replicas === undefined) return warning('could not be told: INFO may not be read', PERMIT_INFO);
  if (text === undefined) {
    return replicas === 0
      ? good('no replicas')
      : warning('could not be told: CONFIG GET is refused', PERMIT_CONFIG);
  }
  const wanted = Number(text);
  const lag = master.config.get('min-replicas-max-lag') ?? '10';
  if (wanted > 0) {
    const fit = numberOf(master, 'min_slaves_good_slaves') ?? replicas;
    const found = `${SETTING} ${wanted}, within ${lag} s; ${plural(fit, 'replica')} fit`;
    return fit >= wanted
      ? good(found)
      : bad(
          `${found}: every write is refused (NOREPLICAS)`,
          `bring the replicas back, or ${setTo(SETTING, '0')}`,
        );
  }
  if (replicas === 0) return good('no replicas');
  const risk = 'cut off from its replicas, a master goes on answering, and the failover undoes that';
  // With a single replica, losing it would stop all writes: a choice, not a mistake.
  return replicas === 1
    ? good(`${SETTING} 0, with 1 replica: ${risk}`)
    : warning(`${SETTING} 0: ${risk}`, `${setTo(SETTING, '1')}; producers: WAIT 1 after announcing`);
}
