/** What the address bar says after `#`: which view, of what. */

export const VIEWS = [
  'overview',
  'actors',
  'topology',
  'sequence',
  'recording',
  'dead-letters',
  'fleet',
] as const;

export type ViewName = (typeof VIEWS)[number];

export const VIEW_NAMES: Readonly<Record<ViewName, string>> = {
  overview: 'Overview',
  actors: 'Actors',
  topology: 'Topology',
  sequence: 'Sequence',
  recording: 'Recording',
  'dead-letters': 'Dead letters',
  fleet: 'Fleet',
};

export interface Route {
  readonly view: ViewName | 'actor';
  /** Path of the actor, of that view. */
  readonly actor: string | null;
  /** What the view is set to, such as a filter. */
  readonly params: Readonly<Record<string, string>>;
}

/** Params that go along from view to view: which runtime, and how far into a recording. */
export const CARRIED = ['runtime', 'at'] as const;

export const HOME: Route = { view: 'overview', actor: null, params: {} };

function isView(name: string): name is ViewName {
  return (VIEWS as readonly string[]).includes(name);
}

/** Whatever cannot be read leads home. */
export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#?\/?/, '').split('?', 2);
  const params = Object.fromEntries(new URLSearchParams(query));
  const [name = '', ...rest] = path.split('/');
  if (name === 'actor' && rest.length > 0) {
    try {
      return { view: 'actor', actor: decodeURIComponent(rest.join('/')), params };
    } catch {
      return HOME;
    }
  }
  return isView(name) ? { view: name, actor: null, params } : HOME;
}

export function hashOf({ view, actor, params }: Route): string {
  const path = view === 'actor' ? `actor/${encodeURIComponent(actor ?? '')}` : view;
  const query = new URLSearchParams(Object.entries(params).filter(([, value]) => value !== '')).toString();
  return query === '' ? `#/${path}` : `#/${path}?${query}`;
}
