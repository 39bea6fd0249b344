/** What was given up on: why, what it held, and, where that is allowed, another try for it. */
import { useState } from 'preact/hooks';
import type { Hello, LetterGroupsReply, LetterJob, LettersFilter, RuntimeInfo } from '../../protocol.js';
import { plural } from '../model/format.js';
import { allWords, isFiltered, lettersFilter, outcomeWords, traitsAsked } from '../model/letters.js';
import type { Route } from '../model/route.js';
import { Confirm } from '../part/confirm.js';
import { Empty } from '../part/panel.js';
import { Search } from '../part/search.js';
import { api, messageOf } from '../state/api.js';
import { useLetters } from '../state/letters.js';
import { route, setParams } from '../state/router.js';
import { hello, subject } from '../state/store.js';
import { LetterFilters } from './letter-filters.js';
import { LetterJobBanner } from './letter-job.js';
import { LettersTable } from './letters-table.js';
import { Nothing } from './nothing.js';

type Action = LetterJob['action'];

/** Letters by their ids, or all that match. */
type Chosen = ReadonlySet<string> | 'all';

interface AskProps {
  readonly action: Action;
  readonly what: string;
  readonly isAll: boolean;
  readonly onConfirm: () => void;
  readonly onCancel: () => void;
}

function Ask({ action, what, isAll, onConfirm, onCancel }: AskProps) {
  const how = isAll && (
    <> It is done a hundred at a time, and can be stopped. What is dead-lettered from now on is left alone.</>
  );
  return action === 'redrive' ? (
    <Confirm title={`Redrive ${what}?`} action="Redrive" onConfirm={onConfirm} onCancel={onCancel}>
      Each goes back to the stream with its retries counted from nothing, and some consumer takes it up.{how}
    </Confirm>
  ) : (
    <Confirm title={`Delete ${what}?`} action="Delete" isDangerous onConfirm={onConfirm} onCancel={onCancel}>
      What they hold is gone then. This cannot be undone.{how}
    </Confirm>
  );
}

interface ActionsProps {
  readonly chosen: Chosen;
  readonly counted: LetterGroupsReply | null;
  readonly isBusy: boolean;
  readonly onAsk: (action: Action) => void;
}

function Actions({ chosen, counted, isBusy, onAsk }: ActionsProps) {
  const isAll = chosen === 'all';
  const count = isAll ? (counted?.after === null ? counted.matching : 'all') : chosen.size;
  const isOff = count === 0 || (isAll && isBusy);
  const word = count === 0 ? '' : count;
  return (
    <>
      <button type="button" class="button is-main" disabled={isOff} onClick={() => onAsk('redrive')}>
        Redrive {word}
      </button>
      <button type="button" class="button is-danger" disabled={isOff} onClick={() => onAsk('delete')}>
        Delete {word}
      </button>
    </>
  );
}

const NONE: ReadonlySet<string> = new Set();

/** What is chosen, and what is done with it. A choice of other letters than those that are shown would be a trap. */
function useChoice(runtime: string, filter: LettersFilter, most: number, reload: () => void) {
  const key = JSON.stringify(filter);
  const [{ of, chosen: kept }, setKept] = useState<{ of: string; chosen: Chosen }>({ of: key, chosen: NONE });
  const [said, setSaid] = useState<string | null>(null);
  const chosen = of === key ? kept : NONE;
  const choose = (next: Chosen) => setKept({ of: key, chosen: next });
  const act = async (action: Action, counted: LetterGroupsReply | null) => {
    try {
      if (chosen !== 'all') {
        const ids = [...chosen].slice(0, most);
        const change = action === 'redrive' ? api.redrive : api.deleteLetters;
        setSaid(outcomeWords(await change(runtime, ids)));
      } else if (counted !== null) {
        await api.startLetterJob(runtime, { action, filter: traitsAsked(filter), range: counted.range });
        setSaid(null);
      }
      choose(NONE);
    } catch (error) {
      setSaid(`It was not done: ${messageOf(error)}`);
    }
    reload();
  };
  return { chosen, choose, said, act };
}

