/** A stream's life across its owners, as far as it is known: from the history where one is kept, else from what Redis has now. No I/O, no browser. */
import type { FleetStreamReply, OwnerChange } from '../../protocol.js';
import { number, plural, spaced } from './format.js';
import type { Tone } from './tone.js';

export interface LifeStep {
  /** Epoch milliseconds by the clock of Redis; null: not known. */
  readonly at: number | null;
  /** Of an owner: until when; null: it owns it still, or the end is not known. */
  readonly until: number | null;
  readonly tone: Tone;
  /** Such as `Owned by a~00000001`. */
  readonly what: string;
  /** How it ended, why it happened; '': nothing more is known. */
  readonly how: string;
  /** The entry, which is the fencing token of an owner; null: none. */
  readonly id: string | null;
}

export interface Life {
  /** Oldest first. */
  readonly steps: readonly LifeStep[];
  /** What is not known, in sentences. */
  readonly unknown: readonly string[];
}

/** Records that end an ownership. */
const ENDINGS: Readonly<Record<string, { readonly tone: Tone; readonly how: string }>> = {
  finished: { tone: 'good', how: 'finished' },
  requeued: { tone: 'warn', how: 'given to everyone' },
  deadLetterDue: { tone: 'bad', how: 'to be dead-lettered' },
  deadLettered: { tone: 'bad', how: 'dead-lettered' },
  gone: { tone: 'bad', how: 'its payload was deleted' },
  cancelled: { tone: 'quiet', how: 'cancelled' },
  delayed: { tone: 'busy', how: 'released, to be given out later' },
};

const WHYS: Readonly<Record<string, string>> = {
  handOver: 'handed over: no retry spent',
  failed: 'its handler failed: a retry spent',
  dead: 'its owner died',
  waiting: 'it had not been owned yet',
  owned: 'another entry of the name is owned',
  paused: 'the name is paused',
  turn: 'others of the name were first',
};

function timeOf(id: string): number | null {
  const ms = Number(id.split('-', 1)[0]);
  return /^\d{10,}-\d+$/.test(id) ? ms : null;
}

function howOf({ op, why, reason, copy }: OwnerChange): string {
  const words = [
    ENDINGS[op]?.how ?? null,
    why === undefined ? null : (WHYS[why] ?? why),
    reason?.replaceAll('_', ' ') ?? null,
    copy === undefined ? null : `as ${copy}`,
  ];
  return words.filter((word) => word !== null).join(', ');
}

/** What happened to an entry that nobody owned then. */
function loose(change: OwnerChange): LifeStep {
  const { at, op, id } = change;
  const tone = ENDINGS[op]?.tone ?? 'quiet';
  const what =
    op === 'requeued' ? 'Announced anew' : `${spaced(op).replace(/^./, (first) => first.toUpperCase())}`;
  return { at, until: null, tone, what, how: howOf(change).replace(/^given to everyone, /, ''), id };
}

/** @param changes newest first */
function fromHistory(changes: readonly OwnerChange[]): LifeStep[] {
  const steps: LifeStep[] = [];
  /** Where the owner of an entry stands among the steps. */
  const owned = new Map<string, number>();
  /** Ids that something else became. */
  const copies = new Set<string>();
  for (const change of changes.toReversed()) {
    const { at, op, id, owner, copy } = change;
    const isFirst = !copies.has(id) && !steps.some((step) => step.id === id);
    if (isFirst && steps.length === 0) {
      steps.push({ at: timeOf(id), until: null, tone: 'busy', what: 'Announced', how: '', id });
    }
    copies.add(id);
    if (copy !== undefined) copies.add(copy);
    if (op === 'acquired') {
      owned.set(id, steps.length);
      const what = `Owned by ${owner ?? 'somebody'}`;
      steps.push({ at, until: null, tone: 'good', what, how: '', id });
      continue;
    }
    const index = owned.get(id);
    const before = index === undefined ? undefined : steps[index];
    if (index === undefined || before === undefined || ENDINGS[op] === undefined) {
      steps.push(loose(change));
      continue;
    }
    owned.delete(id);
    steps[index] = { ...before, until: at, tone: ENDINGS[op].tone, how: howOf(change) };
  }
  return steps;
}

function ownedNow({ ownership }: FleetStreamReply): LifeStep[] {
  if (ownership?.state !== 'owned') return [];
  const { id, owner, sinceMs, isAlive, retryCount } = ownership;
  const before = retryCount ? `, after ${plural(retryCount, 'retry', 'retries')}` : '';
  const how = isAlive
    ? `owns it now${before}`
    : `its lease has run out: whoever looks first gives it to everyone${before}`;
  const step = {
    at: sinceMs,
    until: null,
    tone: isAlive ? 'good' : 'bad',
    what: `Owned by ${owner}`,
    how,
    id,
  } as const;
  return [{ at: timeOf(id), until: null, tone: 'busy', what: 'This entry announced', how: '', id }, step];
}

