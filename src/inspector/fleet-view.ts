/** The fleet as its page shows it: however many look on, Redis is asked once a second, and not at all while nobody does. */
import type { FleetAccess, FoundStream, StreamsPage } from '../admin/fleet-access.js';
import type { SuggestedNames } from '../admin/stream-names.js';
import { type Move, movesBetween } from '../admin/status/moves.js';
import { balanceIn } from '../admin/status/read-status.js';
import type { Clock } from '../core/clock.js';
import type { Round } from '../redis/fleet.js';
import { type FleetFacts, type FleetMember, membersOf } from '../runtime/fleet.js';
import type { FleetMoves, FleetReply, FleetRow } from './protocol.js';

const FRESH_MS = 1_000;
/** What lies further back is compared with nothing: nobody has looked meanwhile. */
const MOST_BETWEEN_MS = 10_000;
/** Looks with moves that are remembered. */
const MOST_KEPT = 100;
/** Processes of one look that are told of. */
const MOST_MOVES = 20;

interface Look {
  readonly at: number;
  readonly facts: FleetFacts;
}

export class FleetView {
  readonly #access: FleetAccess;
  readonly #clock: Clock;
  readonly #self: string | null;
  /** Newest first. */
  readonly #moves: FleetMoves[] = [];
  #last: Look | undefined;
  #count = 0;
  #told: { readonly until: number; readonly reply: Promise<FleetReply> } | undefined;

  /** @param self name in the group of the runtime that it is asked through; null: there is none */
  constructor(access: FleetAccess, clock: Clock, self: string | null) {
    this.#access = access;
    this.#clock = clock;
    this.#self = self;
  }

  look(): Promise<FleetReply> {
    const now = this.#clock.monotonic();
    if (this.#told === undefined || this.#told.until <= now) {
      const reply = this.#look();
      this.#told = { until: now + FRESH_MS, reply };
      reply.catch(() => {
        this.#told = undefined;
      });
    }
    return this.#told.reply;
  }

  streams(consumer: string, after: string | null): Promise<StreamsPage> {
    return this.#access.streams(consumer, after);
  }

  find(name: string): Promise<FoundStream> {
    return this.#access.find(name);
  }

  suggest(part: string): Promise<SuggestedNames> {
    return this.#access.suggest(part);
  }

  async #look(): Promise<FleetReply> {
    const facts = await this.#access.look();
    const at = this.#clock.now();
    const members = membersOf(facts.members);
    this.#noteMoves({ at, facts: { ...facts, members } });
    return {
      at,
      members: members.map((member) => this.#rowOf(member, facts.round)),
      balance: balanceIn(facts),
      moves: this.#moves.slice(),
    };
  }

  #noteMoves(look: Look): void {
    const before = this.#last;
    this.#last = look;
    if (before === undefined || look.at - before.at > MOST_BETWEEN_MS) return;
    const moves: Move[] = movesBetween(before.facts.members, look.facts.members);
    if (moves.length === 0) return;
    this.#count += 1;
    const { at } = look;
    this.#moves.unshift({
      number: this.#count,
      at,
      moves: moves.slice(0, MOST_MOVES),
      more: Math.max(0, moves.length - MOST_MOVES),
    });
    this.#moves.splice(MOST_KEPT);
  }

  #rowOf(member: FleetMember, round: Round | undefined): FleetRow {
    const { name, consumerId, kind, isAlive, pending, presenceMs, owned, handOver, process } = member;
    const self = name === this.#self;
    return {
      name,
      consumerId,
      kind,
      self,
      isAlive,
      presenceMs,
      pending,
      owned,
      handOver,
      share: shareOf(member, round),
      process,
    };
  }
}

/** How many streams it would have, if all had their share. */
function shareOf({ process }: FleetMember, round: Round | undefined): number | null {
  if (process === null || round === undefined) return null;
  return Math.min(process.capacity, (round.level * process.weight) / round.perStream);
}
