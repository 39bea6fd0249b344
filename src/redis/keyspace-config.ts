/** The server's `notify-keyspace-events` setting: a set of letters, of which expiries by key need K, E and x. */

/** Required by the wire protocol: keyspace and keyevent channels, expired events. */
const NEEDED = ['K', 'E', 'x'] as const;

/** `A` stands for all classes of events, expired ones among them. */
function missingFrom(setting: string): string[] {
  return NEEDED.filter((letter) => !setting.includes(letter) && !(letter === 'x' && setting.includes('A')));
}

/** Whether events of expired keys are published to keyspace and keyevent channels. */
export function suffices(setting: string): boolean {
  return missingFrom(setting).length === 0;
}

/** The union of what is set and what is needed. Nothing that others rely on is dropped. */
export function widen(setting: string): string {
  return setting + missingFrom(setting).join('');
}
