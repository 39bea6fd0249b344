/** A time of Redis's clock, as TIME replies, in epoch milliseconds. */
export function toEpochMs([seconds, microseconds]: [string, string]): number {
  return Number(seconds) * 1_000 + Number(microseconds) / 1_000;
}
