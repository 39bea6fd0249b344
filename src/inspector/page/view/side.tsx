/** Where one can go, what is looked at, and whether it is live. */
import { VIEW_NAMES, type ViewName } from '../model/route.js';
import { isHelpOpen } from '../state/keyboard.js';
import { fileName, playback } from '../state/player.js';
import { hrefOf, setParams } from '../state/router.js';
import { connection, hello, liveRuntime, runtimes, shown, subject, views } from '../state/store.js';

function countOf(view: ViewName): string {
  if (view === 'actors') return String(subject.value?.actors.size ?? '');
  return '';
}

function Nav() {
  const { view } = shown.value;
  const current = view === 'actor' ? 'actors' : view;
  return (
    <nav aria-label="Views">
      <ul class="nav">
        {views.value.map((name, index) => (
          <li key={name}>
            <a href={hrefOf({ view: name })} aria-current={name === current ? 'page' : undefined}>
              {VIEW_NAMES[name]}
              <span class="count">{countOf(name)}</span>
              <kbd>{index + 1}</kbd>
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function RuntimeChooser() {
  if (playback.value !== null) return null;
  const all = runtimes.value;
  if (all.length === 0) return null;
  const shown = liveRuntime()?.key;
  const isOfAnother = (pid: number) => pid !== hello.value?.pid;
  return (
    <label>
      Runtime
      <select
        class="field"
        value={shown}
        title={shown}
        onChange={({ currentTarget }) => setParams({ runtime: currentTarget.value })}
      >
        {all.map(({ key, info, ended, pid }) => (
          <option key={key} value={key}>
            {info.id}
            {ended !== null && (isOfAnother(pid) ? ` (ended, pid ${pid})` : ' (ended)')}
          </option>
        ))}
      </select>
    </label>
  );
}

function ConnectionState() {
  const { kind } = connection.value;
  if (playback.value !== null) {
    return (
      <span class="link tone-busy">
        <i class="dot tone-busy" /> Showing {fileName.value}
      </span>
    );
  }
  const words = {
    connecting: 'Connecting…',
    open: liveRuntime()?.ended === null || hello.value?.service ? 'Live' : 'Connected',
    lost: 'Disconnected',
    refused: 'Refused',
    incompatible: 'Another version',
  };
  const tone = kind === 'open' ? 'good' : kind === 'connecting' ? 'quiet' : 'bad';
  return (
    <span class="link" role="status">
      <i class={`dot tone-${tone}`} /> {words[kind]}
    </span>
  );
}

export function Side() {
  return (
    <aside class="side">
      <div class="brand">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <rect width="32" height="32" rx="7" fill="var(--accent)" />
          <path
            d="M6 12c4-4 7-4 10 0s6 4 10 0M6 21c4-4 7-4 10 0s6 4 10 0"
            fill="none"
            stroke="var(--panel)"
            stroke-width="3"
            stroke-linecap="round"
          />
        </svg>
        streamwarden
      </div>
      <RuntimeChooser />
      <Nav />
      <div class="side-foot">
        <ConnectionState />
        {hello.value !== null && (
          <span class="muted">
            {hello.value.package} · pid {hello.value.pid} ·{' '}
            {hello.value.actions ? 'actions allowed' : 'read only'}
          </span>
        )}
        <button
          type="button"
          class="button is-small"
          onClick={() => {
            isHelpOpen.value = true;
          }}
        >
          Keys <kbd>?</kbd>
        </button>
      </div>
    </aside>
  );
}
