import { suffices, widen } from '../../../redis/keyspace-config.js';
import { eachServer } from '../each-server.js';
import { type Facts, mastersOf, type ServerFacts } from '../facts.js';
import { bad, type Check, good, type Verdict, warning } from '../finding.js';
import { setTo } from '../remedies.js';

const SETTING = 'notify-keyspace-events';
const NEEDED = 'KEx';

/** Whether every master publishes expiries. The setting is each node's own, and is lost on a restart when it is not in redis.conf. */
export const keyspaceEvents: Check = {
  name: 'keyspace-events',
  judge(facts) {
    if (facts.assumed.keyspaceEvents === 'off') return good("not needed: keyspaceEvents 'off'");
    return eachServer(mastersOf(facts), (master) => judge(master, facts));
  },
};

function judge(master: ServerFacts, facts: Facts): Verdict {
  const setting = master.config.get(SETTING);
  if (setting === undefined) return unreadable(facts);
  if (suffices(setting)) return good(setting);
  if (setting !== '') {
    return bad(
      `${setting}: others have set it, and expiries are not published`,
      `keyspaceOverride: true widens it; or ${setTo(SETTING, widen(setting))}`,
    );
  }
  if (master.rights.commands.includes('CONFIG SET')) {
    return (facts.assumed.keyspaceEvents === 'require' ? bad : warning)(
      'not set, and consumers may not set it',
      `${setTo(SETTING, NEEDED)}; or ACL SETUSER <user> +config|set`,
    );
  }
  // Where consumers have been, it was set: this master was restarted, or is new, and they have not come round to it.
  return isSetSomewhere(facts)
    ? bad('not set, although other masters have it, or consumers listen', setTo(SETTING, NEEDED))
    : warning('not set yet: the first consumer sets it when it starts', setTo(SETTING, NEEDED));
}

function isSetSomewhere(facts: Facts): boolean {
  return mastersOf(facts).some(
    ({ config, subscribers }) => suffices(config.get(SETTING) ?? '') || (subscribers?.length ?? 0) > 0,
  );
}

function unreadable({ assumed }: Facts): Verdict {
  const remedy = `have ${SETTING} set to ${NEEDED} in the provider's parameters, and use keyspaceEvents 'prefer' or 'off'; or ACL SETUSER <user> +config|get +config|set`;
  const found = 'could not be told: CONFIG GET is refused';
  return assumed.keyspaceEvents === 'require'
    ? bad(
        `${found}, and with keyspaceEvents 'require' a consumer that it is refused to does not start`,
        remedy,
      )
    : warning(found, remedy);
}
