/** Headers that are clicked to sort. In which order a table stands is in the address. */
import type { ComponentChildren } from 'preact';
import { afterClick, ariaSort, parseSorting, type Sorting } from '../model/sorting.js';
import { route, setParams } from '../state/router.js';

/** @param param member of the address: a view may have several tables */
export function sortingOf(param: string): Sorting | null {
  return parseSorting(route.value.params[param]);
}

interface SortButtonProps {
  readonly param: string;
  readonly column: string;
  readonly title?: string | undefined;
  readonly children: ComponentChildren;
}

function SortButton({ param, column, title, children }: SortButtonProps) {
  const sorting = sortingOf(param);
  const mark = { ascending: '▲', descending: '▼', none: '' }[ariaSort(sorting, column)];
  return (
    <button
      type="button"
      class="sort"
      title={title}
      onClick={() => setParams({ [param]: afterClick(sorting, column) })}
    >
      {children}
      <span aria-hidden="true">{mark}</span>
    </button>
  );
}

interface SortHeaderProps extends SortButtonProps {
  readonly isNumber?: boolean | undefined;
}

/** Of a table. */
export function SortHeader({ isNumber = false, ...button }: SortHeaderProps) {
  return (
    <th class={isNumber ? 'num' : ''} aria-sort={ariaSort(sortingOf(button.param), button.column)}>
      <SortButton {...button} />
    </th>
  );
}
