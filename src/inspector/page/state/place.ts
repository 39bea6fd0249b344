/** Keeps in the address how far into a recording the page is: a reload, or somebody else, finds the place again. */
import { effect } from '@preact/signals';
import { pause, playback, position, seek } from './player.js';
import { route, setParams } from './router.js';

/** Browsers refuse addresses that change with every step. */
const SETTLED_MS = 300;

let timer: number | undefined;

export function keepPlace(): void {
  effect(() => {
    const at = playback.value === null ? undefined : String(position.value);
    window.clearTimeout(timer);
    if (at === undefined || at === route.value.params.at) return;
    timer = window.setTimeout(() => setParams({ at }), SETTLED_MS);
  });
  followPlace();
}

/** A link to another moment, or the way back to one, leads there. */
function followPlace(): void {
  let known = route.peek().params.at;
  effect(() => {
    const { at } = route.value.params;
    if (at === known) return;
    known = at;
    const place = placeInAddress();
    if (place === undefined || playback.peek() === null || place === position.peek()) return;
    pause();
    seek(place);
  });
}

/** Where the address says that the page was. */
export function placeInAddress(): number | undefined {
  const { at } = route.peek().params;
  return at !== undefined && /^\d{1,9}$/.test(at) ? Number(at) : undefined;
}
