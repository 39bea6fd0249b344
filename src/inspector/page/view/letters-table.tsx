import { Fragment } from 'preact';
import { useState } from 'preact/hooks';
import type { DeadLetterRow } from '../../protocol.js';
import { dateTime, number, plural } from '../model/format.js';
import { type SortKeys, sorted } from '../model/sorting.js';
import { Badge } from '../part/badge.js';
import { ColumnsMenu, useColumns } from '../part/columns.js';
import { JsonView } from '../part/json-view.js';
import { SortHeader, sortingOf } from '../part/sort-header.js';

function Payload({ letter }: { readonly letter: DeadLetterRow }) {
  const { fields, info, problem, owner, error, failures, deaths } = letter;
  return (
    <div class="letter-fields">
      {problem !== null && (
        <p>
          <Badge tone="bad">cannot be parsed</Badge> {problem}
        </p>
      )}
      <p>
        {plural(failures, 'failure')}, {plural(deaths, 'death')}
        {owner !== null && (
          <>
            ; last with <code>{owner}</code>
          </>
        )}
      </p>
      {error !== null && <pre>{error.stack ?? `${error.name}: ${error.message}`}</pre>}
      {typeof info === 'object' && info !== null && <JsonView value={info} />}
      <dl class="facts">
        {fields.map(({ name, value, cut }) => (
          <Fragment key={name}>
            <dt class="mono">{name}</dt>
            <dd class="mono">
              {value}
              {cut && <span class="muted"> … (cut: it is longer)</span>}
            </dd>
          </Fragment>
        ))}
      </dl>
    </div>
  );
}

/** Member of the address. */
const SORT = 'sort';

const KEYS: SortKeys<DeadLetterRow> = {
  at: ({ at }) => at,
  stream: ({ stream }) => stream,
  reason: ({ reason, error }) => reason && `${reason} ${error?.name ?? ''}`,
  retries: ({ retryCount }) => retryCount,
  owner: ({ owner }) => owner,
};

const COLUMNS = { reason: 'Reason', retries: 'Retries', owner: 'Last with', id: 'Id' } as const;

interface LettersTableProps {
  readonly rows: readonly DeadLetterRow[];
  readonly maxRetries: number;
  /** Null: they cannot be chosen. */
  readonly chosen: ReadonlySet<string> | null;
  readonly onChoose: (ids: ReadonlySet<string>) => void;
  /** Null: these are all. */
  readonly onMore: (() => void) | null;
}

function toggled(ids: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const next = new Set(ids);
  if (!next.delete(id)) next.add(id);
  return next;
}

export function LettersTable({ rows, maxRetries, chosen, onChoose, onMore }: LettersTableProps) {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const columns = useColumns('letters');
  const has = columns.isShown;
  const hasAll = chosen !== null && rows.every(({ id }) => chosen.has(id));
  return (
    <div class="panel">
      <table>
        <thead>
          <tr>
            {chosen !== null && (
              <th>
                <input
                  type="checkbox"
                  aria-label="Choose all that are shown"
                  checked={hasAll}
                  onChange={() => onChoose(hasAll ? new Set() : new Set(rows.map(({ id }) => id)))}
                />
              </th>
            )}
            <SortHeader param={SORT} column="at">
              Dead-lettered
            </SortHeader>
            <SortHeader param={SORT} column="stream">
              Stream
            </SortHeader>
            {has('reason') && (
              <SortHeader param={SORT} column="reason">
                Reason
              </SortHeader>
            )}
            {has('retries') && (
              <SortHeader param={SORT} column="retries" isNumber>
                Retries
              </SortHeader>
            )}
            {has('owner') && (
              <SortHeader param={SORT} column="owner">
                Last with
              </SortHeader>
            )}
            {has('id') && <th>Id</th>}
            <th class="num">
              <ColumnsMenu columns={columns} names={COLUMNS} />
            </th>
          </tr>
        </thead>
        <tbody>
          {sorted(rows, sortingOf(SORT), KEYS).map((letter) => {
            const { id, at, stream, reason, retryCount, owner, problem, error } = letter;
            const isOpen = open.has(id);
            return (
              <Fragment key={id}>
                <tr data-letter={id}>
                  {chosen !== null && (
                    <td>
                      <input
                        type="checkbox"
                        aria-label={`Choose ${stream ?? id}`}
                        checked={chosen.has(id)}
                        onChange={() => onChoose(toggled(chosen, id))}
                      />
                    </td>
                  )}
                  <td class="nowrap">{dateTime(at)}</td>
                  <td class="wrap">
                    {stream ?? <span class="muted">unknown</span>}{' '}
                    {problem !== null && (
                      <Badge tone="bad">{reason === 'tooLarge' ? 'too large' : 'unparseable'}</Badge>
                    )}
                  </td>
                  {has('reason') && (
                    <td class="wrap">
                      {reason === null ? <span class="muted">none given</span> : reason.replaceAll('_', ' ')}
                      {error !== null && (
                        <div class="muted">
                          {error.name}: {error.message}
                        </div>
                      )}
                    </td>
                  )}
                  {has('retries') && (
                    <td
                      class="num"
                      title={`given up on after more than ${plural(maxRetries, 'retry', 'retries')}`}
                    >
                      {number(retryCount)}
                    </td>
                  )}
                  {has('owner') && <td class="wrap">{owner}</td>}
                  {has('id') && <td class="mono nowrap">{id}</td>}
                  <td>
                    <button
                      type="button"
                      class="button is-small"
                      aria-expanded={isOpen}
                      aria-label={`Payload of ${stream ?? id}`}
                      onClick={() => setOpen(toggled(open, id))}
                    >
                      Payload
                    </button>
                  </td>
                </tr>
                {isOpen && (
                  <tr>
                    <td colSpan={8}>
                      <Payload letter={letter} />
                    </td>
                  </tr>
                )}
              </Fragment>
            );
          })}
        </tbody>
      </table>
      {onMore !== null && (
        <div class="body">
          <button type="button" class="button" onClick={onMore}>
            Show more
          </button>{' '}
          {sortingOf(SORT) !== null && (
            <span class="muted">Sorted are the {number(rows.length)} that are shown.</span>
          )}
        </div>
      )}
    </div>
  );
}
