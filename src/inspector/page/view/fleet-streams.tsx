/** What is pending for one process, a page at a time, as it was when it was asked for. */
import { useEffect, useState } from 'preact/hooks';
import type { PendingRow } from '../../protocol.js';
import { duration, number } from '../model/format.js';
import { type SortKeys, sorted } from '../model/sorting.js';
import { Badge } from '../part/badge.js';
import { Breakable } from '../part/breakable.js';
import { Empty, Panel } from '../part/panel.js';
import { SortHeader, sortingOf } from '../part/sort-header.js';
import { api, messageOf } from '../state/api.js';

const TONES = {
  owned: 'good',
  waiting: 'quiet',
  delivered: 'busy',
  heldBack: 'warn',
  unknown: 'warn',
  deadLetterDue: 'bad',
  gone: 'bad',
} as const;

/** Member of the address. */
const SORT = 'streams';

const KEYS: SortKeys<PendingRow> = {
  name: ({ name }) => name,
  state: ({ state }) => state,
  token: ({ id }) => id,
  retries: ({ retryCount }) => retryCount,
  given: ({ idleMs }) => idleMs,
};

interface Streams {
  readonly rows: readonly PendingRow[];
  readonly after: string | null;
}

/** Of another process, or another source, it is made anew. */
export function FleetStreams({ source, consumer }: { readonly source: string; readonly consumer: string }) {
  const [streams, setStreams] = useState<Streams | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const load = async (after: string | null) => {
    try {
      const page = await api.fleetStreams(source, consumer, after);
      setStreams((before) => ({
        rows: [...(after === null ? [] : (before?.rows ?? [])), ...page.rows],
        after: page.after,
      }));
      setFailure(null);
    } catch (error) {
      setFailure(messageOf(error));
    }
  };
  useEffect(() => {
    void load(null);
  }, []);
  return (
    <Panel
      title={`Streams of ${consumer}`}
      isFlush
      aside={
        <>
          {streams !== null && (
            <span class="muted">
              {number(streams.rows.length)}
              {streams.after !== null && ', and more'}
            </span>
          )}
          <button type="button" class="button is-small push" onClick={() => void load(null)}>
            Look again
          </button>
        </>
      }
    >
      {failure !== null && (
        <div class="banner tone-bad" role="alert">
          {failure}
        </div>
      )}
      {streams === null ? (
        failure === null && <Empty title="Asking Redis…" />
      ) : streams.rows.length === 0 ? (
        <Empty title="It has none">Nothing is pending for it.</Empty>
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <SortHeader param={SORT} column="name">
                  Stream
                </SortHeader>
                <SortHeader param={SORT} column="state">
                  State
                </SortHeader>
                <SortHeader param={SORT} column="token">
                  Fencing token
                </SortHeader>
                <SortHeader param={SORT} column="retries" isNumber>
                  Retries
                </SortHeader>
                <SortHeader param={SORT} column="given" isNumber>
                  Given to it
                </SortHeader>
              </tr>
            </thead>
            <tbody>
              {sorted(streams.rows, sortingOf(SORT), KEYS).map(
                ({ id, name, state, retryCount, idleMs, mark }) => (
                  <tr key={id} data-stream={id}>
                    <td class="wrap rest">
                      {name === null ? (
                        <span class="muted">unknown: it cannot be read</span>
                      ) : (
                        <Breakable text={name} />
                      )}
                    </td>
                    <td class="nowrap">
                      <Badge tone={TONES[state]}>{state.replace(/([A-Z])/g, ' $1').toLowerCase()}</Badge>{' '}
                      {mark !== null && <Badge tone={mark === 'suspect' ? 'warn' : 'quiet'}>{mark}</Badge>}
                    </td>
                    <td class="mono nowrap">{id}</td>
                    <td class="num">{retryCount === null ? '' : number(retryCount)}</td>
                    <td class="num nowrap">{duration(idleMs)} ago</td>
                  </tr>
                ),
              )}
            </tbody>
          </table>
          {streams.after !== null && (
            <div class="body">
              <button type="button" class="button" onClick={() => void load(streams.after)}>
                Show more
              </button>
            </div>
          )}
        </div>
      )}
    </Panel>
  );
}
