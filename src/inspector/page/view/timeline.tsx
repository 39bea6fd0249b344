/** Where in a recording the page is: to be dragged, stepped and played. */
import { wordsOfEvent } from '../../../replay/event-words.js';
import type { Line } from '../../../replay/format.js';
import { clockTime, number } from '../model/format.js';
import { nameOf } from '../model/lineage.js';
import type { Playback } from '../model/playback.js';
import { Icon } from '../part/icon.js';
import {
  closeRecording,
  isPlaying,
  position,
  report,
  seek,
  seekToSeq,
  step,
  togglePlaying,
} from '../state/player.js';

function wordsOf(line: Line | undefined): string {
  switch (line?.kind) {
    case undefined:
      return 'the beginning';
    case 'spawn':
      return `${nameOf(line.actor)} starts`;
    case 'join':
      return `${nameOf(line.actor)} as it stands`;
    case 'event':
      return `${nameOf(line.actor)}: ${wordsOfEvent(line.event.type)}`;
    case 'notification':
      return `application: ${line.notification.type}`;
    case 'lost':
      return `${line.lines} lines are missing`;
    case 'end':
      return `ended: ${line.why}`;
  }
}

function Marks({ playback }: { readonly playback: Playback }) {
  const found =
    report.value?.actors.flatMap(({ divergence }) => (divergence === null ? [] : [divergence])) ?? [];
  return (
    <>
      {found.map(({ actor, seq }) => (
        <button
          key={`${actor} ${seq}`}
          type="button"
          class="mark"
          aria-label={`${actor} diverges at seq ${seq}`}
          title={`${actor} diverges here`}
          style={{ left: `${(playback.positionOf(seq) / Math.max(1, playback.length)) * 100}%` }}
          onClick={() => seekToSeq(seq)}
        />
      ))}
    </>
  );
}

export function Timeline({ playback }: { readonly playback: Playback }) {
  const at = position.value;
  const line = playback.line;
  return (
    <section class="timeline" aria-label="Timeline of the recording">
      <button type="button" class="button" aria-label="To the beginning" onClick={() => seek(0)}>
        <Icon name="first" />
      </button>
      <button
        type="button"
        class="button"
        aria-label="One line back"
        disabled={at === 0}
        onClick={() => step(-1)}
      >
        <Icon name="back" />
      </button>
      <button
        type="button"
        class="button"
        aria-label={isPlaying.value ? 'Pause' : 'Play'}
        onClick={togglePlaying}
      >
        <Icon name={isPlaying.value ? 'pause' : 'play'} />
      </button>
      <button
        type="button"
        class="button"
        aria-label="One line on"
        disabled={at === playback.length}
        onClick={() => step(1)}
      >
        <Icon name="on" />
      </button>
      <div class="timeline-track">
        <Marks playback={playback} />
        <input
          type="range"
          min={0}
          max={playback.length}
          value={at}
          aria-label="Line of the recording"
          aria-valuetext={`line ${at} of ${playback.length}, ${wordsOf(line)}`}
          onInput={({ currentTarget }) => seek(Number(currentTarget.value))}
        />
      </div>
      <span class="mono muted">
        {number(at)}/{number(playback.length)}
      </span>
      <span class="timeline-now" data-timeline-now title={wordsOf(line)}>
        <span class="mono muted">{line === undefined ? '' : clockTime(line.at)}</span> {wordsOf(line)}
      </span>
      <button type="button" class="button" onClick={closeRecording}>
        Close
      </button>
    </section>
  );
}
