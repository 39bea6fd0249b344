/** What Redis knows of the service that a runtime belongs to: the group's consumers, the dead letters. */
import { isStreamwardenError } from '../core/errors.js';
import type { DeadLetter } from '../redis/dead-letter-queue.js';
import { dueReason } from '../redis/due-consumer.js';
import { wordsOfLetterError } from '../redis/letter-error.js';
import { isIncarnation } from '../redis/names.js';
import { toJson } from '../replay/json-safe.js';
import type { Inside } from '../runtime/inside.js';
import type {
  DeadLetterRow,
  DeadLettersOutcome,
  DeadLettersReply,
  DelayedStreams,
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

/** Pages of letters that are looked through for a text in one request: each may have megabytes. */
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
  /** Letters a page; of those that are looked for up to twice as many. */
  readonly count: number;
  readonly after: string | null;
  /** '': all. */
  readonly find: string;
}

export class ServiceView {
  readonly #inside: Inside;
  readonly #consumer: string;
  #group: { readonly until: number; readonly reply: Promise<GroupReply> } | undefined;

  /** @param consumer name of the runtime in the group */
  constructor(inside: Inside, consumer: string) {
    this.#inside = inside;
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
    const { deadLetters } = this.#inside;
    const letters: DeadLetterRow[] = [];
    let pages = 0;
    let next = after;
    do {
      const page = await deadLetters.list(count, next);
      letters.push(...page.letters.filter((letter) => mentions(letter, find)).map(toRow));
      pages += 1;
      next = page.after;
    } while (find !== '' && next !== null && letters.length < count && pages < MOST_PAGES);
    return { length: await deadLetters.length(), letters, after: next };
  }

  /** One by one, so that each has an outcome of its own. */
  async redrive(ids: readonly string[]): Promise<DeadLettersOutcome> {
    return await this.#each(ids, async (id) => {
      const [entry] = await this.#inside.deadLetters.redrive([id]);
      return entry ? 'redriven' : 'gone';
    });
  }

  async delete(ids: readonly string[]): Promise<DeadLettersOutcome> {
    return await this.#each(ids, async (id) => {
      const [wasThere] = await this.#inside.deadLetters.delete([id]);
      return wasThere ? 'deleted' : 'gone';
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
    const { group, clock } = this.#inside;
    const entries = await this.#entries();
    const consumers = await group.consumers();
    const presences = await group.presence(consumers.map(({ name }) => name));
    return {
      at: clock.now(),
      consumers: consumers.map(({ name, pending, idleMs }, index) => {
        const presence = presences[index] ?? -2;
        return {
          name,
          self: name === this.#consumer,
          keepsPresence: isIncarnation(name),
          due: dueReason(name) !== undefined,
          presenceMs: presence < 0 ? null : presence,
          pending,
          idleMs,
        };
      }),
      entries,
      delayed: await this.#delayed(),
      noted: this.#inside.noted(),
      ids: this.#inside.idTrouble(),
    };
  }

  async #delayed(): Promise<DelayedStreams | null> {
    try {
      const { delayed } = this.#inside;
      const survey = await delayed.survey();
      return { ...survey, first: survey.count === 0 ? [] : await delayed.first(MOST_DUE) };
    } catch (error) {
      if (isStreamwardenError(error, 'RedisUnavailable')) throw error;
      return null;
    }
  }

  /** Consumers need no right to this, and may not have it. */
  async #entries(): Promise<GroupEntries | null> {
    try {
      const balance = await this.#inside.group.balance();
      if (balance === undefined) return null;
      const { pending, undelivered, stranded, vanished } = balance;
      return { pending, undelivered, stranded, vanished };
    } catch (error) {
      if (isStreamwardenError(error, 'RedisUnavailable')) throw error;
      return null;
    }
  }
}
