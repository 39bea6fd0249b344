/** Who owns a data stream, whichever process that is, and who did before. */
import { Fragment } from 'preact';
import { useEffect, useId, useState } from 'preact/hooks';
import type { FleetStreamReply, Ownership } from '../../protocol.js';
import { heldOf, ownershipWords } from '../model/fleet.js';
import { dateTime, duration, lagWords, number } from '../model/format.js';
import { Badge } from '../part/badge.js';
import { Breakable } from '../part/breakable.js';
import { Panel } from '../part/panel.js';
import { api, messageOf } from '../state/api.js';
import { SimilarNames, useNames } from './fleet-names.js';
import { StreamActions } from './stream-actions.js';
import { StreamLife } from './stream-life.js';

interface FleetSearchProps {
  readonly source: string;
  /** What is looked for; '': nothing. */
  readonly name: string;
  readonly onSearch: (name: string) => void;
}

/** Looked for when it is sent; while it is typed, names that are pending are suggested. */
export function FleetSearch({ source, name, onSearch }: FleetSearchProps) {
  const [typed, setTyped] = useState(name);
  const suggested = useNames(source, typed === name ? '' : typed);
  const id = useId();
  useEffect(() => setTyped(name), [name]);
  const label = 'Find a stream by its name';
  return (
    <form
      class="group"
      onSubmit={(event) => {
        event.preventDefault();
        onSearch(typed);
      }}
    >
      <span class="search">
        <input
          class="field"
          type="search"
          data-search
          list={id}
          value={typed}
          aria-label={label}
          placeholder={label}
          spellcheck={false}
          onInput={({ currentTarget }) => setTyped(currentTarget.value)}
        />
        {typed === '' && <kbd>/</kbd>}
      </span>
      <datalist id={id}>
        {suggested?.names.map((one) => (
          <option key={one.name} value={one.name} />
        ))}
      </datalist>
      <button type="submit" class="button">
        Find
      </button>
    </form>
  );
}

function Owner({ ownership }: { readonly ownership: Extract<Ownership, { state: 'owned' }> }) {
  const { owner, id, retryCount, sinceMs, leaseMs, isAlive, mark } = ownership;
  return (
    <dl class="facts">
      <dt>Owner</dt>
      <dd>
        {owner} <Badge tone={isAlive ? 'good' : 'bad'}>{isAlive ? 'alive' : 'dead'}</Badge>
        {leaseMs !== null && <span class="muted"> lease for {duration(leaseMs)} more</span>}
      </dd>
      <dt>Since</dt>
      <dd>{dateTime(sinceMs)}</dd>
      <dt>Fencing token</dt>
      <dd class="mono">{id}</dd>
      <dt>Retries</dt>
      <dd>
        {retryCount === null ? 'unknown' : number(retryCount)}{' '}
        {mark !== null && <Badge tone="warn">{mark}</Badge>}
      </dd>
    </dl>
  );
}

function Checkpoint({ checkpoint }: Pick<FleetStreamReply, 'checkpoint'>) {
  if (checkpoint === null) return null;
  if (checkpoint === 'unreadable') {
    return <p class="muted">Its checkpoint cannot be read: a newer version wrote it, or something else.</p>;
  }
  const { at, ageMs, number: count, token, value, positions, attempts } = checkpoint;
  return (
    <dl class="facts" data-checkpoint>
      <dt>Checkpoint</dt>
      <dd>
        {count === 0 ? 'left when it was finished' : `number ${number(count)} of its owner`}, written{' '}
        {duration(ageMs)} ago <span class="muted">{dateTime(at)}</span>
      </dd>
      <dt>Written under</dt>
      <dd class="mono">{token}</dd>
      {positions.map(({ key, id, lag }) => (
        <Fragment key={`position ${key}`}>
          <dt>Position</dt>
          <dd class="wrap">
            <Breakable text={key} /> <span class="mono">{id ?? 'removed'}</span>{' '}
            {lag !== null && (
              <span class={lag.entries === 0 ? 'muted' : undefined}>
                {lag.isExact ? '' : 'about '}
                {lagWords(lag)} behind it
              </span>
            )}
          </dd>
        </Fragment>
      ))}
      {attempts.map(({ key, id, count: tried }) => (
        <Fragment key={`attempts ${key}`}>
          <dt>Failing</dt>
          <dd class="wrap">
            <Breakable text={key} /> <span class="mono">{id}</span> tried {number(tried)} ×
          </dd>
        </Fragment>
      ))}
      {value !== null && (
        <>
          <dt>Saved</dt>
          <dd class="mono wrap">
            <Breakable text={value} />
          </dd>
        </>
      )}
    </dl>
  );
}

function Found(found: FleetStreamReply) {
  const { ownership, checkpoint, pausedAt } = found;
  return (
    <>
      <p>
        {ownershipWords(ownership)}
        {pausedAt !== null && ` It is paused since ${dateTime(pausedAt)}: nobody is given it.`}
      </p>
      {ownership?.state === 'owned' && <Owner ownership={ownership} />}
      {ownership?.state === 'unowned' && (
        <dl class="facts">
          {ownership.entries.slice(0, 20).map(({ id, pending }) => (
            <Fragment key={id}>
              <dt class="mono">{id}</dt>
              <dd>
                {pending === null ? 'not given to anybody yet' : `${pending.state} at ${pending.consumer}`}
              </dd>
            </Fragment>
          ))}
        </dl>
      )}
      <Checkpoint checkpoint={checkpoint} />
      <StreamLife {...found} />
    </>
  );
}

interface FoundStreamProps {
  readonly source: string;
  readonly name: string;
  /** The source is a runtime that may do something with it. */
  readonly mayAct: boolean;
}

/** Of another name, or another source, it is made anew. */
export function FoundStream({ source, name, mayAct }: FoundStreamProps) {
  const [found, setFound] = useState<FleetStreamReply | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const load = async () => {
    try {
      setFound(await api.fleetStream(source, name));
      setFailure(null);
    } catch (error) {
      setFailure(messageOf(error));
    }
  };
  useEffect(() => {
    void load();
  }, []);
  return (
    <Panel
      title="Found stream"
      aside={
        <>
          <b class="mono">
            <Breakable text={name} />
          </b>
          <button type="button" class="button is-small push" onClick={() => void load()}>
            Look again
          </button>
        </>
      }
    >
      <div role="status" class="found">
        {failure !== null && <p class="banner tone-bad">{failure}</p>}
        {found === null ? failure === null && <p class="muted">Asking Redis…</p> : <Found {...found} />}
      </div>
      {found !== null && (found.ownership === null || found.ownership.state === 'unknown') && (
        <SimilarNames source={source} part={name} />
      )}
      {mayAct && found !== null && (
        <StreamActions
          runtime={source}
          name={name}
          held={heldOf(found.ownership, source)}
          isPaused={found.pausedAt !== null}
          onDone={() => void load()}
        />
      )}
    </Panel>
  );
}
