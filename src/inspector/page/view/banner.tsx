/** What is wrong with what is seen, in words. */
import { PROTOCOL_VERSION } from '../../protocol.js';
import { bytes, clockTime } from '../model/format.js';
import type { HowEnded, RuntimeModel } from '../model/runtime-model.js';
import type { Tone } from '../model/tone.js';
import { playback } from '../state/player.js';
import { hrefOf } from '../state/router.js';
import {
  type Connection,
  connection,
  hello,
  liveRuntime,
  runtimes,
  shown as shownRoute,
} from '../state/store.js';

interface Notice {
  readonly tone: Tone;
  readonly words: string;
  /** Where to go on. */
  readonly next?: RuntimeModel | undefined;
}

function aboutEnd({ info, pid, heardAt }: RuntimeModel, { at, error, how }: HowEnded): Notice {
  const time = (instant: number) => clockTime(instant).slice(0, 8);
  const next = runtimes.value.find(({ ended }) => ended === null);
  if (how === 'replaced') {
    return {
      tone: 'bad',
      words: `Process ${pid} with ${info.id} is gone: process ${hello.value?.pid} answers here since ${time(at)}. You see how ${info.id} stood at ${time(heardAt)}.`,
      next,
    };
  }
  if (how === 'unseen') {
    return {
      tone: 'quiet',
      words: `${info.id} ended between ${time(heardAt)} and ${time(at)}, while this page was not connected. You see how it stood then.`,
      next,
    };
  }
  return {
    tone: error === null ? 'quiet' : 'bad',
    words: `${info.id} ${error === null ? 'was stopped' : `failed: ${error.message}`} at ${time(at)}. You see how it stood last.`,
    next,
  };
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
  if (runtime?.ended) return aboutEnd(runtime, runtime.ended);
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

/** The same view of another runtime; an actor is one of its own. */
function addressOf({ key }: RuntimeModel): string {
  const { view } = shownRoute.value;
  return hrefOf({ view: view === 'actor' ? 'actors' : view, params: { runtime: key } });
}

/** What announces it is always there: only a change within it is read out. */
export function Banner() {
  const shown = notice();
  return (
    <div aria-live={shown?.tone === 'bad' ? 'assertive' : 'polite'} data-banner>
      {shown !== null && (
        <p class={`banner tone-${shown.tone}`}>
          {shown.words}
          {shown.next !== undefined && (
            <>
              {' '}
              <a href={addressOf(shown.next)}>Show {shown.next.info.id}</a>
            </>
          )}
        </p>
      )}
    </div>
  );
}
