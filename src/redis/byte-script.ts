import type { Commands } from './commands.js';
import { SCRIPTS, type ScriptName } from './scripts.js';

/** Runs a script whose arguments or reply are bytes: every text of the reply comes as a Buffer. Otherwise as `Commands.script`. */
export function byteScript(
  commands: Commands,
  name: ScriptName,
  keys: readonly string[],
  args: readonly (string | number | Buffer)[],
): Promise<unknown> {
  const { sha, source } = SCRIPTS[name];
  return commands.run(`script ${name}`, async (client) => {
    try {
      return await client.callBuffer('EVALSHA', [sha, keys.length, ...keys, ...args]);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return await client.callBuffer('EVAL', [source, keys.length, ...keys, ...args]);
    }
  });
}
