/** What if another event had come here? Tried by the server in the machine as the recording has it; nothing that lives hears of it. */
import { useEffect, useId, useMemo, useState } from 'preact/hooks';
import { wordsOfState } from '../../../replay/state-path.js';
import type { MachineDefinition, TrialReply } from '../../protocol.js';
import { number } from '../model/format.js';
import type { Step } from '../model/history.js';
import {
  type Choice,
  choicesOf,
  type Example,
  exampleOf,
  readEvent,
  type TriedEvent,
  takenIn,
  writtenEvent,
} from '../model/trial.js';
import { Empty, Panel } from '../part/panel.js';
import { TrialResult } from '../part/trial-result.js';
import { api, messageOf } from '../state/api.js';
import { playback } from '../state/player.js';

/** One event that was tried, after those before it. */
export interface Tried {
  readonly event: TriedEvent;
  readonly reply: TrialReply;
  /** Where it was tried. */
  readonly from: Pick<Step, 'state' | 'context'>;
}

export interface Trials {
  readonly tried: readonly Tried[];
  /** The chart shows what came of the last of them. */
  readonly isAfter: boolean;
  add(tried: Tried): void;
  /** Forgets the last one. */
  back(): void;
  show(isAfter: boolean): void;
}

const NONE: readonly Tried[] = [];

/** What was tried at a step: of another one nothing has been. */
export function useTrials(actor: string, step: Step | undefined): Trials {
  const at = `${actor} ${step?.seq}`;
  const [held, setHeld] = useState({ at, tried: NONE, isAfter: false });
  const now = held.at === at ? held : { at, tried: NONE, isAfter: false };
  return {
    ...now,
    add: (tried) => setHeld({ at, tried: [...now.tried, tried], isAfter: true }),
    back: () => setHeld({ at, tried: now.tried.slice(0, -1), isAfter: now.tried.length > 1 }),
    show: (isAfter) => setHeld({ ...now, isAfter }),
  };
}

/** What the statechart shows instead of the step that is looked at. */
export function chartOfTrials({ tried, isAfter }: Trials) {
  const last = tried.at(-1);
  if (last === undefined || !isAfter) return undefined;
  return { state: last.reply.state, taken: takenIn(last.reply), key: `tried ${tried.length}` };
}

function Choices({
  of,
  chosen,
  onChoose,
}: {
  readonly of: readonly Choice[];
  readonly chosen: string | undefined;
  readonly onChoose: (event: string) => void;
}) {
  return (
    <div class="chips">
      {of.map(({ event, words, guards }) => (
        <button
          key={event}
          type="button"
          class="chip"
          aria-pressed={event === chosen}
          title={guards.length > 0 ? `asks ${guards.join(', ')}` : event}
          onClick={() => onChoose(event)}
        >
          {words}
          {guards.length > 0 && <span class="n">[{guards.length}]</span>}
        </button>
      ))}
    </div>
  );
}

function Origin({ example, actor }: { readonly example: Example | null; readonly actor: string }) {
  if (example === null) {
    return (
      <p class="muted">
        The recording has no such event: write its members. What the machine looks for and does not find is
        said.
      </p>
    );
  }
  return (
    <p class="muted">
      As it came {example.actor === actor ? 'to this actor' : `to ${example.actor}`} at seq{' '}
      {number(example.seq)}.
    </p>
  );
}

interface TrialPanelProps {
  readonly machine: MachineDefinition;
  readonly actor: string;
  readonly step: Step;
  readonly trials: Trials;
}

export function TrialPanel({ machine, actor, step, trials }: TrialPanelProps) {
  const last = trials.tried.at(-1);
  const { state, context } = last?.reply ?? step;
  const isOver = (last?.reply.status ?? step.status) !== 'active';
  const { here, elsewhere } = useMemo(() => choicesOf(machine.root, state), [machine, state]);
  const [text, setText] = useState('');
  const [example, setExample] = useState<Example | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setIsBusy] = useState(false);
  const id = useId();
  useEffect(() => {
    setText('');
    setProblem(null);
  }, [actor, step.seq]);
  const choose = (event: string) => {
    const wanted = { machine: machine.id, actor, event, seq: step.seq };
    const found = exampleOf(playback.value?.lines ?? [], wanted);
    setExample(found);
    setText(writtenEvent(found?.event ?? { type: event }));
    setProblem(null);
  };
  const chosen = useMemo(() => {
    try {
      return readEvent(text).type;
    } catch {
      return undefined;
    }
  }, [text]);
  const submit = async () => {
    setIsBusy(true);
    setProblem(null);
    try {
      const event = readEvent(text);
      const reply = await api.tryEvent({ machine: machine.id, state, context, event });
      trials.add({ event, reply, from: { state, context } });
    } catch (error) {
      setProblem(messageOf(error));
    }
    setIsBusy(false);
  };
  return (
    <Panel
      title="What if another event came here?"
      class="actor-trial"
      aside={
        trials.tried.length > 0 && (
          <span class="push group">
            <button
              type="button"
              class="button is-small"
              aria-pressed={trials.isAfter}
              onClick={() => trials.show(!trials.isAfter)}
            >
              Show it in the statechart
            </button>
            <button type="button" class="button is-small" onClick={trials.back}>
              Take it back
            </button>
          </span>
        )
      }
    >
      {trials.tried.map(({ event, reply, from }, index) => (
        <TrialResult
          // Those before it stay as they are.
          key={index}
          root={machine.root}
          event={event}
          reply={reply}
          from={from}
        />
      ))}
      {isOver ? (
        <Empty title={`It has ended in ${wordsOfState(state)}`}>It takes no further event.</Empty>
      ) : (
        <form
          class="trial-form"
          onSubmit={(event) => {
            event.preventDefault();
            void submit();
          }}
        >
          <fieldset>
            <legend class="muted">
              {trials.tried.length > 0 ? 'And then: ' : ''}
              {wordsOfState(state)} takes
            </legend>
            <Choices of={here} chosen={chosen} onChoose={choose} />
          </fieldset>
          <details>
            <summary class="muted">{elsewhere.length} events that other states take</summary>
            <Choices of={elsewhere} chosen={chosen} onChoose={choose} />
          </details>
          {text !== '' && (
            <>
              <label class="muted" for={id}>
                The event, as JSON
              </label>
              <textarea
                id={id}
                class="field mono"
                spellcheck={false}
                rows={Math.min(14, text.split('\n').length)}
                value={text}
                onInput={({ currentTarget }) => setText(currentTarget.value)}
                onKeyDown={(event) => {
                  if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
                  event.preventDefault();
                  void submit();
                }}
              />
              <Origin example={example} actor={actor} />
              {problem !== null && (
                <p class="tone-bad trial-problem" role="alert">
                  {problem}
                </p>
              )}
              <div>
                <button type="submit" class="button is-main" disabled={isBusy}>
                  Try it
                </button>{' '}
                <span class="muted">Nothing that runs is told of it.</span>
              </div>
            </>
          )}
        </form>
      )}
    </Panel>
  );
}
