/** The address bar, as a signal. */
import { signal } from '@preact/signals';
import { CARRIED, hashOf, parseRoute, type Route } from '../model/route.js';

export const route = signal<Route>(parseRoute(location.hash));

window.addEventListener('hashchange', () => {
  route.value = parseRoute(location.hash);
});

/** Address of a view, of the same runtime and at the same place of a recording as now. */
export function hrefOf(to: Partial<Route>): string {
  const { params } = route.value;
  const carried = Object.fromEntries(CARRIED.flatMap((name) => (params[name] ? [[name, params[name]]] : [])));
  return hashOf({ view: 'overview', actor: null, ...to, params: { ...carried, ...to.params } });
}

export function go(to: Partial<Route>): void {
  location.hash = hrefOf(to);
  // Its event comes later; what follows has to be about the new address.
  route.value = parseRoute(location.hash);
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
  return hrefOf({ view: 'actor', actor: path });
}

/** It has done its work: a cookie opens the door from here on, and an address bar is seen by others. */
export function forgetToken(): void {
  const address = new URL(location.href);
  if (!address.searchParams.has('token')) return;
  address.searchParams.delete('token');
  history.replaceState(null, '', address);
}
