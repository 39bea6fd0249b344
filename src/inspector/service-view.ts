/** What an admin knows of the service that a runtime belongs to: the group's consumers, the dead letters. */
import { type AdminWithin, adminWithin } from '../admin/admin-within.js';
import { dueReason } from '../redis/due-consumer.js';
import { isIncarnation } from '../redis/names.js';
import type { Inside } from '../runtime/inside.js';
import type { Audit } from './audit.js';
import { FleetView } from './fleet-view.js';
import { LettersView } from './letters/letters-view.js';
import type { GroupEntries, GroupReply } from './protocol.js';

/** However many viewers ask, Redis is asked once in so many milliseconds. */
const FRESH_MS = 1_000;

/** So many of what is delayed are named. */
const MOST_DUE = 10;

export class ServiceView {
  /** The whole service, as its page shows it. */
  readonly fleet: FleetView;
  readonly letters: LettersView;
  readonly admin: AdminWithin;
  readonly #inside: Inside;
  readonly #consumer: string;
  #group: { readonly until: number; readonly reply: Promise<GroupReply> } | undefined;

  /** @param consumer name of the runtime in the group @param audit is told what viewers do */
  constructor(inside: Inside, consumer: string, audit: Audit) {
    this.#inside = inside;
    this.admin = adminWithin(inside);
    this.fleet = new FleetView(this.admin.fleet, inside.clock, consumer);
    this.letters = new LettersView(inside, this.admin.deadLetters, audit);
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

  async #readGroup(): Promise<GroupReply> {
    const entries = await this.#entries();
    const { members: consumers } = await this.admin.fleet.look();
    return {
      at: this.#inside.clock.now(),
      consumers: consumers.map((consumer) => ({
        ...consumer,
        self: consumer.name === this.#consumer,
        keepsPresence: isIncarnation(consumer.name),
        due: dueReason(consumer.name) !== undefined,
      })),
      entries,
      delayed: await this.admin.delayed(MOST_DUE),
      noted: this.#inside.noted(),
      ids: this.#inside.idTrouble(),
    };
  }
  async #entries(): Promise<GroupEntries | null> {
    const balance = await this.admin.entries();
    if (balance === null) return null;
    const { pending, undelivered, stranded, vanished } = balance;
    return { pending, undelivered, stranded, vanished };
  }
}
