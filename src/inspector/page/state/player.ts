/** A recording that is open, and where in it the page is. */
import { batch, signal } from '@preact/signals';
import type { ReplayReport } from '../../protocol.js';
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

/** Positions a second while it plays. */
const STEPS_A_SECOND = 20;

let timer: number | undefined;
/** Counts recordings that were to be opened: of two the later one is shown. */
let openings = 0;
/** Work between two looks at what the person at the page does, in milliseconds. */
const SLICE_MS = 12;

export function pause(): void {
  window.clearInterval(timer);
  isPlaying.value = false;
}

export function seek(to: number): void {
  const player = playback.value;
  if (player === null) return;
  player.seek(to);
  position.value = player.at;
  if (player.at >= player.length) pause();
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
  timer = window.setInterval(() => seek(position.value + 1), 1_000 / STEPS_A_SECOND);
}

export function togglePlaying(): void {
  if (isPlaying.value) pause();
  else play();
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

export function closeRecording(): void {
  pause();
  batch(() => {
    playback.value = null;
    report.value = null;
    problem.value = null;
    position.value = 0;
  });
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
  /** How many lines have been gone through at first. @defaultValue all */
  readonly at?: number | undefined;
}

/** @param read gets the recording, which is text in UTF-8 */
export async function openRecording(
  name: string,
  read: () => Promise<ArrayBuffer>,
  { replay = api.replay, at, bytes = 0 }: Opening = {},
): Promise<void> {
  closeRecording();
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
    await inSlices(player.seeking(at ?? player.length), slices(opening));
    if (openings !== opening) return;
    batch(() => {
      fileName.value = name;
      playback.value = player;
      position.value = player.at;
    });
  } catch (error) {
    if (openings === opening) problem.value = `${name} cannot be shown: ${messageOf(error)}`;
    return;
  } finally {
    if (openings === opening) isOpening.value = false;
  }
  const opened = playback.value;
  try {
    const found = await replay(recording);
    if (playback.value !== opened || opened === null) return;
    report.value = found;
    // What one looks for first, unless one looks at something already.
    const [first] = found.actors.flatMap(({ divergence }) => divergence ?? []);
    if (first !== undefined && at === undefined && position.value === opened.length) seekToSeq(first.seq);
  } catch (error) {
    if (playback.value === opened) problem.value = `It could not be replayed: ${messageOf(error)}`;
  }
}
