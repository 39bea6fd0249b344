/** The time of a recording as a line, in real distances, with marks where something happened. */
import { useRef } from 'preact/hooks';
import { MARK_TONES, type Mark } from '../model/marks.js';
import type { Playback } from '../model/playback.js';
import { pause, playedAt, position, report, seek, seekFraction } from '../state/player.js';

function percent(fraction: number): string {
  return `${fraction * 100}%`;
}

/** What the replay found, as marks. */
function divergences({ positionOf }: { positionOf(seq: number): number }): Mark[] {
  return (report.value?.actors ?? []).flatMap(({ divergence }) => {
    if (divergence === null) return [];
    const { actor, seq } = divergence;
    return [{ kind: 'diverges', position: positionOf(seq), words: `${actor} diverges at seq ${seq}` }];
  });
}

function Marks({ playback }: { readonly playback: Playback }) {
  const { axis, marks } = playback;
  const found = divergences({ positionOf: (seq) => playback.positionOf(seq) });
  return (
    <>
      {[...marks, ...found].map(({ kind, position: to, words }) => (
        <button
          key={`${kind} ${to} ${words}`}
          type="button"
          // A key leads from one to the next: a hundred of them would stand in the way of Tab.
          tabIndex={-1}
          class={`mark tone-${MARK_TONES[kind]} is-${kind}`}
          aria-label={words}
          title={words}
          style={{ left: percent(axis.fractionAt(axis.timeAt(to))) }}
          onClick={() => {
            pause();
            seek(to);
          }}
        />
      ))}
    </>
  );
}

interface TimelineTrackProps {
  readonly playback: Playback;
  /** What happened where it stands. */
  readonly words: string;
}

export function TimelineTrack({ playback, words }: TimelineTrackProps) {
  const track = useRef<HTMLDivElement>(null);
  const at = position.value;
  const { axis, length } = playback;
  const played = percent(axis.fractionAt(playedAt.value));
  const drag = (event: PointerEvent) => {
    const box = track.current?.getBoundingClientRect();
    if (box !== undefined && box.width > 0) seekFraction((event.clientX - box.left) / box.width);
  };
  return (
    <div
      class="timeline-track"
      ref={track}
      onPointerDown={(event) => {
        if (event.button !== 0 || (event.target as Element).closest('.mark') !== null) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        pause();
        drag(event);
      }}
      onPointerMove={(event) => {
        if (event.currentTarget.hasPointerCapture(event.pointerId)) drag(event);
      }}
    >
      <i class="rail" />
      <i class="rail is-played" style={{ width: played }} />
      <Marks playback={playback} />
      <i class="thumb" style={{ left: played }} />
      {/* For keys, and for those to whom it is read: it goes line by line. */}
      <input
        type="range"
        min={0}
        max={length}
        value={at}
        aria-label="Line of the recording"
        aria-valuetext={`line ${at} of ${length}, ${words}`}
        onInput={({ currentTarget }) => seek(Number(currentTarget.value))}
      />
    </div>
  );
}
