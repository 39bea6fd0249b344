/** Which actors the server is asked to tell everything of: those that a view shows in detail. */
import type { WatchRequest } from '../../protocol.js';
import type { PageModel } from '../model/page-model.js';
import { api } from './api.js';

let watched: WatchRequest['actors'] = [];
/** Requests go one after the other: the last one has to be the last to arrive. */
let last: Promise<unknown> = Promise.resolve();

function ask(page: PageModel): void {
  if (page.hello === null) return;
  const { viewer } = page.hello;
  const actors = watched.filter(({ runtime }) => page.isTold(runtime));
  // A viewer that is gone by now asks anew under its next name.
  last = last.then(() => api.watch(viewer, actors)).catch(() => undefined);
}

/** Replaces what is watched. */
export function watch(page: PageModel, actors: WatchRequest['actors']): void {
  watched = actors;
  for (const runtime of page.runtimes.values()) {
    const here = actors.filter((one) => one.runtime === runtime.info.id);
    runtime.watchOnly(new Set(here.map(({ actor }) => actor)));
  }
  ask(page);
}

/** After a new connection, under the viewer's new name. */
export function watchAgain(page: PageModel): void {
  if (watched.length > 0) ask(page);
}
