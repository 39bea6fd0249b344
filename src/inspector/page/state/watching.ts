/** Which actors the server is asked to tell everything of: those that a view shows in detail. */
import type { WatchRequest } from '../../protocol.js';
import type { PageModel } from '../model/page-model.js';
import { api } from './api.js';

let watched: WatchRequest['actors'] = [];
/** Requests go one after the other: the last one has to be the last to arrive. */
let last: Promise<unknown> = Promise.resolve();

function ask({ hello, runtimes }: PageModel): void {
  if (hello === null) return;
  const { viewer } = hello;
  const actors = watched.filter(
    ({ runtime }) => runtimes.has(runtime) || hello.runtimes.some(({ id }) => id === runtime),
  );
  // A viewer that is gone by now asks anew under its next name.
  last = last.then(() => api.watch(viewer, actors)).catch(() => undefined);
}

/** Replaces what is watched. */
export function watch(page: PageModel, actors: WatchRequest['actors']): void {
  watched = actors;
  for (const [id, runtime] of page.runtimes) {
    runtime.watchOnly(new Set(actors.filter((one) => one.runtime === id).map(({ actor }) => actor)));
  }
  ask(page);
}

/** After a new connection, under the viewer's new name. */
export function watchAgain(page: PageModel): void {
  if (watched.length > 0) ask(page);
}
