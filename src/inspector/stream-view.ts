/** One stream as its actor's page shows it beside the statechart. Nothing is kept of it, and nothing is asked of Redis. */
import { toJson } from '../replay/json-safe.js';
import type { Inside } from '../runtime/inside.js';
import type { EndedActors } from './ended-actors.js';
import type { StreamFacts, StreamReply } from './protocol.js';

/** Longer ones are left out, in characters of JSON. */
const MOST_INFO = 8_192;
/** Redis streams of one data stream that are named. */
const MOST_POSITIONS = 20;

export function streamView(id: string, inside: Inside, ended: EndedActors): StreamReply {
  const at = inside.clock.now();
  const activity = inside.activity(id);
  if (activity === null) return { at, activity: null, before: null };
  const { info, checkpoint, ...facts } = activity;
  const shown = toJson(info ?? null);
  const isInfoLeftOut = JSON.stringify(shown).length > MOST_INFO;
  const cut: StreamFacts['checkpoint'] = checkpoint && {
    ...checkpoint,
    positions: checkpoint.positions.slice(0, MOST_POSITIONS),
    attempts: checkpoint.attempts.slice(0, MOST_POSITIONS),
  };
  return {
    at,
    activity: { ...facts, checkpoint: cut, info: isInfoLeftOut ? null : shown, isInfoLeftOut },
    before: facts.failures === 0 ? null : ended.thrownBefore(facts.name, id),
  };
}
