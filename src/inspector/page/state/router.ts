/** The address bar, as a signal. */
import { signal } from '@preact/signals';
import { hashOf, parseRoute, type Route } from '../model/route.js';

export const route = signal<Route>(parseRoute(location.hash));

window.addEventListener('hashchange', () => {
  route.value = parseRoute(location.hash);
});

export function go(to: Partial<Route>): void {
  location.hash = hashOf({ view: 'overview', actor: null, params: {}, ...to });
}

/** Changes what the view is set to, without a new entry in the history: typing is not going somewhere. */
export function setParams(changes: Readonly<Record<string, string>>): void {
  const { view, actor, params } = route.value;
  const next: Route = { view, actor, params: { ...params, ...changes } };
  history.replaceState(null, '', hashOf(next));
  route.value = parseRoute(location.hash);
}

/** Stays in whatever the page is looking at. */
export function actorHash(path: string): string {
  return hashOf({ view: 'actor', actor: path, params: {} });
}
