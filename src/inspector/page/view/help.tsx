import { Fragment } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { isHelpOpen } from '../state/keyboard.js';

const KEYS: readonly (readonly [keys: string, what: string])[] = [
  ['1 – 7', 'go to a view'],
  ['/', 'search'],
  ['↑ ↓', 'move in a list'],
  ['→ ←', 'open and close a branch of the tree'],
  ['Enter', 'open the actor of a row'],
  ['Space', 'pause the sequence; play a recording'],
  ['← →', 'step through a recording; with Shift ten lines'],
  ['n p', 'where something happened next, or before, in a recording'],
  ['Esc', 'leave a field, close this'],
  ['?', 'show this'],
];

export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  const isOpen = isHelpOpen.value;
  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen]);
  const close = () => {
    isHelpOpen.value = false;
  };
  return (
    <dialog ref={dialog} aria-label="Keys" onClose={close}>
      <div class="dialog-body">
        <h1>Keys</h1>
        <dl class="facts">
          {KEYS.map(([keys, what]) => (
            <Fragment key={keys}>
              <dt>
                <kbd>{keys}</kbd>
              </dt>
              <dd>{what}</dd>
            </Fragment>
          ))}
        </dl>
        <div class="dialog-buttons">
          <button type="button" class="button" onClick={close}>
            Close
          </button>
        </div>
      </div>
    </dialog>
  );
}
