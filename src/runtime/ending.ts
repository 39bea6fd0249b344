/** What became of a stream that the application had, in telemetry's words. */
import type { Ownership } from '../actors/ownership.js';
import type { Ending } from '../telemetry/processing.js';

/** @param thrown what its handler threw, if it did */
export function endingOf(ownership: Ownership, ...thrown: [unknown?]): Ending {
  const { state, isAborted } = ownership;
  switch (state) {
    case 'released':
    case 'releasing':
      return { outcome: 'done' };
    // Asked for, and no answer yet.
    case 'acking':
    case 'unknown':
      return { outcome: 'unknown' };
    case 'lost':
    case 'handedOver':
      return { outcome: 'aborted' };
    default:
      return isAborted || thrown.length === 0
        ? { outcome: 'aborted' }
        : { outcome: 'failed', error: thrown[0] };
  }
}
