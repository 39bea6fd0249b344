/** How every actor of a runtime stands, from what the tap hears and what the supervisor knows of its children. */

import type { ChildRecord } from '../machines/standing.js';
import type { SupervisorContext } from '../machines/supervisor.machine.js';
import type { StateValue } from '../replay/format.js';
import type { HeardEvent, HeardSpawn, Standing, Subject } from '../replay/tap.js';
import { labelOf } from './actor-label.js';
import { parentOf, SUPERVISOR } from './actor-path.js';
import { changedLocks, type KnownLocks, LOCK_KEEPER, lockOf, ownershipPath } from './lock-of.js';
import type { ActorRow } from './protocol.js';

/** Children of the supervisor that do not stand below the consumer. */
const ON_TOP: ReadonlySet<string> = new Set(['topologyWatcher']);

const ENDED: ReadonlySet<string> = new Set(['done', 'error', 'stopped']);

interface Tracked {
  readonly subject: Subject;
  readonly since: number | null;
  /** How it stood when it was met. */
  readonly met: Standing;
  events: number;
  last: HeardEvent | undefined;
  /** It lives no more, whatever its last event says. */
  isOver: boolean;
}

function pathOfChild(id: string): string {
  return ON_TOP.has(id) ? id : `consumer/${id}`;
}

function standingOf({ met, last }: Tracked): Standing {
  return last === undefined ? met : (last.after ?? last.before);
}

function statusOf(tracked: Tracked): ActorRow['status'] {
  const { status } = standingOf(tracked);
  if (tracked.last?.threw !== undefined) return 'error';
  if (ENDED.has(status)) return status as ActorRow['status'];
  return tracked.isOver ? 'stopped' : 'active';
}

/** An actor that is none: what is known of it is its supervision. */
function childRow(path: string, { status, restarts }: ChildRecord, isOver: boolean): ActorRow {
  return {
    path,
    parent: parentOf(path),
    machine: null,
    label: null,
    lock: null,
    state: status,
    status: isOver ? 'stopped' : 'active',
    restarts,
    since: null,
    events: 0,
    last: null,
    ended: null,
  };
}

export class ActorTable {
  readonly #tracked = new Map<string, Tracked>();
  /** When they were read last. */
  #knownLocks: KnownLocks | undefined;
  /** By path. */
  #children: ReadonlyMap<string, ChildRecord> = new Map();

  /** @returns how the one of the same path stood last whose end has not been told yet, if there was one */
  begin({ kind, at, subject, standing }: HeardSpawn): ActorRow | undefined {
    this.over(subject.path);
    const before = this.#tracked.has(subject.path) ? this.row(subject.path) : undefined;
    const since = kind === 'spawn' ? at : null;
    this.#tracked.set(subject.path, {
      subject,
      since,
      met: standing,
      events: 0,
      last: undefined,
      isOver: false,
    });
    return before;
  }

  told(event: HeardEvent): void {
    const tracked = this.#tracked.get(event.subject.path);
    if (tracked === undefined) return;
    tracked.events += 1;
    tracked.last = event;
  }

  over(path: string): void {
    const tracked = this.#tracked.get(path);
    if (tracked !== undefined) tracked.isOver = true;
  }

  clear(): void {
    this.#tracked.clear();
    this.#children = new Map();
    this.#knownLocks = undefined;
  }

  /** Reads what the supervisor knows. @returns children of which that has changed; of those that it does not know any more a last row */
  refreshChildren(): { readonly changed: string[]; readonly dismissed: ActorRow[] } {
    const supervisor = this.#tracked.get(SUPERVISOR);
    const context = supervisor && (standingOf(supervisor).context as SupervisorContext | undefined);
    const records = new Map(
      Object.entries(context?.children ?? {}).map(([id, record]) => [pathOfChild(id), record]),
    );
    const before = this.#children;
    this.#children = records;
    return {
      changed: [...records].filter(([path, record]) => before.get(path) !== record).map(([path]) => path),
      dismissed: [...before]
        .filter(([path]) => !records.has(path) && !this.#tracked.has(path))
        .map(([path, record]) => childRow(path, record, true)),
    };
  }

  /** What the lock keeper knows now. */
  get #locks(): KnownLocks | undefined {
    const keeper = this.#tracked.get(LOCK_KEEPER);
    return keeper && (standingOf(keeper).context as KnownLocks | undefined);
  }

  /** Reads what the lock keeper knows. @returns paths of the ownerships whose lock stands otherwise than when it was read last */
  refreshLocks(): string[] {
    const before = this.#knownLocks;
    this.#knownLocks = this.#locks;
    return changedLocks(before, this.#knownLocks)
      .map(ownershipPath)
      .filter((path) => this.#tracked.has(path));
  }

  /** Paths of all that live. May be walked while the table changes: what is added meanwhile is met too. */
  *paths(): IterableIterator<string> {
    yield* this.#tracked.keys();
    for (const path of this.#children.keys()) if (!this.#tracked.has(path)) yield path;
  }

  /** How it stands now; undefined when there is none of that path. */
  row(path: string): ActorRow | undefined {
    const tracked = this.#tracked.get(path);
    const child = this.#children.get(path);
    if (tracked === undefined) return child && childRow(path, child, false);
    const { subject, since, events, last } = tracked;
    const standing = standingOf(tracked);
    return {
      path,
      parent: parentOf(path),
      machine: subject.machine,
      label: labelOf(subject, standing),
      lock: lockOf(path, (standing.value ?? {}) as StateValue, this.#locks),
      state: (standing.value ?? {}) as StateValue,
      status: statusOf(tracked),
      restarts: child?.restarts ?? null,
      since,
      events,
      last: last === undefined ? null : { seq: last.seq, at: last.at, type: last.event.type },
      ended: null,
    };
  }

  /** Who it is and how it stands, as recordings begin with; undefined when it does not live, or is no machine. */
  standing(path: string): { readonly subject: Subject; readonly standing: Standing } | undefined {
    const tracked = this.#tracked.get(path);
    return tracked && { subject: tracked.subject, standing: standingOf(tracked) };
  }

  remove(path: string): void {
    this.#tracked.delete(path);
  }
}