/** What waits now, whoever had it before. */
function waiting({ ownership, pausedAt }: FleetStreamReply): LifeStep[] {
  const steps: LifeStep[] = [];
  if (ownership?.state === 'unowned') {
    for (const { id, pending, retryCount } of ownership.entries.slice(0, 20)) {
      const where =
        pending === null ? 'given to nobody yet' : `${spaced(pending.state)} at ${pending.consumer}`;
      const how = retryCount === 0 ? where : `${where}, ${plural(retryCount, 'retry', 'retries')} spent`;
      steps.push({ at: timeOf(id), until: null, tone: 'busy', what: 'Announced, and waits', how, id });
    }
  }
  if (ownership?.state === 'delayed') {
    for (const { id, dueMs } of ownership.delayed.slice(0, 20)) {
      steps.push({
        at: dueMs,
        until: null,
        tone: 'busy',
        what: 'Delayed',
        how: 'is to be given out then',
        id,
      });
    }
  }
  if (pausedAt !== null) {
    steps.push({
      at: pausedAt,
      until: null,
      tone: 'warn',
      what: 'Paused',
      how: 'nobody is given it',
      id: null,
    });
  }
  return steps;
}

function saved({ checkpoint }: FleetStreamReply): LifeStep[] {
  if (checkpoint === null || checkpoint === 'unreadable') return [];
  const { at, token, number: count } = checkpoint;
  const how = count === 0 ? 'left when it was finished' : `number ${number(count)} of its owner`;
  return [{ at, until: null, tone: 'quiet', what: 'Checkpoint saved', how, id: token }];
}

/** @param known ids of letters that the history tells of */
function dead({ letters }: FleetStreamReply, known: ReadonlySet<string>): LifeStep[] {
  return (letters?.found ?? [])
    .filter(({ id }) => !known.has(id))
    .map(({ id, at, reason, retryCount, owner, error }) => {
      const parts = [
        reason?.replaceAll('_', ' ') ?? 'no reason given',
        plural(retryCount, 'retry', 'retries'),
        owner === null ? null : `last with ${owner}`,
        error === null ? null : `${error.name}: ${error.message}`,
      ];
      const how = parts.filter((part) => part !== null).join(', ');
      return { at, until: null, tone: 'bad', what: 'Dead-lettered', how, id };
    });
}

function unknownOf(found: FleetStreamReply, steps: readonly LifeStep[]): string[] {
  const { ownership, history, letters } = found;
  const unknown: string[] = [];
  if (history === null) {
    unknown.push(
      'No history of owners is kept, or it may not be read: owners from before, hand-overs and retries are not known (option historyKey).',
    );
  } else if (history.length === 0) {
    unknown.push('The history says nothing of this name, as far as it was read: the last 10,000 records.');
  } else if (steps[0]?.at === null || history.length >= 50) {
    unknown.push(
      `What was before is not known: the latest ${number(history.length)} changes of it are shown, among the last 10,000 records of all.`,
    );
  }
  if (ownership === null) {
    unknown.push('Whether it waits is not known: the stream is too long to be looked through here.');
  } else if (ownership.state === 'unknown' && !history?.length && letters?.found.length === 0) {
    unknown.push(
      'Nothing announces it: it was finished, cancelled, or never announced, and Redis does not say which.',
    );
  }
  if (letters === null)
    unknown.push('Whether it was dead-lettered is not known: the user may not read dead letters.');
  else if (!letters.areAll) {
    unknown.push(`Of dead letters the newest ${number(letters.looked)} were looked through.`);
  }
  return unknown;
}

/** The history does not say what a handler threw; its letter does. */
function explained(step: LifeStep, { letters }: FleetStreamReply): LifeStep {
  const letter = letters?.found.find(({ id }) => step.how.endsWith(`as ${id}`));
  const error = letter?.error ?? null;
  return error === null ? step : { ...step, how: `${step.how}: ${error.name}: ${error.message}` };
}

export function lifeOf(found: FleetStreamReply): Life {
  const told = found.history === null ? [] : fromHistory(found.history).map((step) => explained(step, found));
  const known = new Set(
    found.history?.flatMap(({ op, copy }) => (op === 'deadLettered' && copy ? [copy] : [])),
  );
  const isTold = ({ id }: LifeStep) => told.some((step) => step.id === id && step.id !== null);
  const now = [...ownedNow(found), ...waiting(found)].filter((step) => !isTold(step));
  const steps = [...told, ...now, ...saved(found), ...dead(found, known)];
  const rank = ({ at }: LifeStep) => at ?? Number.NEGATIVE_INFINITY;
  return { steps: steps.sort((a, b) => rank(a) - rank(b)), unknown: unknownOf(found, told) };
}
