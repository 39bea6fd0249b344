/**
 * The actors of one runtime, listened to from the first viewer to the last.
 *
 * What happens is only noted when it is heard, in the middle of the runtime's own work: which actor, and the entry. Ten times a second rows and messages
 * are made of that, once for all viewers.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Entry } from '../replay/tap.js';
import type { Inside } from '../runtime/inside.js';
import { ActorTable } from './actor-table.js';
import { Detail } from './detail.js';
import type { EndedActors } from './ended-actors.js';
import { Gathering } from './gathering.js';
import { History } from './history.js';
import { LOCK_KEEPER } from './lock-of.js';
import { messagesOf } from './messages.js';
import type { ActorRow, NewsItem } from './protocol.js';
import { frameOf, type Viewer } from './viewer.js';

/** What happened is gathered for so long, in milliseconds. */
const GATHER_MS = 100;
/** Where more rows wait than fit into one delta, the next one follows after so many milliseconds. */
const HURRY_MS = 10;
/** Rows in one delta: about a millisecond's worth. */
const MOST_ROWS = 500;
/** Messages in one delta: more than a diagram can show. */
const MOST_MESSAGES = 500;
/** Entries that are remembered; about 10 MB. */
const MOST_REMEMBERED = 20_000;
/** Of one actor. */
const MOST_OF_ACTOR = 500;

type Watched = Pick<Inside, 'tap' | 'seam' | 'clock' | 'logger'>;

export class ActorFeed {
  readonly #runtime: string;
  readonly #inside: Watched;
  readonly #endedActors: EndedActors;
  readonly #gathering: Gathering;
  readonly #viewers = new Set<Viewer>();
  /** By actor and viewer. */
  readonly #details = new Map<string, Map<Viewer, Detail>>();
  readonly #table = new ActorTable();
  readonly #history = new History(MOST_REMEMBERED);
  readonly #changed = new Set<string>();
  /** Actors that ended and came again since the last delta. */
  #replaced: ActorRow[] = [];
  #news: NewsItem[] = [];
  /** Entries since the last delta. */
  #heard = 0;
  #leave: (() => void)[] = [];

