/** A list of which only the rows in sight are in the document: ten thousand scroll like ten. All rows are equally high. */
import type { ComponentChildren, TargetedKeyboardEvent } from 'preact';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';

const BEYOND = 8;

interface VirtualListProps<T> {
  readonly items: readonly T[];
  /** Pixels. */
  readonly rowHeight: number;
  readonly keyOf: (item: T, index: number) => string | number;
  readonly children: (item: T, index: number) => ComponentChildren;
  readonly label: string;
  /** Stays at the end while that is in sight. */
  readonly followsEnd?: boolean;
  /** Is brought into sight whenever it becomes another one. */
  readonly current?: number;
  readonly onKeyDown?: (event: TargetedKeyboardEvent<HTMLDivElement>) => void;
  readonly width?: number;
}

export function VirtualList<T>(props: VirtualListProps<T>) {
  const {
    items,
    rowHeight,
    keyOf,
    children,
    label,
    followsEnd = false,
    current = -1,
    onKeyDown,
    width,
  } = props;
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 0 });
  const isAtEnd = useRef(true);
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
  }, [current]);

  const first = Math.max(0, Math.floor(view.top / rowHeight) - BEYOND);
  const last = Math.min(items.length, Math.ceil((view.top + view.height) / rowHeight) + BEYOND);
  return (
    // The list itself takes the keys: rows come and go as it scrolls.
    <div
      class="list"
      ref={box}
      role="listbox"
      aria-label={label}
      tabIndex={0}
      aria-activedescendant={current >= first && current < last ? `${id}-${current}` : undefined}
      onScroll={look}
      onKeyDown={onKeyDown}
    >
      <div
        class="list-space"
        style={{ height: `${items.length * rowHeight}px`, ...(width ? { width: `${width}px` } : {}) }}
      >
        {items.slice(first, last).map((item, offset) => {
          const index = first + offset;
          return (
            <div
              class="list-row"
              role="option"
              id={`${id}-${index}`}
              key={keyOf(item, index)}
              aria-selected={index === current}
              aria-posinset={index + 1}
              aria-setsize={items.length}
              tabIndex={-1}
              style={{ top: `${index * rowHeight}px`, height: `${rowHeight}px` }}
            >
              {children(item, index)}
            </div>
          );
        })}
      </div>
    </div>
  );
}
