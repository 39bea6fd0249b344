/** How far away a server is, and what its clock says, both by asking it for the time again and again. */
import type { Clock } from '../../../core/clock.js';
import type { Commands } from '../../../redis/commands.js';
import type { ClockReading, ServerFacts } from '../facts.js';
import { unlessRefused } from './unless-refused.js';

const QUESTIONS = 20;
/** What the wall clock of this machine can be read to. */
const RESOLUTION_MS = 1;

/** The server read its clock at some time between question and answer: the shorter that was, the less it can be wrong. */
export async function gatherClock(
  commands: Commands,
  clock: Clock,
): Promise<Pick<ServerFacts, 'clock' | 'roundTripsMs'>> {
  let best: ClockReading | null = null;
  const roundTripsMs: number[] = [];
  for (let asked = 0; asked < QUESTIONS; asked += 1) {
    const sentAt = clock.now();
    const start = clock.monotonic();
    // A refusal has travelled there and back as well.
    const reply = await unlessRefused(commands, 'TIME', (client) => client.time());
    const roundTripMs = clock.monotonic() - start;
    roundTripsMs.push(roundTripMs);
    const errorMs = roundTripMs / 2 + RESOLUTION_MS;
    if (reply === null || (best !== null && best.errorMs <= errorMs)) continue;
    const [seconds, microseconds] = reply.map(Number) as [number, number];
    best = { aheadMs: seconds * 1_000 + microseconds / 1_000 - (sentAt + roundTripMs / 2), errorMs };
  }
  return { clock: best, roundTripsMs };
}
