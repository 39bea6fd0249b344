import type { RedisServer } from '../src/testing/index.js';
import type { Row } from './measure.js';

/** What a scenario is run with. */
export interface Setting {
  /** A server of its own. */
  readonly redis: RedisServer;
  readonly streams: number;
  readonly rounds: number;
  /** Tells a person how far it is. */
  readonly progress: (words: string) => void;
}

export interface Scenario {
  readonly name: string;
  run(setting: Setting): Promise<Row[]>;
}
