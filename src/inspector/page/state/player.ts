/** A recording that is open, and where in it the page is. */
import { batch, signal } from '@preact/signals';
import type { ReplayReport } from '../../protocol.js';
import type { Pace } from '../model/axis.js';
import { nextMark } from '../model/marks.js';
import { Playback } from '../model/playback.js';
import { checkSize, recordingOf } from '../model/recording-lines.js';
import { inSlices } from '../model/slices.js';
import { api, messageOf } from './api.js';
import { setParams } from './router.js';

export const playback = signal<Playback | null>(null);
export const position = signal(0);
export const isPlaying = signal(false);
/** What the open recording is called. */
export const fileName = signal('');
/** What replaying it with the present machines found; null while it is not known. */
export const report = signal<ReplayReport | null>(null);
/** Why there is no report, or no recording. */
export const problem = signal<string | null>(null);
export const isOpening = signal(false);

/** How fast it is played. */
export const pace = signal<Pace>({ speed: 1, skipsQuiet: true });
/** Where on the time line it stands: between two lines while it plays, or where it was dragged to. */
export const playedAt = signal(0);
/** Why it was opened where it stands; null: for nothing that it tells, or one has gone on since. */
export const openedFor = signal<string | null>(null);

/** As often it goes on while it plays, in milliseconds. */
const TICK_MS = 40;

const NOTHING_OF_NOTE = 'nothing of note in it: this is its end';

let timer: number | undefined;
/** Counts recordings that were to be opened: of two the later one is shown. */
let openings = 0;
/** Work between two looks at what the person at the page does, in milliseconds. */
const SLICE_MS = 12;

export function pause(): void {
  window.clearInterval(timer);
  isPlaying.value = false;
}

function moveTo(to: number, at?: number): void {
  const player = playback.value;
  if (player === null) return;
  player.seek(to);
  batch(() => {
    position.value = player.at;
    playedAt.value = at ?? player.axis.timeAt(player.at);
    openedFor.value = null;
  });
}

export function seek(to: number): void {
  moveTo(to);
  const player = playback.value;
  if (player !== null && player.at >= player.length) pause();
}

/** To a moment of its time line, from 0 to 1. */
export function seekFraction(fraction: number): void {
  const moment = playback.value?.axis.momentAt(fraction);
  if (moment !== undefined) moveTo(moment.position, moment.at);
}

export function step(by: number): void {
  pause();
  seek(position.value + by);
}

export function play(): void {
  const player = playback.value;
  if (player === null || isPlaying.value) return;
  if (player.at >= player.length) seek(0);
  isPlaying.value = true;
  let last = performance.now();
  timer = window.setInterval(() => {
    const now = performance.now();
    const here = { at: playedAt.value, position: position.value };
    const next = player.axis.advance(here, now - last, pace.value);
    last = now;
    if (next.position === here.position) playedAt.value = next.at;
    else moveTo(next.position, next.at);
    if (next.position >= player.length) pause();
  }, TICK_MS);
}

export function togglePlaying(): void {
  if (isPlaying.value) pause();
  else play();
}

/** To where something happened, behind or before this place. */
export function seekMark(direction: 1 | -1): void {
  const player = playback.value;
  const mark = player === null ? undefined : nextMark(player.marks, position.value, direction);
  if (mark === undefined) return;
  pause();
  seek(mark.position);
  openedFor.value = mark.words;
}

export function seekToSeq(seq: number): void {
  const player = playback.value;
  if (player === null) return;
  pause();
  seek(player.positionOf(seq));
}

/** To the next or previous line about an actor. */
export function stepActor(actor: string, direction: 1 | -1): void {
  const next = playback.value?.nextOf(actor, direction);
  if (next === undefined) return;
  pause();
  seek(next);
}

function forget(): void {
  pause();
  batch(() => {
    playback.value = null;
    report.value = null;
    problem.value = null;
    openedFor.value = null;
    position.value = 0;
    playedAt.value = 0;
  });
}

export function closeRecording(): void {
  forget();
  setParams({ at: '' });
}

function slices(opening: number) {
  return {
    sliceMs: SLICE_MS,
    now: () => performance.now(),
    pause: () => new Promise<void>((resolve) => window.setTimeout(resolve)),
    isWanted: () => openings === opening,
  };
}

interface Opening {
  /** How large it is, in bytes, where that is known before it is read. */
  readonly bytes?: number;
  /** Asks what the present machines make of it. @defaultValue the server is sent the recording */
  readonly replay?: (recording: ArrayBuffer) => Promise<ReplayReport>;
  /** How many lines have been gone through at first. @defaultValue where something happened, or else all */
  readonly at?: number | undefined;
}

/** @param read gets the recording, which is text in UTF-8 */
export async function openRecording(
  name: string,
  read: () => Promise<ArrayBuffer>,
  { replay = api.replay, at, bytes = 0 }: Opening = {},
): Promise<void> {
  forget();
  // Of another recording it would be another place.
  if (at === undefined) setParams({ at: '' });
  openings += 1;
  const opening = openings;
  isOpening.value = true;
  let recording: ArrayBuffer;
  try {
    checkSize(bytes);
    recording = await read();
    const text = new TextDecoder().decode(recording);
    const lines = await inSlices(recordingOf(text), slices(opening));
    const player = lines && (await inSlices(Playback.prepared(lines), slices(opening)));
    if (player === undefined) return;
    const [first] = player.marks;
    await inSlices(player.seeking(at ?? first?.position ?? player.length), slices(opening));
    if (openings !== opening) return;
    batch(() => {
      fileName.value = name;
      playback.value = player;
      position.value = player.at;
      playedAt.value = player.axis.timeAt(player.at);
      openedFor.value = at === undefined ? (first?.words ?? NOTHING_OF_NOTE) : null;
    });
  } catch (error) {
    if (openings === opening) problem.value = `${name} cannot be shown: ${messageOf(error)}`;
    return;
  } finally {
    if (openings === opening) isOpening.value = false;
  }
  const opened = playback.value;
  const place = position.value;
  try {
    const found = await replay(recording);
    if (playback.value !== opened || opened === null) return;
    report.value = found;
    // What one looks for first, unless one looks at something already.
    const [first] = found.actors.flatMap(({ divergence }) => divergence ?? []);
    if (first === undefined || at !== undefined || position.value !== place) return;
    seekToSeq(first.seq);
    openedFor.value = `${first.actor} diverges here`;
  } catch (error) {
    if (playback.value === opened) problem.value = `It could not be replayed: ${messageOf(error)}`;
  }
}
