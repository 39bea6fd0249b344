/** Buttons that do something with one stream, each after a question. */
import { useState } from 'preact/hooks';
import type { StreamAction } from '../../protocol.js';
import { ACTION_NAMES, actionsFor, type HeldEntry, outcomeOf, warningOf } from '../model/stream-actions.js';
import { Breakable } from '../part/breakable.js';
import { Confirm } from '../part/confirm.js';
import { api, messageOf } from '../state/api.js';

interface StreamActionsProps {
  readonly runtime: string;
  readonly name: string;
  /** Null: nobody has it. */
  readonly held: HeldEntry | null;
  /** Null: that is not known. */
  readonly isPaused: boolean | null;
  /** Something may be different now. */
  readonly onDone?: () => void;
}

export function StreamActions({ runtime, name, held, isPaused, onDone }: StreamActionsProps) {
  const [asked, setAsked] = useState<{ action: StreamAction; held: HeldEntry | null } | null>(null);
  const [said, setSaid] = useState<{ readonly isBad: boolean; readonly words: string } | null>(null);
  const act = async (action: StreamAction, of: HeldEntry | null) => {
    setAsked(null);
    setSaid(null);
    const entry = of === null || (action !== 'release' && action !== 'claim') ? {} : { id: of.id };
    const force = action === 'claim' ? { force: of?.isAlive !== false } : {};
    try {
      const reply = await api.actOnStream(runtime, action, { name, ...entry, ...force });
      setSaid({ isBad: false, words: outcomeOf(reply) });
    } catch (error) {
      setSaid({ isBad: true, words: `It was not done: ${messageOf(error)}` });
    }
    onDone?.();
  };
  const isDangerous = (action: StreamAction) => action === 'cancel' || action === 'claim';
  return (
    <div class="stream-actions">
      <fieldset class="chips" aria-label={`Actions on ${name}`}>
        {actionsFor(held, isPaused).map((action) => (
          <button
            key={action}
            type="button"
            class={`button is-small ${isDangerous(action) ? 'is-danger' : ''}`}
            onClick={() => setAsked({ action, held })}
          >
            {ACTION_NAMES[action]}
          </button>
        ))}
      </fieldset>
      {said !== null && (
        <div class={`banner tone-${said.isBad ? 'bad' : 'good'}`} role="status" data-outcome>
          {said.words}
        </div>
      )}
      {asked !== null && (
        <Confirm
          title={`${ACTION_NAMES[asked.action]}?`}
          action={ACTION_NAMES[asked.action]}
          isDangerous={isDangerous(asked.action)}
          onConfirm={() => void act(asked.action, asked.held)}
          onCancel={() => setAsked(null)}
        >
          <p class="wrap">
            <b>
              <Breakable text={name} />
            </b>
            {asked.held !== null && <span class="mono muted"> {asked.held.id}</span>}
          </p>
          <p class="wrap">{warningOf(asked.action, asked.held)}</p>
        </Confirm>
      )}
    </div>
  );
}
