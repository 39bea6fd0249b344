/** The rare events of a runtime that a person wants to know of, kept also while nobody watches. */
import type { Clock } from '../core/clock.js';
import type { Seam, SeamEvents } from '../core/seam.js';
import type { NewsItem } from './protocol.js';

const MOST_KEPT = 500;

/** What comes in swarms is gathered for so long, in milliseconds, and told as one. */
const GATHER_MS = 100;

/** Told as they are. */
const PLAIN = [
  'childFailed',
  'childEscalated',
  'childHealed',
  'leaseLapsed',
  'leaseKept',
  'scanFinished',
  'keyspaceSetup',
  'topologyApplied',
  'groupRecreated',
] as const satisfies readonly (keyof SeamEvents)[];

/** Lost streams that are named in one item, and the characters of a name. */
const MOST_NAMED = 50;
const MOST_NAME = 256;
/** Who has them now is waited for so long, in milliseconds. */
const OWNERS_MS = 2_000;

/** Names in the group, in the order of the data streams; null: nobody is known. */
type OwnersOf = (names: readonly string[]) => Promise<(string | null)[]>;

interface Losses {
  count: number;
  readonly streams: { readonly name: string; readonly id: string }[];
}

type Moves = Extract<NewsItem, { type: 'moved' }>;

export class News {
  readonly #clock: Clock;
  readonly #onNews: (item: NewsItem) => void;
  readonly #items: NewsItem[] = [];
  readonly #leave: (() => void)[];
  readonly #ownersOf: OwnersOf;
  /** By reason. */
  readonly #lost = new Map<string, Losses>();
  /** By why. */
  readonly #moved = new Map<string, Moves>();
  #gathering: NodeJS.Timeout | undefined;
  #asked = '';
  #isClosed = false;

  /** @param ownersOf who owns data streams now: asked when some were lost, and at no other time */
  constructor(seam: Seam, clock: Clock, onNews: (item: NewsItem) => void, ownersOf: OwnersOf) {
    this.#ownersOf = ownersOf;
    this.#clock = clock;
    this.#onNews = onNews;
    this.#leave = [
      ...PLAIN.map((type) =>
        seam.on(type, (event) => this.#add({ at: clock.now(), type, ...event } as NewsItem)),
      ),
      seam.on('topologyAsked', ({ settled, problems, masters }) => {
        const text = JSON.stringify([settled, problems, masters]);
        if (text === this.#asked) return;
        this.#asked = text;
        this.#add({ at: clock.now(), type: 'topologyAsked', settled, problems, masters });
      }),
      seam.on('lost', ({ reason, name, id }) => {
        let losses = this.#lost.get(reason);
        if (losses === undefined) {
          losses = { count: 0, streams: [] };
          this.#lost.set(reason, losses);
        }
        losses.count += 1;
        if (losses.streams.length < MOST_NAMED) losses.streams.push({ name, id });
        this.#gather();
      }),
      seam.on('moved', (event) => this.#move(event)),
    ];
  }

  /** The latest, oldest first. */
  get items(): readonly NewsItem[] {
    return this.#items;
  }

  close(): void {
    this.#isClosed = true;
    for (const leave of this.#leave) leave();
    clearTimeout(this.#gathering);
  }

  #move(event: SeamEvents['moved']): void {
    if (event.requeued + event.deadLettered + event.trimmed === 0) return;
    const before = this.#moved.get(event.why);
    this.#moved.set(event.why, {
      ...event,
      at: this.#clock.now(),
      type: 'moved',
      requeued: event.requeued + (before?.requeued ?? 0),
      deadLettered: event.deadLettered + (before?.deadLettered ?? 0),
      trimmed: event.trimmed + (before?.trimmed ?? 0),
    });
    this.#gather();
  }

  #gather(): void {
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined;
      const at = this.#clock.now();
      for (const [reason, losses] of this.#lost) void this.#tellLost(at, reason, losses);
      for (const item of this.#moved.values()) this.#add(item);
      this.#lost.clear();
      this.#moved.clear();
    }, GATHER_MS).unref();
  }

  /** As soon as it is known who has them now, or is not to be known. */
  async #tellLost(at: number, reason: string, { count, streams }: Losses): Promise<void> {
    const owners = await this.#owners(streams.map(({ name }) => name));
    if (this.#isClosed) return;
    const named = streams.map(({ name, id }, index) => ({
      name: name.length > MOST_NAME ? `${name.slice(0, MOST_NAME - 1)}…` : name,
      id,
      owner: owners[index] ?? null,
    }));
    this.#add({ at, type: 'lost', reason, count, streams: named });
  }

  async #owners(names: readonly string[]): Promise<(string | null)[]> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<null[]>((resolve) => {
      timer = setTimeout(() => resolve(names.map(() => null)), OWNERS_MS).unref();
    });
    try {
      return await Promise.race([this.#ownersOf(names), tooLate]);
    } catch {
      // Redis may be what is gone.
      return names.map(() => null);
    } finally {
      clearTimeout(timer);
    }
  }

  #add(item: NewsItem): void {
    this.#items.push(item);
    if (this.#items.length > MOST_KEPT) this.#items.shift();
    this.#onNews(item);
  }
}
