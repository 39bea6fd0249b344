/** Who told whom what, as it happens. */
import { useMemo, useRef } from 'preact/hooks';
import { number, plural } from '../model/format.js';
import { mermaidOf } from '../model/mermaid.js';
import type { Heard } from '../model/runtime-model.js';
import {
  type Arrow,
  type Sequence as Drawn,
  type Gap,
  isArrow,
  sequenceOf,
  wordsOfLane,
} from '../model/sequence.js';
import { Empty } from '../part/panel.js';
import { Search } from '../part/search.js';
import { type LanePlaces, placeLanes, SequenceRow } from '../part/sequence-row.js';
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

function Lanes({ places: { x } }: { readonly places: LanePlaces }) {
  return (
    <div class="lanes">
      {[...x].map(([lane, at]) => (
        <span key={lane} title={lane} style={{ left: `${at}px` }}>
          {wordsOfLane(lane)}
        </span>
      ))}
    </div>
  );
}

function Diagram({ lanes, rows }: Drawn) {
  const box = useRef<HTMLDivElement>(null);
  const places = placeLanes(lanes, useWidth(box));
  return (
    <div class="panel sequence" ref={box}>
      <div class="sequence-inner" style={{ minWidth: `${places.width}px` }}>
        <Lanes places={places} />
        <VirtualList
          items={rows}
          rowHeight={ROW_HEIGHT}
          label="Messages, the latest last"
          keyOf={(row: Arrow | Gap, index) => (isArrow(row) ? row.seq : `gap ${row.seq} ${index}`)}
          followsEnd
        >
          {(row) => <SequenceRow row={row} places={places} height={ROW_HEIGHT} />}
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
  return (
    <>
      <button type="button" class="button" onClick={() => void copyText(text())}>
        Copy as Mermaid
      </button>
      <button type="button" class="button" onClick={() => saveText(`${title}.mmd`, text())}>
        Save as Mermaid
      </button>
    </>
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
          label="Filter by event, stream, actor, state"
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
        <span class="muted push" role="status">
          {isPaused.value && of.kind === 'live' ? 'paused · ' : ''}
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
