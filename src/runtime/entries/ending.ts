/** How an iteration came to its end by itself. */
export interface Ending {
  /** `mark`: the end mark; `idle`: nothing came; `until`: as was asked for. */
  readonly by: 'mark' | 'idle' | 'until';
  /** How often the stream had been touched when it was looked at last and had nothing more. */
  readonly touches: number;
  /** There is more behind the end mark. */
  readonly isMore: boolean;
  /** The last entry that was looked at. */
  readonly at: string;
  /** The stream is gone, and all that was in it has been dealt with. */
  readonly isRemoved: boolean;
}
