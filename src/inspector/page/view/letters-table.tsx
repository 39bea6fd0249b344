import { Fragment } from 'preact';
import { useState } from 'preact/hooks';
import type { DeadLetterRow } from '../../protocol.js';
import { dateTime, number, plural } from '../model/format.js';
import { Badge } from '../part/badge.js';
import { JsonView } from '../part/json-view.js';

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
            <th>Dead-lettered</th>
            <th>Stream</th>
            <th>Reason</th>
            <th class="num">Retries</th>
            <th>Id</th>
            <th>
              <span class="unseen">Payload</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((letter) => {
            const { id, at, stream, reason, retryCount, problem, error } = letter;
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
                  <td>
                    {reason === null ? <span class="muted">none given</span> : reason.replaceAll('_', ' ')}
                    {error !== null && (
                      <div class="muted">
                        {error.name}: {error.message}
                      </div>
                    )}
                  </td>
                  <td
                    class="num"
                    title={`given up on after more than ${plural(maxRetries, 'retry', 'retries')}`}
                  >
                    {number(retryCount)}
                  </td>
                  <td class="mono nowrap">{id}</td>
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
                    <td colSpan={chosen === null ? 6 : 7}>
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
          </button>
        </div>
      )}
    </div>
  );
}
