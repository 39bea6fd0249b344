/** Which columns of a table are shown: chosen by whoever looks, and kept in this browser. */
import { useState } from 'preact/hooks';

function keptAt(table: string): string {
  return `streamwarden.hidden.${table}`;
}

/** A browser may keep nothing, or something else under that name. */
function read(table: string): ReadonlySet<string> {
  try {
    return new Set((localStorage.getItem(keptAt(table)) ?? '').split(',').filter(Boolean));
  } catch {
    return new Set();
  }
}

function keep(table: string, hidden: ReadonlySet<string>): void {
  try {
    localStorage.setItem(keptAt(table), [...hidden].join(','));
  } catch {
    // They are hidden until the page is left.
  }
}

export interface Columns {
  isShown(column: string): boolean;
  toggle(column: string): void;
}

/** @param table names it in this browser */
export function useColumns(table: string): Columns {
  const [hidden, setHidden] = useState(() => read(table));
  return {
    isShown: (column) => !hidden.has(column),
    toggle(column) {
      const next = new Set(hidden);
      if (!next.delete(column)) next.add(column);
      keep(table, next);
      setHidden(next);
    },
  };
}

interface ColumnsMenuProps {
  readonly columns: Columns;
  /** By name: what each is called. */
  readonly names: Readonly<Record<string, string>>;
}

export function ColumnsMenu({ columns, names }: ColumnsMenuProps) {
  return (
    <details class="columns-menu">
      <summary class="button is-small">Columns</summary>
      <fieldset aria-label="Columns">
        {Object.entries(names).map(([column, name]) => (
          <label key={column}>
            <input
              type="checkbox"
              checked={columns.isShown(column)}
              onChange={() => columns.toggle(column)}
            />{' '}
            {name}
          </label>
        ))}
      </fieldset>
    </details>
  );
}
