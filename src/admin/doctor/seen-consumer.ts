import type { SeenConsumer } from './facts.js';

/** Of ours alone: a consumer of the Go client keeps no presence. */
export function isAlive({ kind, presenceMs }: SeenConsumer): boolean {
  return kind === 'ours' && presenceMs !== null;
}

export function namesOf(consumers: readonly SeenConsumer[]): string {
  return consumers.map(({ name }) => name).join(', ');
}
