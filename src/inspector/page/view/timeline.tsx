/** Where in a recording the page is: to be dragged, stepped and played. */
import { wordsOfEvent } from '../../../replay/event-words.js';
import type { Line } from '../../../replay/format.js';
import { SPEEDS } from '../model/axis.js';
import { clockTime, duration, number } from '../model/format.js';
import { nameOf } from '../model/lineage.js';
import type { Playback } from '../model/playback.js';
import { processOf, withinProcess } from '../model/process.js';
import { Icon } from '../part/icon.js';
import {
  closeRecording,
  isPlaying,
  openedFor,
  pace,
  playedAt,
  position,
  seek,
  seekMark,
  step,
  togglePlaying,
} from '../state/player.js';
import { TimelineTrack } from './timeline-track.js';

/** With its process, where there are several. */
function nameIn(path: string): string {
  const process = processOf(path);
  const name = nameOf(withinProcess(path));
  return process === '' ? name : `${process}, ${name}`;
}

function wordsOf(line: Line | undefined): string {
  switch (line?.kind) {
    case undefined:
      return 'the beginning';
    case 'spawn':
      return `${nameIn(line.actor)} starts`;
    case 'join':
      return `${nameIn(line.actor)} as it stands`;
    case 'event':
      return `${nameIn(line.actor)}: ${wordsOfEvent(line.event.type)}`;
    case 'notification':
      return `application: ${line.notification.type}`;
    case 'lost':
      return `${line.lines} lines are missing`;
    case 'end':
      return `ended: ${line.why}`;
  }
}

interface StepButtonProps {
  readonly label: string;
  readonly icon: Parameters<typeof Icon>[0]['name'];
  readonly isDisabled?: boolean;
  readonly onClick: () => void;
}

function StepButton({ label, icon, isDisabled = false, onClick }: StepButtonProps) {
  return (
    <button
      type="button"
      class="button"
      aria-label={label}
      title={label}
      disabled={isDisabled}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}

function PaceChoice() {
  const { speed, skipsQuiet } = pace.value;
  return (
    <span class="group">
      <select
        class="field timeline-speed"
        aria-label="Speed"
        title="Speed"
        value={String(speed)}
        onChange={({ currentTarget }) => {
          pace.value = { ...pace.value, speed: Number(currentTarget.value) };
        }}
      >
        {SPEEDS.map((one) => (
          <option key={one} value={String(one)}>
            {one}×
          </option>
        ))}
      </select>
      <button
        type="button"
        class="button"
        aria-pressed={skipsQuiet}
        title="Jump over time in which nothing happens"
        onClick={() => {
          pace.value = { ...pace.value, skipsQuiet: !skipsQuiet };
        }}
      >
        Skip quiet
      </button>
    </span>
  );
}

function Elapsed({ playback: { axis } }: { readonly playback: Playback }) {
  return (
    <span class="mono muted nowrap" data-elapsed title="Time since its first line, of the whole">
      {duration(playedAt.value - axis.start)} / {duration(axis.lasts)}
    </span>
  );
}

export function Timeline({ playback }: { readonly playback: Playback }) {
  const at = position.value;
  const line = playback.line;
  const { marks, length } = playback;
  return (
    <section class="timeline" aria-label="Timeline of the recording">
      <span class="group">
        <StepButton label="To the beginning" icon="first" onClick={() => seek(0)} />
        <StepButton label="One line back" icon="back" isDisabled={at === 0} onClick={() => step(-1)} />
        <StepButton
          label={isPlaying.value ? 'Pause' : 'Play'}
          icon={isPlaying.value ? 'pause' : 'play'}
          onClick={togglePlaying}
        />
        <StepButton label="One line on" icon="on" isDisabled={at === length} onClick={() => step(1)} />
        <StepButton
          label="Where something happened before"
          icon="markBack"
          isDisabled={marks.every((mark) => mark.position >= at)}
          onClick={() => seekMark(-1)}
        />
        <StepButton
          label="Where something happened next"
          icon="markOn"
          isDisabled={marks.every((mark) => mark.position <= at)}
          onClick={() => seekMark(1)}
        />
      </span>
      <PaceChoice />
      <TimelineTrack playback={playback} words={wordsOf(line)} />
      <Elapsed playback={playback} />
      <span class="mono muted nowrap">
        {number(at)}/{number(length)}
      </span>
      <div class="timeline-foot">
        <span class="timeline-now" data-timeline-now title={wordsOf(line)}>
          <span class="mono muted">{line === undefined ? '' : clockTime(line.at)}</span> {wordsOf(line)}
        </span>
        {openedFor.value !== null && (
          <span class="timeline-why" role="status" title={openedFor.value}>
            Here: {openedFor.value}
          </span>
        )}
        <button type="button" class="button is-small timeline-close" onClick={closeRecording}>
          Close
        </button>
      </div>
    </section>
  );
}
