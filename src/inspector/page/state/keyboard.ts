/** Keys that work everywhere, as long as nobody types. */
import { signal } from '@preact/signals';
import { playback, seekMark, step, togglePlaying } from './player.js';
import { go } from './router.js';
import { views } from './store.js';

export const isHelpOpen = signal(false);
/** Toggled by the space bar while no recording is open. */
export const isPaused = signal(false);

/** Inputs that take no text. */
const NOT_TYPED: ReadonlySet<string> = new Set(['range', 'checkbox', 'file']);

function isTyping({ target }: KeyboardEvent): boolean {
  if (target instanceof HTMLInputElement) return !NOT_TYPED.has(target.type);
  return target instanceof HTMLElement && ['TEXTAREA', 'SELECT'].includes(target.tagName);
}

/** A control that has the focus answers to these by itself. */
function isForControl({ target, key }: KeyboardEvent): boolean {
  const isControl =
    target instanceof HTMLElement && target.closest('button, a, summary, input, [role="tree"]') !== null;
  return isControl && [' ', 'Enter', 'ArrowLeft', 'ArrowRight'].includes(key);
}

function focusSearch(): void {
  document.querySelector<HTMLInputElement>('[data-search]')?.focus();
}

function onKey(event: KeyboardEvent): void {
  const { key, ctrlKey, metaKey, altKey } = event;
  if (ctrlKey || metaKey || altKey) return;
  if (isTyping(event)) {
    if (key === 'Escape') (event.target as HTMLElement).blur();
    return;
  }
  if (isForControl(event)) return;
  const view = views.value[Number(key) - 1];
  if (view !== undefined) go({ view });
  else if (key === '/') focusSearch();
  else if (key === '?') isHelpOpen.value = !isHelpOpen.value;
  else if (key === 'Escape') isHelpOpen.value = false;
  else if (key === ' ') {
    if (playback.value === null) isPaused.value = !isPaused.value;
    else togglePlaying();
  } else if (playback.value !== null && key === 'ArrowLeft') step(event.shiftKey ? -10 : -1);
  else if (playback.value !== null && key === 'ArrowRight') step(event.shiftKey ? 10 : 1);
  else if (playback.value !== null && (key === 'n' || key === 'p')) seekMark(key === 'n' ? 1 : -1);
  else return;
  event.preventDefault();
}

export function listenToKeys(): void {
  window.addEventListener('keydown', onKey);
}
