/** What was given up on: why, what it held, and, where that is allowed, another try for it. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { DeadLetterRow, DeadLettersOutcome, DeadLettersReply, Hello } from '../../protocol.js';
import { number, plural } from '../model/format.js';
import type { RuntimeModel } from '../model/runtime-model.js';
import { Confirm } from '../part/confirm.js';
import { Empty } from '../part/panel.js';
import { Search } from '../part/search.js';
import { api, messageOf } from '../state/api.js';
import { hello, subject } from '../state/store.js';
import { LettersTable } from './letters-table.js';
import { Nothing } from './nothing.js';

type Action = 'redrive' | 'delete';

interface Letters {
  readonly length: number;
  readonly rows: readonly DeadLetterRow[];
  readonly after: string | null;
}

function appended(before: Letters | null, { length, letters, after }: DeadLettersReply): Letters {
  return { length, rows: [...(before?.rows ?? []), ...letters], after };
}

function summary({ outcomes }: DeadLettersOutcome): string {
  const counts = new Map<string, number>();
  for (const outcome of Object.values(outcomes)) {
    const word = typeof outcome === 'string' ? outcome : `failed: ${outcome.error}`;
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts]
    .map(([word, count]) => `${number(count)} ${word === 'gone' ? 'gone already' : word}`)
    .join(', ');
}

function useLetters(runtime: string, length: number | undefined, find: string) {
  const [letters, setLetters] = useState<Letters | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const wanted = useRef(find);
  wanted.current = find;
  const load = async (after: string | null) => {
    try {
      const reply = await api.deadLetters(runtime, after, find);
      // Meanwhile something else is looked for.
      if (wanted.current !== find) return;
      setLetters((before) => appended(after === null ? null : before, reply));
      setFailure(null);
    } catch (error) {
      setFailure(messageOf(error));
    }
  };
  // Another one was dead-lettered by this consumer: it belongs on top.
  useEffect(() => {
    void load(null);
  }, [runtime, length, find]);
  return { letters, failure, load };
}

interface AskProps {
  readonly action: Action;
  readonly count: number;
  readonly onConfirm: () => void;
  readonly onCancel: () => void;
}

function Ask({ action, count, onConfirm, onCancel }: AskProps) {
  const what = plural(count, 'dead letter');
  return action === 'redrive' ? (
    <Confirm title={`Redrive ${what}?`} action="Redrive" onConfirm={onConfirm} onCancel={onCancel}>
      Each goes back to the stream with its retries counted from nothing, and some consumer takes it up.
    </Confirm>
  ) : (
    <Confirm title={`Delete ${what}?`} action="Delete" isDangerous onConfirm={onConfirm} onCancel={onCancel}>
      What they hold is gone then. This cannot be undone.
    </Confirm>
  );
}

interface OfProps {
  readonly runtime: RuntimeModel;
  /** Null before the first hello. */
  readonly greeting: Hello | null;
}

function Of({ runtime, greeting }: OfProps) {
  const { info, overview } = runtime;
  const [find, setFind] = useState('');
  const { letters, failure, load } = useLetters(info.id, overview.counters?.deadLettered, find);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [asked, setAsked] = useState<Action | null>(null);
  const [said, setSaid] = useState<string | null>(null);
  const isAllowed = greeting?.actions === true;
  const most = greeting?.limits.letters ?? 1;

  const act = async (action: Action) => {
    setAsked(null);
    try {
      const ids = [...chosen].slice(0, most);
      const outcome = await (action === 'redrive'
        ? api.redrive(info.id, ids)
        : api.deleteLetters(info.id, ids));
      setSaid(summary(outcome));
      setChosen(new Set());
    } catch (error) {
      setSaid(`It was not done: ${messageOf(error)}`);
    }
    await load(null);
  };

  return (
    <>
      <div class="view-head">
        <h1>Dead letters</h1>
        <code class="muted">{info.names.dlq}</code>
        {letters !== null && <span class="muted">{plural(letters.length, 'entry', 'entries')}</span>}
        <button type="button" class="button" onClick={() => void load(null)}>
          Look again
        </button>
        <Search value={find} label="Find by name, reason, owner or error" onChange={setFind} />
        <span class="push" />
        {isAllowed ? (
          <>
            <button
              type="button"
              class="button is-main"
              disabled={chosen.size === 0}
              onClick={() => setAsked('redrive')}
            >
              Redrive {chosen.size > 0 && chosen.size}
            </button>
            <button
              type="button"
              class="button is-danger"
              disabled={chosen.size === 0}
              onClick={() => setAsked('delete')}
            >
              Delete {chosen.size > 0 && chosen.size}
            </button>
          </>
        ) : (
          <span class="muted">Read only: the inspector was not started with actions.</span>
        )}
      </div>
      {said !== null && (
        <div class="banner tone-busy" role="status">
          {said}
        </div>
      )}
      {failure !== null && (
        <div class="banner tone-bad" role="alert">
          {failure}
        </div>
      )}
      {letters === null ? (
        failure === null && <Empty title="Asking Redis…" />
      ) : letters.rows.length === 0 && letters.after === null ? (
        <Empty title={find === '' ? 'There are no dead letters' : 'No dead letter has that'}>
          {find === ''
            ? 'Nothing has been given up on.'
            : 'Neither in its name, reason or owner, nor in its error.'}
        </Empty>
      ) : (
        <LettersTable
          rows={letters.rows}
          maxRetries={info.maxRetries}
          chosen={isAllowed ? chosen : null}
          onChoose={setChosen}
          onMore={letters.after === null ? null : () => void load(letters.after)}
        />
      )}
      {asked !== null && (
        <Ask
          action={asked}
          count={Math.min(chosen.size, most)}
          onConfirm={() => void act(asked)}
          onCancel={() => setAsked(null)}
        />
      )}
    </>
  );
}

export function DeadLetters() {
  const of = subject.value;
  return (
    <main class="view">
      {of === null ? (
        <Nothing />
      ) : of.live === null ? (
        <Empty title="A recording holds no dead letters">
          They are in Redis. Close the recording to see those of now.
        </Empty>
      ) : (
        <Of key={of.live.key} runtime={of.live} greeting={hello.value} />
      )}
    </main>
  );
}
