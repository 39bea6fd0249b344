import { duration } from '../../../core/amounts.js';
import { type Facts, mastersOf, type SeenConsumer } from '../facts.js';
import { type Check, good, warning } from '../finding.js';
import { isAlive, namesOf } from '../seen-consumer.js';

type Present = SeenConsumer & { readonly presenceMs: number };

/** Whether the living consumers are configured alike, as far as it can be seen from outside. */
export const consumerSettings: Check = {
  name: 'consumer-settings',
  judge(facts) {
    const alive = facts.service?.consumers.filter(isPresent) ?? [];
    if (alive.length === 0) return undefined;
    const odd = [heartbeats(alive), locks(alive), subscriptions(alive, facts)].flatMap((text) => text ?? []);
    return odd.length === 0
      ? good('no difference is seen between the consumers')
      : warning(
          odd.join('; '),
          'give every process the same heartbeatMs, lockKeys and keyspaceEvents; deploy them together',
        );
  },
};

function isPresent(consumer: SeenConsumer): consumer is Present {
  return isAlive(consumer);
}

/**
 * Presence is written for a heartbeat and renewed when half of it is left: whoever has t left has a heartbeat from t to 2 t. Twice as much
 * left as another one is no coincidence then.
 */
function heartbeats(alive: readonly Present[]): string | undefined {
  const sorted = [...alive].sort((a, b) => a.presenceMs - b.presenceMs);
  const [shortest, longest] = [sorted[0], sorted.at(-1)];
  if (shortest === undefined || longest === undefined || longest.presenceMs < shortest.presenceMs * 2.2)
    return undefined;
  const [least, most] = [longest.presenceMs, shortest.presenceMs * 2].map(duration);
  return `heartbeats differ: of ${longest.name} at least ${least}, of ${shortest.name} at most ${most}`;
}

function locks(alive: readonly Present[]): string | undefined {
  const keeping = alive.filter(({ keepsLocks }) => keepsLocks === true);
  const without = alive.filter(({ keepsLocks }) => keepsLocks === false);
  if (keeping.length === 0 || without.length === 0) return undefined;
  return `lockKeys differ: ${namesOf(without)} keep none, ${namesOf(keeping)} do`;
}

/** A subscriber is named after its consumer. */
function subscriptions(alive: readonly Present[], facts: Facts): string | undefined {
  const lists = mastersOf(facts).map(({ subscribers }) => subscribers);
  if (lists.length === 0 || lists.includes(null)) return undefined;
  const isSubscribed = ({ name }: Present) =>
    lists.every((names) => names?.includes(`streamwarden:${name}:subscriber`));
  const without = alive.filter((one) => !isSubscribed(one));
  if (without.length === 0 || without.length === alive.length) return undefined;
  return `${namesOf(without)} listen to no expiries, or not on every master; the others do`;
}
