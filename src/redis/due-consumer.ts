/** For whom entries are pending while they are due for a dead-letter stream in another slot. */

/** Why an entry goes to the dead-letter stream, as it stands there in `_dlq_reason`. */
export const DEAD_LETTER_REASONS = [
  'max_retries_exceeded',
  'delivery_limit',
  'unparseable',
  'tooLarge',
  'rejected',
] as const;

export type DeadLetterReason = (typeof DEAD_LETTER_REASONS)[number];

/** Name in the group of the consumer that what is due for this reason is pending for; as in `scripts/lib/due.lua`. */
export function dueConsumer(reason: DeadLetterReason): string {
  return `dead-letters:${reason}~00000000`;
}

/** Why entries that are pending for this consumer are due; undefined when it is a real one. */
export function dueReason(consumer: string): DeadLetterReason | undefined {
  return DEAD_LETTER_REASONS.find((reason) => dueConsumer(reason) === consumer);
}
