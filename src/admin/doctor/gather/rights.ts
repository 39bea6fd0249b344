/** What a user may do on one server. Nothing is changed by asking. */
import type { Redis } from 'ioredis';
import { messageOf } from '../../../core/errors.js';
import type { Commands } from '../../../redis/commands.js';
import type { Rights } from '../facts.js';
import type { Need } from '../needs.js';

/** What is said of one command. */
type Answer =
  | { readonly is: 'permitted' }
  /** `what`: the key or channel. */
  | { readonly is: 'refused'; readonly because: 'command' | 'key' | 'channel'; readonly what: string }
  | { readonly is: 'untold' };

const PERMITTED: Answer = { is: 'permitted' };
const UNTOLD: Answer = { is: 'untold' };

/**
 * @param user whose rights; undefined: those of this connection
 * @param countKeys false: keys and channels are not the ones that will be used
 */
export async function gatherRights(
  commands: Commands,
  needs: readonly Need[],
  user: string | undefined,
  countKeys: boolean,
): Promise<Rights> {
  const asked = await commands.run('ACL DRYRUN', async (client) => {
    const name = user ?? (await whoAmI(client));
    return await Promise.allSettled(
      needs.map(({ command, args }) => client.call('ACL', 'DRYRUN', name, ...command.split(' '), ...args)),
    );
  });
  const isNobody = asked.some(
    (one) => one.status === 'rejected' && /^ERR User .* not found/.test(messageOf(one.reason)),
  );
  if (isNobody) return { ...NOTHING, hasUser: false };
  const told = asked.map((one) => (one.status === 'fulfilled' ? dryRun(String(one.value)) : UNTOLD));
  if (told.some(({ is }) => is !== 'untold')) return rightsOf(needs, told, true, countKeys);
  // Somebody else's rights cannot be found out by trying.
  if (user !== undefined) return NOTHING;
  return rightsOf(needs, await tryHarmless(commands, needs), false, countKeys);
}

const NOTHING: Rights = { hasUser: true, isComplete: false, commands: [], keys: [], channels: [] };

async function whoAmI(client: Redis): Promise<string> {
  try {
    return String(await client.call('ACL', 'WHOAMI'));
  } catch {
    return client.options.username ?? 'default';
  }
}

/** `OK`, or `User u has no permissions to access the 'k' key`; `… to run the 'xgroup|create' command`; `… the 'c' channel`. */
function dryRun(text: string): Answer {
  if (text === 'OK') return PERMITTED;
  const [, what, because] = /^[^']*'(.*)' (command|key|channel)/s.exec(text) ?? [];
  if (what === undefined) return UNTOLD;
  return { is: 'refused', because: because as 'command' | 'key' | 'channel', what };
}

async function tryHarmless(commands: Commands, needs: readonly Need[]): Promise<Answer[]> {
  return await commands.run('commands that change nothing', (client) =>
    Promise.all(needs.map((need) => (need.isHarmless ? tryOne(client, need) : Promise.resolve(UNTOLD)))),
  );
}

async function tryOne(client: Redis, { command, args, keys: [key] }: Need): Promise<Answer> {
  try {
    const [name = '', ...subcommand] = command.split(' ');
    await client.call(name, ...subcommand, ...args);
    return PERMITTED;
  } catch (error) {
    const words = messageOf(error);
    // Rights are looked at first: whatever else is wrong, the user was let through.
    if (!words.startsWith('NOPERM')) return PERMITTED;
    const isKey = key !== undefined && /\bkeys?\b/.test(words);
    return { is: 'refused', because: isKey ? 'key' : 'command', what: key ?? '' };
  }
}

function rightsOf(
  needs: readonly Need[],
  answers: readonly Answer[],
  isComplete: boolean,
  countKeys: boolean,
): Rights {
  const refused = { command: new Set<string>(), key: new Set<string>(), channel: new Set<string>() };
  answers.forEach((answer, index) => {
    if (answer.is !== 'refused') return;
    const { because, what } = answer;
    if (because === 'command') refused.command.add(needs[index]?.command ?? what);
    else if (countKeys) refused[because].add(what);
  });
  const [commands, keys, channels] = [[...refused.command], [...refused.key], [...refused.channel]];
  return { hasUser: true, isComplete, commands, keys, channels };
}
