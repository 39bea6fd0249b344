/** Makes rounds of balancing, and hands over what they say. Runs the balancer machine. */
import { type Actor, fromPromise } from 'xstate';
import { messageOf } from '../../core/errors.js';
import { balancerMachine } from '../../machines/balancer.machine.js';
import type { RoundFigures } from '../../machines/standing.js';
import { isPassing } from '../../redis/reply-errors.js';
import { startActor } from '../host.js';
import type { Kernel } from '../kernel.js';
import type { Lease } from '../lease/lease.js';
import type { Member } from './member.js';
import type { Mover } from './mover.js';
import { planRound } from './plan.js';

/** For so many times as long as everybody has to have been there, a process that was told to take streams hands none over. */
const COOLING_SETTLES = 10;

export class Balancer {
  readonly #kernel: Kernel;
  readonly #lease: Lease;
  readonly #member: Member;
  readonly #machine;
  #actor: Actor<typeof balancerMachine> | undefined;
  /** The round of which intake was heard last. */
  #intakeOf = 0;

  constructor(kernel: Kernel, lease: Lease, member: Member, mover: Mover) {
    this.#kernel = kernel;
    this.#lease = lease;
    this.#member = member;
    this.#machine = balancerMachine.provide({
      actors: {
        round: fromPromise<RoundFigures | null>(() => this.#round()),
        move: fromPromise<number, { count: number }>(async ({ input }) => {
          const moved = await mover.move(input.count);
          kernel.seam.emit('balanced', { moved });
          return moved;
        }),
      },
      actions: {
        report: (_, { error }) => {
          if (!isPassing(error)) throw error;
        },
      },
    });
  }

  start(onError: (error: unknown) => void): { stop(): void } {
    const { settleMs } = this.#kernel.settings.balance;
    const actor = startActor(this.#kernel, this.#machine, {
      path: 'consumer/balancer',
      input: {
        coolMs: COOLING_SETTLES * settleMs,
        followed: this.followed,
        moved: this.snapshot?.context.moved ?? 0,
      },
      onError,
    });
    this.#actor = actor;
    if (this.#lease.isConfirmed) actor.send({ type: 'lease.confirmed' });
    return { stop: () => actor.stop() };
  }

  get snapshot() {
    return this.#actor?.getSnapshot();
  }

  /** The order that was followed last; 0: none. */
  get followed(): number {
    return this.snapshot?.context.followed ?? 0;
  }

  /** It has been told to take streams a while ago, and hands none over. */
  get isCooling(): boolean {
    return this.snapshot?.matches({ patience: 'cooling' }) ?? false;
  }

  /** Streams that would be ours if all processes had their share, as of the last round. */
  get share(): number {
    const { round } = this.#kernel.lease.roundHeard();
    if (round === undefined) return 0;
    const { weight, capacity } = this.#member.record;
    return Math.min(capacity, Math.round((round.level * weight) / round.perStream));
  }

  confirmed(): void {
    this.#actor?.send({ type: 'lease.confirmed' });
  }

  missed(): void {
    this.#actor?.send({ type: 'lease.missed' });
  }

  /** A heartbeat has been answered, and said what the last round found. */
  beat(): void {
    this.#member.beat();
    const { dueInMs, order } = this.#kernel.lease.roundHeard();
    if (dueInMs < 1) this.#actor?.send({ type: 'round.due' });
    // What was not heard in time is of another time: others may have come since.
    if (order === undefined || dueInMs < -this.#kernel.settings.heartbeatMs) return;
    const { number, count } = order;
    if (count > 0) {
      const { snapshot } = this;
      // Every heartbeat brings it, until the next round.
      if (number === snapshot?.context.followed || !snapshot?.matches({ moves: 'still' })) return;
      this.#actor?.send({ type: 'order.heard', round: number, count });
    } else if (number !== this.#intakeOf) {
      this.#intakeOf = number;
      this.#actor?.send({ type: 'intake.heard' });
    }
  }

  /** Streams of the dead, or of this process, are about to be given out anew: what each is to take of them is to be told without those. Rejects with nothing. */
  async beforeGivingOut(leavers: readonly string[]): Promise<void> {
    try {
      await this.#round(leavers);
    } catch (error) {
      this.#kernel.logger.debug(
        { error: messageOf(error) },
        'no round could be made before streams are given out',
      );
    }
  }

  /** @param leavers they are no part of it: the round is made whether or not one is due. Undefined: only where one is */
  async #round(leavers?: readonly string[]): Promise<RoundFigures | null> {
    const { fleet, settings, seam } = this.#kernel;
    const { balance } = settings;
    const begun = await fleet.beginRound(this.#member.record, balance.everyMs, leavers !== undefined);
    if (begun === undefined) return null;
    // To the index they are there, for whoever has the turn to take from them.
    const members = begun.members.filter(({ name }) => !leavers?.includes(name));
    // What the last round found is worth more than one that knows of somebody nothing.
    if (leavers !== undefined && members.some(({ record }) => record === undefined)) return null;
    const { round, figures, orders } = planRound({ ...begun, members }, balance);
    if (!(await fleet.endRound(begun.token, round, orders))) return null;
    seam.emit('roundEnded', figures);
    return figures;
  }
}
