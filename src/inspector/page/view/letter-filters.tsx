/** How dead letters are narrowed down: by age, by reason, by the name of the error; with how many there are of each. */
import type { ComponentChildren } from 'preact';
import type { LetterGroup, LetterGroupsReply } from '../../protocol.js';
import { number } from '../model/format.js';
import { AGES, matchWords } from '../model/letters.js';
import type { Route } from '../model/route.js';
import { Chip } from '../part/chip.js';
import { setParams } from '../state/router.js';

/** Errors may have as many names as their application likes. */
const MOST_SHOWN = 12;

interface GroupsProps {
  readonly label: string;
  readonly none: string;
  /** Member of the address. */
  readonly param: 'reason' | 'error';
  readonly chosen: string;
  readonly groups: readonly LetterGroup[];
}

function Groups({ label, none, param, chosen, groups }: GroupsProps) {
  const isThere = chosen === '' || groups.some(({ name }) => name === chosen);
  const shown = [...(isThere ? [] : [{ name: chosen, count: 0 }]), ...groups.slice(0, MOST_SHOWN)];
  if (shown.length === 0) return null;
  return (
    <fieldset class="chips" aria-label={label}>
      {shown.map(({ name, count }) => (
        <Chip
          key={name ?? ''}
          name={name?.replaceAll('_', ' ') ?? none}
          count={count}
          isOn={name === chosen}
          onToggle={name === null ? null : () => setParams({ [param]: name === chosen ? '' : name })}
        />
      ))}
      {groups.length > MOST_SHOWN && (
        <span class="muted">and {number(groups.length - MOST_SHOWN)} more kinds</span>
      )}
    </fieldset>
  );
}

interface LetterFiltersProps {
  /** What the address says. */
  readonly params: Route['params'];
  /** Null: nothing has been counted yet. */
  readonly counted: LetterGroupsReply | null;
  readonly isCounting: boolean;
  readonly onCountAll: () => void;
  readonly children: ComponentChildren;
}

export function LetterFilters(props: LetterFiltersProps) {
  const { params, counted, isCounting, onCountAll, children } = props;
  const { age = '', reason = '', error = '' } = params;
  return (
    <div class="letter-filters">
      <select
        class="field"
        aria-label="Age"
        value={age}
        onChange={({ currentTarget }) => setParams({ age: currentTarget.value })}
      >
        {Object.entries(AGES).map(([age, { words }]) => (
          <option key={age} value={age}>
            {words}
          </option>
        ))}
      </select>
      {counted !== null && (
        <>
          <Groups label="Reasons" none="no reason" param="reason" chosen={reason} groups={counted.reasons} />
          <Groups label="Errors" none="no error" param="error" chosen={error} groups={counted.errors} />
          <span class="muted" role="status" data-matching>
            {matchWords(counted)}
          </span>
          {counted.after !== null && (
            <button type="button" class="button is-small" disabled={isCounting} onClick={onCountAll}>
              Count all {number(counted.length)}
            </button>
          )}
        </>
      )}
      {children}
    </div>
  );
}
