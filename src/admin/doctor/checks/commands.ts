import { eachServer } from '../each-server.js';
import { bad, type Check, good, warning } from '../finding.js';

/** Whether the server has every command that the runtime needs: providers rename or remove some. */
export const commands: Check = {
  name: 'commands',
  judge({ servers }) {
    return eachServer(servers, ({ missingCommands }) => {
      if (missingCommands === null) {
        return warning('could not be told: COMMAND INFO may not be used', 'ACL SETUSER <user> +command|info');
      }
      if (missingCommands.length === 0) return good('all are there');
      const found = `missing: ${missingCommands.map((name) => name.toUpperCase()).join(', ')}`;
      const isConfigAlone = missingCommands.every((name) => name === 'config');
      return isConfigAlone
        ? warning(found, "keyspaceEvents 'prefer' or 'off', as 'Managed Redis' in the documentation says")
        : bad(found, 'remove their rename-command lines from redis.conf, or ask the provider for them');
    });
  },
};
