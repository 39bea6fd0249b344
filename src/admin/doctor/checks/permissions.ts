import { suffices } from '../../../redis/keyspace-config.js';
import { LOCK_SEPARATOR } from '../../../redis/lock-key.js';
import { eachServer } from '../each-server.js';
import type { AssumedSettings, Rights, ServerFacts } from '../facts.js';
import { bad, type Check, good, type Verdict, warning } from '../finding.js';

/** Whether the user may do what the runtime does. */
export const permissions: Check = {
  name: 'permissions',
  judge({ servers, service, assumed }) {
    const scope =
      service === null
        ? 'every command is permitted; keys need --service'
        : 'every command, key and channel is permitted';
    return eachServer(servers, (server) => judge(rightsNeeded(server), assumed, scope));
  },
};

/** Where keyspace events are set already, by an administrator, no consumer has to set them. */
function rightsNeeded({ rights, config }: ServerFacts): Rights {
  if (!suffices(config.get('notify-keyspace-events') ?? '')) return rights;
  return { ...rights, commands: rights.commands.filter((command) => command !== 'CONFIG SET') };
}

function judge(rights: Rights, { keyspaceEvents }: AssumedSettings, scope: string): Verdict {
  const { hasUser, isComplete, commands, keys, channels } = rights;
  if (!hasUser) {
    return bad(
      'there is no such user',
      "ACL SETUSER, as 'A minimal ACL user' in the documentation says; users are not replicated",
    );
  }
  const refused = [
    ...commands,
    ...keys.map((key) => `key ${key}`),
    ...channels.map((channel) => `channel ${channel}`),
  ];
  if (refused.length > 0) {
    const verdict = keyspaceEvents === 'prefer' && refused.every(isAboutConfig) ? warning : bad;
    return verdict(`refused: ${refused.join(', ')}`, `ACL SETUSER <user> ${rulesFor(rights)}`);
  }
  if (isComplete) return good(scope);
  return warning(
    'what changes nothing is permitted; the rest could not be told, for want of ACL DRYRUN',
    'as a user who may use ACL DRYRUN (Redis 7, Valkey): streamwarden doctor --acl-user <user>; and start() of a consumer tries all of it',
  );
}

function isAboutConfig(refused: string): boolean {
  return refused.startsWith('CONFIG ');
}

/** What would permit it. */
function rulesFor({ commands, keys, channels }: Rights): string {
  const rules = [
    ...commands.map((command) => `+${command.toLowerCase().replace(' ', '|')}`),
    ...keys.map((key) => `~${patternFor(key)}`),
    ...channels.map((channel) => `&${channel}`),
  ];
  return [...new Set(rules)].join(' ');
}

/** Lock keys, and what stands beside the load balancer stream, are permitted by pattern: there are ever new ones. */
function patternFor(key: string): string {
  if (key.includes(LOCK_SEPARATOR)) return `*${LOCK_SEPARATOR}*`;
  return key.replace(/^(\{.+?\}:).*$/s, '$1*');
}
