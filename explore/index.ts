/** Every interleaving of small worlds, for whoever counts what it finds. */
export { type Configuration, FAULT_KINDS, type FaultKind } from './configuration.js';
export { CONFIGURATIONS } from './configurations.js';
export { type Interleaving, printed } from './interleaving.js';
export type { Scripts } from './redis/server.js';
export { RULES, type Rule } from './rules.js';
export { type Exploration, type ExploreOptions, explore } from './search.js';
