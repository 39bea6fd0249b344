/** In which order a table stands: said in the address as the column's name, with a `-` before it where the largest come first. */

export interface Sorting {
  readonly column: string;
  readonly isDown: boolean;
}

/** What a column sorts by; null: nothing is known there, which stands last, whichever the order. */
export type SortKeys<T> = Readonly<Record<string, (row: T) => string | number | null>>;

/** Null: as the rows come. */
export function parseSorting(text: string | undefined): Sorting | null {
  if (!text) return null;
  const isDown = text.startsWith('-');
  return { column: isDown ? text.slice(1) : text, isDown };
}

/** What a click on a column's header makes of it, as the address says it: up, then down, then as the rows come. */
export function afterClick(now: Sorting | null, column: string): string {
  if (now?.column !== column) return column;
  return now.isDown ? '' : `-${column}`;
}

export function ariaSort(now: Sorting | null, column: string): 'ascending' | 'descending' | 'none' {
  if (now?.column !== column) return 'none';
  return now.isDown ? 'descending' : 'ascending';
}

const texts = new Intl.Collator('en', { numeric: true });

/** Rows that are equal there stay as they come. A column that there is not sorts nothing. */
export function sorted<T>(rows: readonly T[], sorting: Sorting | null, keys: SortKeys<T>): readonly T[] {
  if (sorting === null || !Object.hasOwn(keys, sorting.column)) return rows;
  const keyOf = keys[sorting.column] as SortKeys<T>[string];
  const sign = sorting.isDown ? -1 : 1;
  const keyed = rows.map((row) => ({ row, key: keyOf(row) }));
  keyed.sort(({ key: a }, { key: b }) => {
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    if (typeof a === 'number' && typeof b === 'number') return sign * (a - b);
    return sign * texts.compare(String(a), String(b));
  });
  return keyed.map(({ row }) => row);
}