interface OfProps {
  readonly info: RuntimeInfo;
  readonly job: LetterJob | null;
  /** How many streams the consumer has dead-lettered. */
  readonly deadLettered: number;
  /** Null before the first hello. */
  readonly greeting: Hello | null;
  /** What the address says. */
  readonly params: Route['params'];
}

// It is handed what it shows, and no model: that changes in place, and what has state of its own is drawn anew only for other props.
function Of({ info, job, deadLettered, greeting, params }: OfProps) {
  const filter = lettersFilter(params);
  // Another one was dead-lettered by this consumer: it belongs on top. A job that has ended has left others.
  const version = `${deadLettered} ${job?.endedAt ?? ''}`;
  const { letters, counted, isCounting, failure, reload, more, countAll } = useLetters(
    info.id,
    filter,
    version,
  );
  const most = greeting?.limits.letters ?? 1;
  const { chosen, choose, said, act } = useChoice(info.id, filter, most, reload);
  const [asked, setAsked] = useState<Action | null>(null);
  const isAllowed = greeting?.actions === true;
  const isAll = chosen === 'all';
  const rows = letters?.rows ?? [];
  return (
    <>
      <div class="view-head">
        <h1>Dead letters</h1>
        <code class="muted">{info.names.dlq}</code>
        {letters !== null && <span class="muted">{plural(letters.length, 'entry', 'entries')}</span>}
        <button type="button" class="button" onClick={reload}>
          Look again
        </button>
        <Search
          value={filter.find ?? ''}
          label="Find by name, reason, owner or error"
          onChange={(find) => setParams({ find })}
        />
        <span class="push" />
        {isAllowed ? (
          <Actions
            chosen={chosen}
            counted={counted}
            isBusy={job !== null && job.endedAt === null}
            onAsk={setAsked}
          />
        ) : (
          <span class="muted">Read only: the inspector was not started with actions.</span>
        )}
      </div>
      <LetterFilters params={params} counted={counted} isCounting={isCounting} onCountAll={countAll}>
        {isAllowed && counted !== null && counted.matching > 0 && (
          <button
            type="button"
            class="button is-small"
            aria-pressed={isAll}
            onClick={() => choose(isAll ? NONE : 'all')}
          >
            Choose all that match
          </button>
        )}
      </LetterFilters>
      {job !== null && <LetterJobBanner runtime={info.id} job={job} mayStop={isAllowed} />}
      {said !== null && (
        <div class="banner tone-busy" role="status">
          {said}
        </div>
      )}
      {failure !== null && (
        <div class="banner tone-bad" role="alert">
          {failure}
        </div>
      )}
      {letters === null ? (
        failure === null && <Empty title="Asking Redis…" />
      ) : rows.length === 0 && letters.after === null ? (
        <Empty title={isFiltered(filter) ? 'No dead letter matches' : 'There are no dead letters'}>
          {isFiltered(filter) ? 'None has all that is asked for.' : 'Nothing has been given up on.'}
        </Empty>
      ) : (
        <LettersTable
          rows={rows}
          maxRetries={info.maxRetries}
          chosen={!isAllowed ? null : isAll ? new Set(rows.map(({ id }) => id)) : chosen}
          onChoose={choose}
          onMore={letters.after === null ? null : more}
        />
      )}
      {asked !== null && (
        <Ask
          action={asked}
          what={
            isAll && counted !== null
              ? allWords(counted)
              : plural(Math.min(isAll ? 0 : chosen.size, most), 'dead letter')
          }
          isAll={isAll}
          onConfirm={() => {
            setAsked(null);
            void act(asked, counted);
          }}
          onCancel={() => setAsked(null)}
        />
      )}
    </>
  );
}

export function DeadLetters() {
  const of = subject.value;
  return (
    <main class="view">
      {of === null ? (
        <Nothing />
      ) : of.live === null ? (
        <Empty title="A recording holds no dead letters">
          They are in Redis. Close the recording to see those of now.
        </Empty>
      ) : (
        <Of
          key={of.live.key}
          info={of.live.info}
          job={of.live.letterJob}
          deadLettered={of.live.overview.counters?.deadLettered ?? 0}
          greeting={hello.value}
          params={route.value.params}
        />
      )}
    </main>
  );
}
