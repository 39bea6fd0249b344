/** Who told whom what, as it happens. */
import { useMemo, useRef } from 'preact/hooks';
import { number, plural } from '../model/format.js';
import { mermaidOf } from '../model/mermaid.js';
import type { Heard } from '../model/runtime-model.js';
import { type Sequence as Drawn, isArrow, sequenceOf } from '../model/sequence.js';
import { CopyButton } from '../part/copy-button.js';
import { Empty } from '../part/panel.js';
import { Search } from '../part/search.js';
import { SequenceDiagram } from '../part/sequence-diagram.js';
import { saveText } from '../state/files.js';
import { isPaused } from '../state/keyboard.js';
import { route, setParams } from '../state/router.js';
import { type Subject, subject } from '../state/store.js';
import { Nothing } from './nothing.js';
import { kindsLeftOut, SequenceFilters } from './sequence-filters.js';

/** What Mermaid can still draw, and people can read. */
const MOST_EXPORTED = 500;
/** While it is paused: what was there then. */
function useFrozen(messages: readonly Heard[]): readonly Heard[] {
  const frozen = useRef<readonly Heard[] | null>(null);
  if (!isPaused.value) frozen.current = null;
  else frozen.current ??= [...messages];
  return frozen.current ?? messages;
}

function Export({ drawn, title }: { readonly drawn: Drawn; readonly title: string }) {
  const text = () => mermaidOf({ ...drawn, rows: drawn.rows.slice(-MOST_EXPORTED) });
  return (
    <span class="group">
      <span class="muted">Mermaid</span>
      <CopyButton label="Copy" name="Copy as Mermaid" isSmall={false} textOf={text} />
      <button
        type="button"
        class="button"
        aria-label="Save as Mermaid"
        onClick={() => saveText(`${title}.mmd`, text())}
      >
        Save
      </button>
    </span>
  );
}

/** Lanes that the address has folded. */
function useFolded(): readonly [folded: ReadonlySet<string>, fold: (lane: string) => void] {
  const { fold = '' } = route.value.params;
  const folded = useMemo(() => new Set(fold.split(',').filter(Boolean).map(decodeURIComponent)), [fold]);
  const toggle = (lane: string) => {
    const next = folded.has(lane) ? [...folded].filter((one) => one !== lane) : [...folded, lane];
    setParams({ fold: next.map(encodeURIComponent).join(',') });
  };
  return [folded, toggle];
}

function useDrawn(messages: readonly Heard[], newest: number | undefined): Drawn {
  const { q: words = '', actor = '', stream = '', changes = '', without = '' } = route.value.params;
  return useMemo(
    () =>
      sequenceOf(messages, {
        words,
        actor: actor === '' ? null : actor,
        stream: stream === '' ? null : stream,
        onlyChanges: changes === '1',
        without: kindsLeftOut(),
      }),
    [messages, messages.length, newest, words, actor, stream, changes, without],
  );
}

function PauseButton() {
  return (
    <button
      type="button"
      class="button"
      aria-pressed={isPaused.value}
      onClick={() => {
        isPaused.value = !isPaused.value;
      }}
    >
      {isPaused.value ? 'Resume' : 'Pause'} <kbd>Space</kbd>
    </button>
  );
}

function Of({ of }: { readonly of: Subject }) {
  const { q = '' } = route.value.params;
  const messages = useFrozen(of.messages);
  const newest = messages.at(-1)?.seq;
  const drawn = useDrawn(messages, newest);
  const [folded, fold] = useFolded();
  const count = drawn.rows.filter(isArrow).length;
  return (
    <>
      <div class="view-head">
        <h1>Sequence</h1>
        <Search
          value={q}
          label="Filter: event, stream, actor"
          onChange={(words) => setParams({ q: words })}
        />
        {of.kind === 'live' && <PauseButton />}
        <Export drawn={drawn} title={of.title} />
        <span class="muted push">
          <span role="status">{isPaused.value && of.kind === 'live' ? 'paused · ' : ''}</span>
          {plural(count, 'message')}
        </span>
      </div>
      <SequenceFilters messages={messages} newest={newest} />
      {count === 0 ? (
        <Empty title={messages.length === 0 ? 'Nobody has told anybody anything yet' : 'No message matches'}>
          {messages.length > 0 && `${number(messages.length)} were looked at.`}
        </Empty>
      ) : (
        <SequenceDiagram {...drawn} folded={folded} onFold={fold} />
      )}
    </>
  );
}

export function Sequence() {
  const of = subject.value;
  return <main class="view is-fixed">{of === null ? <Nothing /> : <Of of={of} />}</main>;
}
