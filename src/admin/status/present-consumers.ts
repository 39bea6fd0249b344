/** The consumers of a group, and how long their presence stands. */
import type { GroupConsumer, GroupStore } from '../../redis/group.js';

export interface PresentConsumer extends GroupConsumer {
  /** How long its presence still stands, in milliseconds; null: it has none. Consumers of the Go client never have one. */
  readonly presenceMs: number | null;
}

export async function presentConsumers(
  group: Pick<GroupStore, 'consumers' | 'presence'>,
): Promise<PresentConsumer[]> {
  const consumers = await group.consumers();
  const presences = await group.presence(consumers.map(({ name }) => name));
  return consumers.map(({ name, pending, idleMs }, index) => {
    const presence = presences[index] ?? -2;
    return { name, pending, presenceMs: presence < 0 ? null : presence, idleMs };
  });
}
