/** Makes sure that one server publishes expiries: reads `notify-keyspace-events` and, where it may and must, widens it. */
import { isStreamwardenError, StreamwardenError } from '../core/errors.js';
import type { Commands } from './commands.js';
import { suffices, widen } from './keyspace-config.js';
import { isPassing } from './reply-errors.js';

const SETTING = 'notify-keyspace-events';

export interface KeyspacePolicy {
  /** `require`: CONFIG being forbidden is an error. `prefer`: it is not. */
  readonly events: 'require' | 'prefer';
  /** Whether a setting of others may be widened. */
  readonly override: boolean;
}

export interface KeyspaceResult {
  readonly outcome: 'sufficient' | 'set' | 'forbidden';
  readonly before: string | null;
  readonly after: string | null;
}

/** NOPERM, or a managed server that has no CONFIG at all. */
function isForbidden(error: unknown): boolean {
  return (
    isStreamwardenError(error, 'PermissionDenied') ||
    (isStreamwardenError(error, 'RedisRefused') && !isPassing(error))
  );
}

/**
 * @throws StreamwardenError `KeyspaceConfigConflict`: others have set something else, and overriding it is not allowed;
 *   `KeyspaceConfigForbidden`: the user may not read or write it, and events are required; `RedisUnavailable`
 */
export async function setUpKeyspace(commands: Commands, policy: KeyspacePolicy): Promise<KeyspaceResult> {
  let before: string | null = null;
  try {
    const reply = (await commands.run('CONFIG GET', (client) => client.config('GET', SETTING))) as string[];
    before = reply[1] ?? '';
    if (suffices(before)) return { outcome: 'sufficient', before, after: before };
    if (before !== '' && !policy.override) throw conflict(before);
    const after = widen(before);
    await commands.run('CONFIG SET', (client) => client.config('SET', SETTING, after));
    return { outcome: 'set', before, after };
  } catch (error) {
    if (!isForbidden(error)) throw error;
    if (policy.events === 'prefer') return { outcome: 'forbidden', before, after: before };
    throw new StreamwardenError(
      'KeyspaceConfigForbidden',
      `expected to be allowed to set ${SETTING}, got: ${(error as Error).message}; permit CONFIG GET and CONFIG SET, have the setting made ` +
        "for you (K, E and x), or choose keyspaceEvents 'prefer' or 'off'",
      { cause: error, details: { before } },
    );
  }
}

function conflict(before: string): StreamwardenError {
  return new StreamwardenError(
    'KeyspaceConfigConflict',
    `expected ${SETTING} to be empty or to contain K, E and x, got: "${before}"; set keyspaceOverride to widen it to "${widen(before)}"`,
    { details: { before, needed: widen(before) } },
  );
}
