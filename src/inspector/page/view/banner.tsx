/** What is wrong with what is seen, in words. */
import { PROTOCOL_VERSION } from '../../protocol.js';
import { bytes, clockTime } from '../model/format.js';
import type { Tone } from '../model/tone.js';
import { playback } from '../state/player.js';
import { type Connection, connection, hello, liveRuntime } from '../state/store.js';

interface Notice {
  readonly tone: Tone;
  readonly words: string;
}

function aboutConnection(state: Connection): Notice | null {
  switch (state.kind) {
    case 'lost':
      return {
        tone: 'bad',
        words: `Disconnected since ${clockTime(state.since).slice(0, 8)}: ${
          playback.value === null ? 'what you see is how it stood then' : 'the recording stays open'
        }. Trying to connect again…`,
      };
    case 'refused':
      return { tone: 'bad', words: `The inspector refuses this page: ${state.message}` };
    case 'incompatible':
      return {
        tone: 'bad',
        words: `This page speaks version ${PROTOCOL_VERSION} and the inspector version ${state.server}. Reload the page.`,
      };
    default:
      return null;
  }
}

function notice(): Notice | null {
  const problem = aboutConnection(connection.value);
  if (problem !== null) return problem;
  if (playback.value !== null) return null;
  const runtime = liveRuntime();
  if (runtime?.ended) {
    const { at, error } = runtime.ended;
    const why = error === null ? 'was stopped' : `failed: ${error.message}`;
    return {
      tone: error === null ? 'quiet' : 'bad',
      words: `${runtime.info.id} ${why} at ${clockTime(at).slice(0, 8)}. You see how it stood last.`,
    };
  }
  const dropped = hello.value?.dropped ?? null;
  // Only for a while: it is over, and everything has been told anew since.
  if (dropped !== null && (runtime?.heardAt ?? 0) - dropped.at < 15_000) {
    return {
      tone: 'warn',
      words: `This page did not read fast enough and was dropped (${bytes(dropped.waiting)} waited). It is up to date again.`,
    };
  }
  return null;
}

/** What announces it is always there: only a change within it is read out. */
export function Banner() {
  const shown = notice();
  return (
    <div aria-live={shown?.tone === 'bad' ? 'assertive' : 'polite'} data-banner>
      {shown !== null && <p class={`banner tone-${shown.tone}`}>{shown.words}</p>}
    </div>
  );
}
