/** Asks before something is done that cannot be undone. */
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';

interface ConfirmProps {
  readonly title: string;
  readonly action: string;
  readonly isDangerous?: boolean;
  readonly onConfirm: () => void;
  readonly onCancel: () => void;
  readonly children: ComponentChildren;
}

export function Confirm({ title, action, isDangerous = false, onConfirm, onCancel, children }: ConfirmProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={onCancel}>
      <div class="dialog-body">
        <h1 id={id}>{title}</h1>
        <div>{children}</div>
        <div class="dialog-buttons">
          <button type="button" class="button" onClick={onCancel}>
            Cancel
          </button>
          <button type="button" class={`button ${isDangerous ? 'is-danger' : 'is-main'}`} onClick={onConfirm}>
            {action}
          </button>
        </div>
      </div>
    </dialog>
  );
}
