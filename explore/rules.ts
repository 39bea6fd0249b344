/** Rules that clients keep beside the scripts. Each can be left out, to see that the explorer finds what it is there for. */
export const RULES = {
  handsWhenCertain: 'a stream is handed to the application only while the lease is certain (C-ADD-1)',
  provesAfterLooking: 'a beat that came too late does not make the lease certain before a verification has looked (C-UNC-7)',
  verifiesAfterLapse: 'a lapse of presence is followed by a verification (C-LOST-5)',
  noticesLosses: 'a verification tells what is not pending any more as lost (C-LOST-1)',
  adopts: 'a verification adopts what is pending and unknown (C-ADD-5)',
  raisesGeneration: 'a new command connection begins with a new generation (C-DONE-3)',
  stopBeginsNothing: 'nothing is adopted or handed to the application once a stop has begun (C-STOP-10)',
  audits: 'the number of pending entries is compared with what is known (C-ADD-8)',
  asksForNames: 'an entry that waits for its name asks whether it is free (C-NAME-2)',
  stopLooksForUnknown: 'a stop gives back what is pending and unknown (C-STOP-10)',
  stopAwaitsAcquisitions: 'a stop waits for reads and acquisitions that are under way (C-STOP-10)',
} as const; // biome-ignore format: a table

export type Rule = keyof typeof RULES;

/** Which rules are kept. */
export type Rules = Readonly<Record<Rule, boolean>>;

export function rulesWithout(without: readonly Rule[] = []): Rules {
  return Object.fromEntries(
    Object.keys(RULES).map((rule) => [rule, !without.includes(rule as Rule)]),
  ) as Record<Rule, boolean>;
}
