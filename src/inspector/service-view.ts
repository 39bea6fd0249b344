/** What an admin knows of the service that a runtime belongs to: the group's consumers, the dead letters. */
import { type AdminWithin, adminWithin } from '../admin/admin-within.js';
import type { DeadLetter } from '../redis/dead-letter-queue.js';
import { dueReason } from '../redis/due-consumer.js';
import { wordsOfLetterError } from '../redis/letter-error.js';
import { isIncarnation } from '../redis/names.js';
import { toJson } from '../replay/json-safe.js';
import type { Inside } from '../runtime/inside.js';
import { FleetView } from './fleet-view.js';
import type {
  DeadLetterRow,
  DeadLettersOutcome,
  DeadLettersReply,
  GroupEntries,
  GroupReply,
} from './protocol.js';
import { refusalOf } from './refusal.js';

/** However many viewers ask, Redis is asked once in so many milliseconds. */
const FRESH_MS = 1_000;

/** So many of what is delayed are named. */
const MOST_DUE = 10;

/** Longer values are shown cut. */
const MOST_SHOWN = 8_192;

/** So many times the letters of a page are looked through for a text in one request: they may have megabytes. */
const MOST_PAGES = 20;

/** Longer ones are not taken apart for a page. */
const MOST_PARSED = 65_536;

function toRow(letter: DeadLetter): DeadLetterRow {
  const { id, at: since, reason, retryCount, failures, deaths, owner, error } = letter;
  const { name, problem, info, fields } = letter;
  const shown: DeadLetterRow['fields'][number][] = [];
  let length = 0;
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const value = fields[at + 1] as string;
    length += value.length;
    shown.push({
      name: fields[at] as string,
      value: value.slice(0, MOST_SHOWN),
      cut: value.length > MOST_SHOWN,
    });
  }
  return {
    id,
    at: since,
    reason,
    retryCount,
    failures,
    deaths,
    owner,
    error,
    stream: name,
    problem,
    info: length > MOST_PARSED ? null : toJson(info),
    fields: shown,
  };
}

function mentions({ name, reason, owner, error }: DeadLetter, find: string): boolean {
  if (find === '') return true;
  const thrown = error === null ? null : wordsOfLetterError(error);
  return [name, reason, owner, thrown].some((text) => text?.toLowerCase().includes(find.toLowerCase()));
}

export interface LetterQuery {
  /** Letters a page. */
  readonly count: number;
  readonly after: string | null;
  /** '': all. */
  readonly find: string;
}

export class ServiceView {
  /** The whole service, as its page shows it. */
  readonly fleet: FleetView;
  readonly #inside: Inside;
  readonly #admin: AdminWithin;
  readonly #consumer: string;
  #group: { readonly until: number; readonly reply: Promise<GroupReply> } | undefined;

  /** @param consumer name of the runtime in the group */
  constructor(inside: Inside, consumer: string) {
    this.#inside = inside;
    this.#admin = adminWithin(inside);
    this.fleet = new FleetView(this.#admin.fleet, inside.clock, consumer);
    this.#consumer = consumer;
  }

  group(): Promise<GroupReply> {
    const now = performance.now();
    if (this.#group === undefined || this.#group.until <= now) {
      const reply = this.#readGroup();
      this.#group = { until: now + FRESH_MS, reply };
      reply.catch(() => {
        this.#group = undefined;
      });
    }
    return this.#group.reply;
  }

  async deadLetters({ count, after, find }: LetterQuery): Promise<DeadLettersReply> {
    const { deadLetters } = this.#admin;
    const letters: DeadLetterRow[] = [];
    let left = find === '' ? count : MOST_PAGES * count;
    let last = after;
    let next: string | null = null;
    // The last one of the page before comes again, and one more says that there are more.
    const range = { limit: left + 2, ...(after === null ? {} : { newest: after }) };
    for await (const letter of deadLetters.list(range)) {
      if (letter.id === after) continue;
      if (left === 0 || letters.length === count) {
        next = last;
        break;
      }
      left -= 1;
      last = letter.id;
      if (mentions(letter, find)) letters.push(toRow(letter));
    }
    return { length: (await deadLetters.summary()).count, letters, after: next };
  }

  /** One by one, so that each has an outcome of its own. */
  async redrive(ids: readonly string[]): Promise<DeadLettersOutcome> {
    return await this.#each(ids, async (id) => {
      const { value } = await this.#admin.deadLetters.redrive({ ids: [id] }).next();
      return value?.entry ? 'redriven' : 'gone';
    });
  }

  async delete(ids: readonly string[]): Promise<DeadLettersOutcome> {
    return await this.#each(ids, async (id) => {
      const { value } = await this.#admin.deadLetters.delete({ ids: [id] }).next();
      return value?.deleted ? 'deleted' : 'gone';
    });
  }

  async #each(
    ids: readonly string[],
    act: (id: string) => Promise<'redriven' | 'deleted' | 'gone'>,
  ): Promise<DeadLettersOutcome> {
    const outcomes: Record<string, DeadLettersOutcome['outcomes'][string]> = {};
    for (const id of new Set(ids)) {
      outcomes[id] = await act(id).catch((thrown: unknown) => ({ error: refusalOf(thrown).message }));
    }
    return { outcomes };
  }

  async #readGroup(): Promise<GroupReply> {
    const entries = await this.#entries();
    const { members: consumers } = await this.#admin.fleet.look();
    return {
      at: this.#inside.clock.now(),
      consumers: consumers.map((consumer) => ({
        ...consumer,
        self: consumer.name === this.#consumer,
        keepsPresence: isIncarnation(consumer.name),
        due: dueReason(consumer.name) !== undefined,
      })),
      entries,
      delayed: await this.#admin.delayed(MOST_DUE),
      noted: this.#inside.noted(),
      ids: this.#inside.idTrouble(),
    };
  }
  async #entries(): Promise<GroupEntries | null> {
    const balance = await this.#admin.entries();
    if (balance === null) return null;
    const { pending, undelivered, stranded, vanished } = balance;
    return { pending, undelivered, stranded, vanished };
  }
}
