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
  'scanFinished',
  'keyspaceSetup',
  'topologyApplied',
  'groupRecreated',
] as const satisfies readonly (keyof SeamEvents)[];

type Moves = Extract<NewsItem, { type: 'moved' }>;

export class News {
  readonly #clock: Clock;
  readonly #onNews: (item: NewsItem) => void;
  readonly #items: NewsItem[] = [];
  readonly #leave: (() => void)[];
  /** By reason. */
  readonly #lost = new Map<string, number>();
  /** By why. */
  readonly #moved = new Map<string, Moves>();
  #gathering: NodeJS.Timeout | undefined;
  #asked = '';

  constructor(seam: Seam, clock: Clock, onNews: (item: NewsItem) => void) {
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
      seam.on('lost', ({ reason }) => {
        this.#lost.set(reason, (this.#lost.get(reason) ?? 0) + 1);
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
      for (const [reason, count] of this.#lost) this.#add({ at, type: 'lost', reason, count });
      for (const item of this.#moved.values()) this.#add(item);
      this.#lost.clear();
      this.#moved.clear();
    }, GATHER_MS).unref();
  }

  #add(item: NewsItem): void {
    this.#items.push(item);
    if (this.#items.length > MOST_KEPT) this.#items.shift();
    this.#onNews(item);
  }
}
