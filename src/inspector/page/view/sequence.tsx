/** Who told whom what, as it happens. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { number, plural } from '../model/format.js';
import { mermaidOf } from '../model/mermaid.js';
import type { Heard } from '../model/runtime-model.js';
import {
  type Arrow,
  type Sequence as Drawn,
  type Gap,
  isArrow,
  OUTSIDE,
  sequenceOf,
  wordsOfLane,
} from '../model/sequence.js';
import { Breakable } from '../part/breakable.js';
import { Empty } from '../part/panel.js';
import { Search } from '../part/search.js';
import { type LanePlaces, openActorOf, placeLanes, SequenceRow, wordsOfRow } from '../part/sequence-row.js';
import { useWidth } from '../part/use-width.js';
import { VirtualList } from '../part/virtual-list.js';
import { copyText, saveText } from '../state/files.js';
import { isPaused } from '../state/keyboard.js';
import { route, setParams } from '../state/router.js';
import { type Subject, subject } from '../state/store.js';
import { Nothing } from './nothing.js';

const ROW_HEIGHT = 30;
/** What Mermaid can still draw, and people can read. */
const MOST_EXPORTED = 500;
/** For so long a button says that it was done, in milliseconds. */
const COPIED_MS = 2_000;

function Lanes({ places: { x, between } }: { readonly places: LanePlaces }) {
  return (
    <div class="lanes">
      {[...x].map(([lane, at]) => (
        <span
          key={lane}
          title={lane === OUTSIDE ? 'Redis, a timer, or the application' : lane}
          style={{ left: `${at}px`, maxWidth: `${between - 6}px` }}
        >
          <Breakable text={wordsOfLane(lane)} />
        </span>
      ))}
    </div>
  );
}

function Diagram({ lanes, rows }: Drawn) {
  const box = useRef<HTMLDivElement>(null);
  const places = placeLanes(lanes, useWidth(box));
  const [chosen, setChosen] = useState<number | null>(null);
  const current = useMemo(() => rows.findIndex(({ seq }) => seq === chosen), [rows, chosen]);
  const onKeyDown = (event: { readonly key: string; preventDefault(): void; stopPropagation(): void }) => {
    const here = rows[current];
    const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    // The latest are looked at first.
    const next = current === -1 ? rows.at(-1) : rows[current + by];
    if (by !== 0 && next !== undefined) setChosen(next.seq);
    else if (event.key === 'Enter' && here !== undefined) openActorOf(here);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="panel sequence" ref={box}>
      <div class="sequence-inner" style={{ minWidth: `${places.width}px` }}>
        <Lanes places={places} />
        <VirtualList
          items={rows}
          rowHeight={ROW_HEIGHT}
          label="Messages, the latest last"
          keyOf={(row: Arrow | Gap, index) => (isArrow(row) ? row.seq : `gap ${row.seq} ${index}`)}
          semanticsOf={(row) => ({ 'aria-label': wordsOfRow(row) })}
          followsEnd={current === -1}
          current={current}
          currentKey={chosen}
          onKeyDown={onKeyDown}
          onPick={openActorOf}
        >
          {(row, index) => (
            <SequenceRow row={row} places={places} height={ROW_HEIGHT} isCurrent={index === current} />
          )}
        </VirtualList>
      </div>
    </div>
  );
}

/** While it is paused: what was there then. */
function useFrozen(messages: readonly Heard[]): readonly Heard[] {
  const frozen = useRef<readonly Heard[] | null>(null);
  if (!isPaused.value) frozen.current = null;
  else frozen.current ??= [...messages];
  return frozen.current ?? messages;
}

function Export({ drawn, title }: { readonly drawn: Drawn; readonly title: string }) {
  const text = () => mermaidOf({ ...drawn, rows: drawn.rows.slice(-MOST_EXPORTED) });
  const [isCopied, setIsCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return undefined;
    const timer = setTimeout(() => setIsCopied(false), COPIED_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);
  return (
    <span class="group">
      <span class="muted">Mermaid</span>
      <button
        type="button"
        class="button"
        aria-label="Copy as Mermaid"
        onClick={() => void copyText(text()).then(() => setIsCopied(true))}
      >
        {isCopied ? 'Copied' : 'Copy'}
      </button>
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

function Of({ of }: { readonly of: Subject }) {
  const { q = '', actor = '', changes = '' } = route.value.params;
  const messages = useFrozen(of.messages);
  const newest = messages.at(-1)?.seq;
  const drawn = useMemo(
    () =>
      sequenceOf(messages, { words: q, actor: actor === '' ? null : actor, onlyChanges: changes === '1' }),
    [messages, messages.length, newest, q, actor, changes],
  );
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
        <button
          type="button"
          class="button"
          aria-pressed={changes === '1'}
          onClick={() => setParams({ changes: changes === '1' ? '' : '1' })}
        >
          Only changes of state
        </button>
        {of.kind === 'live' && (
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
        )}
        <Export drawn={drawn} title={of.title} />
        <span class="muted push">
          <span role="status">{isPaused.value && of.kind === 'live' ? 'paused · ' : ''}</span>
          {plural(count, 'message')}
        </span>
      </div>
      {actor !== '' && (
        <div class="chips">
          <button type="button" class="chip" aria-pressed="true" onClick={() => setParams({ actor: '' })}>
            only {actor} ✕
          </button>
        </div>
      )}
      {count === 0 ? (
        <Empty title={messages.length === 0 ? 'Nobody has told anybody anything yet' : 'No message matches'}>
          {messages.length > 0 && `${number(messages.length)} were looked at.`}
        </Empty>
      ) : (
        <Diagram {...drawn} />
      )}
    </>
  );
}

export function Sequence() {
  const of = subject.value;
  return <main class="view is-fixed">{of === null ? <Nothing /> : <Of of={of} />}</main>;
}
