/** A list of which only the rows in sight are in the document: ten thousand scroll like ten. All rows are equally high. */
import type { ComponentChildren, TargetedKeyboardEvent, TargetedPointerEvent } from 'preact';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';

const BEYOND = 8;

/** What rows are, by what the list is. */
const ROW_ROLES = { listbox: 'option', tree: 'treeitem' } as const;

/** Of a row, for whoever does not see it. */
export interface RowSemantics {
  readonly 'aria-label'?: string;
  /** 1: at the top of a tree. */
  readonly 'aria-level'?: number;
  /** Of a branch. */
  readonly 'aria-expanded'?: boolean;
}

interface VirtualListProps<T> {
  readonly items: readonly T[];
  /** Pixels. */
  readonly rowHeight: number;
  readonly keyOf: (item: T, index: number) => string | number;
  readonly children: (item: T, index: number) => ComponentChildren;
  readonly label: string;
  /** @defaultValue 'listbox' */
  readonly role?: keyof typeof ROW_ROLES;
  readonly semanticsOf?: (item: T) => RowSemantics;
  /** Stays at the end while that is in sight. */
  readonly followsEnd?: boolean;
  readonly current?: number;
  /** What tells the current row from others, wherever it is: it is brought into sight whenever that changes. */
  readonly currentKey?: string | number | null;
  readonly onKeyDown?: (event: TargetedKeyboardEvent<HTMLDivElement>) => void;
  /** Called with the row that the pointer went down on, also when others have come or gone above it before the pointer went up. */
  readonly onPick?: (item: T) => void;
}

/** The row under a pointer that went down. */
interface Pressed {
  readonly key: string | number;
  readonly x: number;
  readonly y: number;
}

/** Farther than this, in pixels, the pointer selects text, and picks nothing. */
const STILL_PX = 6;

export function VirtualList<T>(props: VirtualListProps<T>) {
  const {
    items,
    rowHeight,
    keyOf,
    children,
    label,
    role = 'listbox',
    semanticsOf,
    followsEnd = false,
    current = -1,
    currentKey = null,
    onKeyDown,
    onPick,
  } = props;
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 0 });
  const isAtEnd = useRef(true);
  const pressed = useRef<Pressed | null>(null);
  const id = useId();

  const look = () => {
    const element = box.current;
    if (element === null) return;
    const { scrollTop: top, clientHeight: height, scrollHeight } = element;
    isAtEnd.current = scrollHeight - top - height < rowHeight * 1.5;
    setView((before) => (before.top === top && before.height === height ? before : { top, height }));
  };

  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useLayoutEffect(() => {
    const element = box.current;
    if (element !== null && followsEnd && isAtEnd.current) element.scrollTop = element.scrollHeight;
  });

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null || current < 0) return;
    const top = current * rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + rowHeight > element.scrollTop + element.clientHeight) {
      element.scrollTop = top + rowHeight - element.clientHeight;
    }
  }, [currentKey]);

  const first = Math.max(0, Math.floor(view.top / rowHeight) - BEYOND);
  const last = Math.min(items.length, Math.ceil((view.top + view.height) / rowHeight) + BEYOND);
  const onPointerDown = ({
    target,
    button,
    clientX: x,
    clientY: y,
  }: TargetedPointerEvent<HTMLDivElement>) => {
    const element = target as Element;
    const index = Number(element.closest<HTMLElement>('.list-row')?.dataset.index ?? -1);
    const item = items[index];
    const isOurs = button === 0 && element.closest('button, a, input') === null;
    pressed.current = item === undefined || !isOurs ? null : { key: keyOf(item, index), x, y };
  };
  // Not its click: there is none where what was pressed has gone since, and of a row that has moved the list gets it.
  const onPointerUp = ({ clientX, clientY }: TargetedPointerEvent<HTMLDivElement>) => {
    const down = pressed.current;
    pressed.current = null;
    if (down === null || Math.hypot(clientX - down.x, clientY - down.y) > STILL_PX) return;
    const item = items.find((candidate, index) => keyOf(candidate, index) === down.key);
    if (item !== undefined) onPick?.(item);
  };
  const semantics = {
    role,
    'aria-label': label,
    'aria-activedescendant': current >= first && current < last ? `${id}-${current}` : undefined,
    tabIndex: 0,
    onKeyDown,
    onPointerDown,
    onPointerUp,
  };
  const semanticsOfRow = (item: T, index: number) => ({
    role: ROW_ROLES[role],
    'aria-selected': index === current,
    'aria-posinset': index + 1,
    'aria-setsize': items.length,
    ...semanticsOf?.(item),
  });
  return (
    // The list itself takes the keys: rows come and go as it scrolls.
    <div class="list" ref={box} onScroll={look} {...semantics}>
      <div class="list-space" style={{ height: `${items.length * rowHeight}px` }}>
        {items.slice(first, last).map((item, offset) => {
          const index = first + offset;
          return (
            <div
              class="list-row"
              id={`${id}-${index}`}
              data-index={index}
              key={keyOf(item, index)}
              tabIndex={-1}
              style={{ top: `${index * rowHeight}px`, height: `${rowHeight}px` }}
              {...semanticsOfRow(item, index)}
            >
              {children(item, index)}
            </div>
          );
        })}
      </div>
    </div>
  );
}
