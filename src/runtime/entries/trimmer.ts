/** `trim: 'committed'`: removes from a data stream what Redis has recorded as dealt with, and the stream at its end. */
import type { DataReader } from '../../actors/data/data-reader.js';
import type { Positions } from '../../actors/data/positions.js';
import { REMOVED } from '../../actors/data/progress.js';
import type { Ownership } from '../../actors/ownership.js';
import type { DataStreams } from '../../redis/data-streams.js';

/** Between two removals, in milliseconds. */
const SELDOM_MS = 1000;

export interface TrimmerSettings {
  readonly ownership: Ownership;
  readonly key: string;
  readonly reader: DataReader;
  readonly positions: Positions;
  readonly streams: DataStreams;
  /** It stays; that is not tried again. */
  failed(error: unknown): void;
}

export class Trimmer {
  readonly #settings: TrimmerSettings;
  #isRunning = false;
  #isDue = false;

  constructor(settings: TrimmerSettings) {
    this.#settings = settings;
  }

  /** Something has been committed. */
  soon(): void {
    this.#isDue = true;
    if (this.#isRunning) return;
    this.#isRunning = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    const { ownership, key, reader, positions, streams, failed } = this.#settings;
    try {
      while (this.#isDue && !ownership.hasEnded) {
        this.#isDue = false;
        const position = positions.positionOf(ownership, key);
        if (position === undefined || position === REMOVED) break;
        await positions.committed(ownership, key, position);
        await reader.patiently(() => streams.trim(key, position));
        await reader.pause(SELDOM_MS);
      }
      this.#isRunning = false;
    } catch (error) {
      failed(error);
    }
  }

  /** Everything up to this entry has been dealt with: the stream goes once Redis knows, unless something has come. */
  async remove(last: string): Promise<boolean> {
    const { ownership, key, reader, positions, streams, failed } = this.#settings;
    try {
      await positions.committed(ownership, key, last);
      const isRemoved = await reader.patiently(() => streams.remove(key, last));
      if (isRemoved) positions.commit(ownership, key, REMOVED);
      return isRemoved;
    } catch (error) {
      failed(error);
      return false;
    }
  }
}
