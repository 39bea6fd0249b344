/** Arrows between lanes, the latest last; scrolled both ways, with the heads of the lanes and the times in sight. */
import { useMemo, useRef, useState } from 'preact/hooks';
import { placeLanes } from '../model/lanes.js';
import { isArrow, isQuiet, type Row, type Sequence } from '../model/sequence.js';
import { wordsOfRow } from '../model/sequence-words.js';
import { LaneHeads } from './lane-heads.js';
import { openActorOf, SequenceRow } from './sequence-row.js';
import { useWidth } from './use-width.js';
import { VirtualList } from './virtual-list.js';

const ROW_HEIGHT = 30;

interface SequenceDiagramProps extends Sequence {
  readonly folded: ReadonlySet<string>;
  readonly onFold: (lane: string) => void;
}

function keyOf(row: Row, index: number): string | number {
  if (isArrow(row)) return row.seq;
  return `${isQuiet(row) ? 'quiet' : 'gap'} ${row.seq} ${index}`;
}

export function SequenceDiagram({ lanes, rows, folded, onFold }: SequenceDiagramProps) {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const places = useMemo(() => placeLanes(lanes, folded, width), [lanes.join('\n'), folded, width]);
  const [scrolled, setScrolled] = useState(0);
  const [chosen, setChosen] = useState<number | null>(null);
  const isChosen = (row: Row) => isArrow(row) && row.seq === chosen;
  const current = useMemo(() => rows.findIndex(isChosen), [rows, chosen]);
  const onKeyDown = (event: { readonly key: string; preventDefault(): void; stopPropagation(): void }) => {
    const here = rows[current];
    const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    // The latest are looked at first.
    let next = current === -1 ? rows.length - 1 : current + by;
    while (rows[next] !== undefined && !isArrow(rows[next] as Row)) next += by || -1;
    const row = rows[next];
    if (by !== 0 && row !== undefined) setChosen(row.seq);
    else if (event.key === 'Enter' && here !== undefined) openActorOf(here);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div
      class="panel sequence"
      ref={box}
      onScroll={({ currentTarget }) => setScrolled(currentTarget.scrollLeft)}
    >
      <div class="sequence-inner" style={{ minWidth: `${places.width}px` }}>
        <LaneHeads places={places} onFold={onFold} />
        <VirtualList
          items={rows}
          rowHeight={ROW_HEIGHT}
          label="Messages, the latest last"
          keyOf={keyOf}
          semanticsOf={(row) => ({ 'aria-label': wordsOfRow(row) })}
          followsEnd={current === -1}
          current={current}
          currentKey={chosen}
          onKeyDown={onKeyDown}
          onPick={openActorOf}
        >
          {(row, index) => (
            <SequenceRow
              row={row}
              places={places}
              height={ROW_HEIGHT}
              isCurrent={index === current}
              scrolled={scrolled}
            />
          )}
        </VirtualList>
      </div>
    </div>
  );
}