  /** @param runtime names it in messages */
  constructor(runtime: string, inside: Watched, endedActors: EndedActors) {
    this.#runtime = runtime;
    this.#inside = inside;
    this.#endedActors = endedActors;
    this.#gathering = new Gathering(
      () => this.flush(),
      inside.logger,
      'the inspector could not tell what happened',
    );
  }

  get viewers(): ReadonlySet<Viewer> {
    return this.#viewers;
  }

  /** Shows a viewer every actor, and from now on what changes. Resolves when all have been told. */
  async add(viewer: Viewer): Promise<void> {
    if (viewer.isGone) return;
    this.#viewers.add(viewer);
    if (this.#viewers.size === 1) this.#attach();
    const runtime = this.#runtime;
    let rows: ActorRow[] = [];
    for (const path of this.#table.paths()) {
      const row = this.#table.row(path);
      if (row !== undefined) rows.push(row);
      if (rows.length < MOST_ROWS) continue;
      viewer.send(frameOf({ kind: 'actors', runtime, rows }));
      rows = [];
      await nextTurn();
      await viewer.drained();
      if (viewer.isGone) return;
    }
    viewer.send(frameOf({ kind: 'actors', runtime, rows }));
  }

  remove(viewer: Viewer): void {
    this.watch(viewer, new Set());
    if (this.#viewers.delete(viewer) && this.#viewers.size === 0) this.#detach();
  }

  /** Replaces what a viewer watches. */
  watch(viewer: Viewer, actors: ReadonlySet<string>): void {
    for (const [actor, watchers] of this.#details) {
      if (!actors.has(actor) && watchers.delete(viewer) && watchers.size === 0) this.#details.delete(actor);
    }
    for (const actor of actors) {
      const watchers = this.#details.get(actor) ?? new Map<Viewer, Detail>();
      if (watchers.has(viewer)) continue;
      const detail = new Detail(viewer, this.#runtime, actor);
      this.#details.set(actor, watchers.set(viewer, detail));
      detail.begin(this.#historyOf(actor));
    }
  }

  /** Goes out with the next delta. */
  tell(item: NewsItem): void {
    if (this.#viewers.size === 0) return;
    this.#news.push(item);
    this.#gathering.schedule(GATHER_MS);
  }

  /** Sends what has been gathered. */
  flush(): void {
    if (this.#viewers.size === 0) return;
    const { ended: rows, actors } = this.#takeRows();
    const ended = rows.map((row) => ({ ...row, ended: this.#endedActors.ended(row.path) }));
    const messages = messagesOf(this.#history, Math.min(this.#heard, MOST_MESSAGES));
    const skipped = Math.max(0, this.#heard - MOST_MESSAGES);
    const news = this.#news;
    this.#heard = 0;
    this.#news = [];
    if (ended.length + actors.length + messages.length + news.length > 0) {
      const at = this.#inside.clock.now();
      const runtime = this.#runtime;
      const frame = frameOf({ kind: 'delta', runtime, at, ended, actors, messages, skipped, news });
      for (const viewer of this.#viewers) viewer.send(frame);
    }
    for (const watchers of this.#details.values()) {
      for (const detail of watchers.values()) detail.flush();
    }
    if (this.#changed.size > 0) this.#gathering.schedule(HURRY_MS);
  }

  close(): void {
    this.#viewers.clear();
    this.#detach();
  }

  #attach(): void {
    const { tap, seam } = this.#inside;
    this.#leave = [
      tap.listen((entry) => this.#hear(entry)),
      seam.on('actorEnded', ({ path }) => {
        this.#table.over(path);
        this.#touch(path);
      }),
    ];
    for (const join of tap.standing()) this.#table.begin(join);
    this.#table.refreshChildren();
  }

  #detach(): void {
    for (const leave of this.#leave) leave();
    this.#leave = [];
    this.#gathering.cancel();
    this.#details.clear();
    this.#table.clear();
    this.#history.clear();
    this.#changed.clear();
    this.#replaced = [];
    this.#news = [];
    this.#heard = 0;
  }

  /** Called in the middle of what the runtime does: as little as can be. */
  #hear(entry: Entry): void {
    this.#history.add(entry);
    this.#heard += 1;
    if (entry.kind === 'notification') {
      this.#gathering.schedule(GATHER_MS);
      return;
    }
    if (entry.kind === 'event') {
      this.#table.told(entry);
    } else {
      const replaced = this.#table.begin(entry);
      if (replaced !== undefined) this.#replaced.push(replaced);
    }
    const { path } = entry.subject;
    this.#touch(path);
    if (this.#details.size === 0) return;
    for (const detail of this.#details.get(path)?.values() ?? []) detail.hear(entry);
  }

  #touch(path: string): void {
    this.#changed.add(path);
    this.#gathering.schedule(GATHER_MS);
  }

  #takeRows(): { readonly ended: ActorRow[]; readonly actors: ActorRow[] } {
    const ended = this.#replaced;
    this.#replaced = [];
    const actors: ActorRow[] = [];
    if (this.#changed.has('supervisor')) {
      const { changed, dismissed } = this.#table.refreshChildren();
      for (const path of changed) this.#changed.add(path);
      ended.push(...dismissed);
    }
    if (this.#changed.has(LOCK_KEEPER)) {
      for (const path of this.#table.refreshLocks()) this.#changed.add(path);
    }
    for (const path of this.#changed) {
      if (ended.length + actors.length >= MOST_ROWS) break;
      this.#changed.delete(path);
      const row = this.#table.row(path);
      if (row !== undefined && row.status !== 'active') {
        ended.push(row);
        this.#table.remove(path);
      }
      // Of an actor that has ended, what its supervisor says.
      const present = this.#table.row(path);
      if (present !== undefined) actors.push(present);
    }
    return { ended, actors };
  }

  #historyOf(actor: string): readonly Entry[] {
    const remembered = this.#history.of(actor, MOST_OF_ACTOR);
    if (remembered.length > 0) return remembered;
    const found = this.#table.standing(actor);
    if (found === undefined) return [];
    const { clock, tap } = this.#inside;
    return [{ kind: 'join', seq: tap.nextSeq, at: clock.now(), by: undefined, effects: undefined, ...found }];
  }
}
