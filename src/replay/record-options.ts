/** What can be asked of a recording. */

/** What becomes of the producers' `Info` in a recording: only notifications carry it. */
export type RecordedInfo = 'omit' | 'keep' | ((info: unknown) => unknown);

export interface RingOptions {
  /** How far back it remembers, in milliseconds. 1 to 3,600,000. @defaultValue 60000 */
  readonly lastMs?: number;
  /** How many events it remembers at most; one takes about 300 bytes of memory. 1 to 10,000,000. @defaultValue 100000 */
  readonly maxEvents?: number;
  /**
   * Notifications at which it writes what it remembers, such as `StreamDisowned`; at most once in `lastMs`.
   * @defaultValue none: only when `dump()` is called
   */
  readonly dumpOn?: readonly string[];
}

/** Options of `createRuntime({ record })` and `runtime.record()`. */
export interface RecordOptions {
  /**
   * The file to write. One that is there already is never overwritten: `incident.jsonl` is then followed by `incident-2.jsonl`. Its folder
   * is made.
   */
  readonly file: string;
  /** A flight recorder: keep the latest in memory and write it when something has happened. @defaultValue off: everything is written as it happens */
  readonly ring?: RingOptions;
  /** Recording ends when the file has grown to so many bytes. 1024 to 1,000,000,000,000. @defaultValue 1073741824 */
  readonly maxBytes?: number;
  /** Recording ends after so long, in milliseconds. 1 to 86,400,000. @defaultValue 86400000 */
  readonly maxMs?: number;
  /** The producers' `Info`: left out, kept, or replaced by what a function makes of it. @defaultValue 'omit' */
  readonly info?: RecordedInfo;
}

/** Options with every default in place. */
export interface CompiledRecordOptions {
  readonly file: string;
  readonly ring: Required<RingOptions> | undefined;
  readonly maxBytes: number;
  readonly maxMs: number;
  readonly info: RecordedInfo;
}

/** What came of a recording. */
export interface RecordingReport {
  /** Files written, in order. */
  readonly files: readonly string[];
  /** Events heard. */
  readonly events: number;
  /** Events that were heard but could not be written: lines were made faster than the disk took them. */
  readonly lost: number;
  readonly bytes: number;
  /** What ended it before its time; null when nothing did. The runtime goes on without it. */
  readonly error: Error | null;
}

/** A recording under way. */
export interface ActiveRecording {
  /** How it stands. */
  readonly report: RecordingReport;
  /**
   * Of a flight recorder: writes what it remembers, and goes on.
   * @param why becomes part of the header
   * @returns the file
   * @throws StreamwardenError `InvalidState` when it is no flight recorder, `RecordingFailed`
   */
  dump(why?: string): Promise<string>;
  /** Ends it. Resolves when everything is written. Idempotent; never rejects. */
  stop(): Promise<RecordingReport>;
}
