import type { Clock } from '../core/clock.js';
import type { Logger } from '../core/logger.js';
import type { Header } from './format.js';
import type { Tap } from './tap.js';

/** What the recordings of one runtime share. */
export interface RecordingHost {
  readonly tap: Tap;
  readonly clock: Clock;
  readonly logger: Logger;
  headerOf(why: string, startedAt: number): Header;
}
