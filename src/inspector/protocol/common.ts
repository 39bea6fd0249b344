/** Of what every message of the inspector speaks: instants, and the runtime that it is about. */

/** Epoch milliseconds, by the server's clock. */
export type Instant = number;

export interface RuntimeInfo {
  /** Name in the consumer group. It names the runtime in every message and request. */
  readonly id: string;
  readonly service: string;
  /** Names in Redis. */
  readonly names: { readonly stream: string; readonly group: string; readonly dlq: string };
  readonly heartbeatMs: number;
  readonly reconcileEveryMs: number;
  readonly maxRetries: number;
  /** About how many dead letters are kept; 0: all. */
  readonly dlqMaxLen: number;
  /** Since when the inspector knows it. */
  readonly since: Instant;
}

export interface Of {
  /** {@link RuntimeInfo.id}. */
  readonly runtime: string;
}
