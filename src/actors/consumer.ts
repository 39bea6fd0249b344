/**
 * One incarnation: everything that one `start()` brings to life, wired together. Runs the consumer machine, which decides what
 * happens when; this does it.
 */
import type { Actor } from 'xstate';
import { isStreamwardenError, messageOf } from '../core/errors.js';
import { redact } from '../core/logger.js';
import { soon } from '../core/microtask.js';
import { consumerMachine, type DrainMode } from '../machines/consumer.machine.js';
import { factOf } from '../machines/facts.js';
import type { ChildSpec, ConsumerState } from '../machines/standing.js';
import type { ServerFacts } from '../redis/capabilities.js';
import { bulkTimeoutFor } from '../redis/connections.js';
import { replyOf } from '../redis/reply-errors.js';
import { Balancer } from './balance/balancer.js';
import { Member } from './balance/member.js';
import { Mover } from './balance/mover.js';
import { DataReader } from './data/data-reader.js';
import { Saver } from './data/saver.js';
import { Canceller } from './endings/canceller.js';
import { Drain, type DrainReport } from './endings/drain.js';
import { Finisher } from './endings/finisher.js';
import { Giver } from './endings/giver.js';
import { Releaser } from './endings/releaser.js';
import { startActor } from './host.js';
import { Acquirer } from './intake/acquirer.js';
import { Delays } from './intake/delays.js';
import { Intake } from './intake/intake.js';
import { Parking } from './intake/parking.js';
import type { Kernel } from './kernel.js';
import { Adopter } from './lease/adopter.js';
import { Lease } from './lease/lease.js';
import { LockKeeper } from './lease/lock-keeper.js';
import { Marker } from './lease/marker.js';
import { Prover } from './lease/prover.js';
import { Toucher } from './lease/toucher.js';
import { Touches } from './lease/touches.js';
import { Verifier } from './lease/verifier.js';
import { Keyspace, THE_MASTER } from './masters/keyspace.js';
import { Topology } from './masters/topology.js';
import type { Ownership } from './ownership.js';
import { Ownerships } from './ownerships.js';
import { DeadLetters } from './recovery/dead-letters.js';
import { MoveLedger } from './recovery/move-ledger.js';
import { type InHand, PendingAudit } from './recovery/pending-audit.js';
import { Reconciler } from './recovery/reconciler.js';
import { Recoverer } from './recovery/recoverer.js';
import { isUnusable, StartUp } from './start-up.js';
import { type StartChild, Supervisor } from './supervision/supervisor.js';

export interface ConsumerHooks {
  /** Resolves when those who watch from the first moment on are there. Never rejects. */
  watched(): Promise<void>;
  /** Ends whatever the kernel's `ended` signal guards. */
  end(): void;
  /** Reading has begun for the first time. */
  running(): void;
  /** The end: stopped (null), or failed with this. */
  terminated(error: unknown): void;
}

export interface ConsumerLimits {
  readonly startTimeoutMs: number;
  readonly handOverGraceMs: number;
}

/** Heartbeats that the way out gets, beside the handlers' grace, when reading is given up. */
const GIVE_UP_HEARTBEATS = 5;

export class Consumer {
  readonly kernel: Kernel;
  readonly ownerships: Ownerships;
  readonly lease: Lease;
  readonly intake: Intake;
  readonly reconciler: Reconciler;
  readonly recoverer: Recoverer;
  readonly finisher: Finisher;
  readonly saver: Saver;
  readonly dataReader: DataReader;
  readonly releaser: Releaser;
  readonly giver: Giver;
  readonly acquirer: Acquirer;
  readonly verifier: Verifier;
  readonly supervisor: Supervisor;
  readonly ledger: MoveLedger;
  readonly touches: Touches;
  readonly canceller: Canceller;
  readonly delays: Delays;
  readonly parking: Parking;
  readonly member: Member;
  readonly balancer: Balancer;
  readonly keyspace: Keyspace;
  /** Follows the masters of a cluster; undefined where there is but one server. */
  readonly topology: Topology | undefined;
  readonly #hooks: ConsumerHooks;
  readonly #limits: ConsumerLimits;
  readonly lockKeeper: LockKeeper;
  readonly #toucher: Toucher;
  readonly #prover: Prover;
  readonly #drain: Drain;
  readonly #startUp: StartUp;
  readonly #actor: Actor<typeof consumerMachine>;
  #server: ServerFacts | null = null;
  #error: unknown = null;
  drainReport: DrainReport | undefined;

  constructor(kernel: Kernel, limits: ConsumerLimits, hooks: ConsumerHooks) {
    this.kernel = kernel;
    this.#hooks = hooks;
    this.#limits = limits;
    this.ledger = new MoveLedger(kernel);
    this.ownerships = new Ownerships(kernel, (ownership, error) => this.#ownershipFailed(ownership, error));
    this.touches = new Touches(kernel, this.ownerships);
    this.lease = new Lease(kernel, {
      beat: () => {
        this.touches.beat();
        this.canceller.beat();
        this.delays.beat();
        this.parking.beat();
        this.reconciler.beat();
        this.intake.beat();
        this.balancer.beat();
      },
      saying: () => JSON.stringify(this.member.record),
      givenOut: () => this.intake.givenOut,
      verifyAll: (signal, wasGroupGone) => this.verifier.verifyAll(signal, wasGroupGone),
      // Redis may be refusing everybody (a cluster that is down, a full memory), on connections that all stand: as after any outage, everyone
      // looks dead until it has renewed its lease.
      beatFailed: (error) => {
        this.reconciler.halt(`heartbeats fail (${factOf(error).code})`);
        // It may be payloads that they wait behind, on their way through the same network.
        kernel.entries.slowDown();
        this.intake.slowDown();
        this.dataReader.slowDown();
      },
      missed: () => this.#leaseMissed(),
      confirmed: () => this.#leaseConfirmed(),
      // Whatever kept us from ours may have kept the others from theirs.
      outageSeen: (why) => this.reconciler.outageSeen(why),
    });
    this.saver = new Saver(kernel, this.lease, {
      advanced: (ownerships) => this.#prover.advanced(ownerships),
    });
    const goalMs = bulkTimeoutFor(kernel.settings.heartbeatMs) / 8;
    this.dataReader = new DataReader(kernel, goalMs, this.ownerships);
    const deadLetters = new DeadLetters(kernel, this.ledger);
    this.giver = new Giver(kernel, this.lease, this.ledger, deadLetters, this.saver);
    const marker = new Marker(kernel, this.lease, (ids) => this.verifier.vanished(ids));
    const { ids } = this.ledger;
    this.parking = new Parking(kernel, () => this.reconciler.place === 0);
    const { lease, ownerships, giver, parking } = this;
    this.acquirer = new Acquirer(
      kernel,
      { lease, ownerships, giver, ids, marker, parking },
      {
        failed: (error) => this.intake.fail(error),
        givenUp: (why, givenUp) => this.intake.givenUp(why, givenUp),
        suspects: (what, suspects) => this.intake.suspects(what, suspects),
      },
    );
    const adopter = new Adopter(kernel, this.lease, this.ownerships, this.acquirer, this.giver, {
      failed: (error) => this.intake.fail(error),
      leftBehind: () => this.#drain.leftBehind(),
    });
    this.verifier = new Verifier(
      kernel,
      this.lease,
      this.ownerships,
      adopter,
      this.giver,
      this.ledger,
      (foreign) => this.lockKeeper.taken(foreign),
    );
    this.finisher = new Finisher(kernel, this.lease, this.touches, this.saver, (ownership, error) =>
      this.operationFailed(ownership, 'handOver', error),
    );
    const { handOverGraceMs } = limits;
    this.canceller = new Canceller(kernel, this.ownerships, this.finisher, handOverGraceMs);
    this.delays = new Delays(kernel, () => this.reconciler.place);
    this.releaser = new Releaser(
      kernel,
      this.ownerships,
      this.giver,
      handOverGraceMs,
      (afterMs) => this.delays.expect(afterMs),
      (ownership, error) => this.operationFailed(ownership, 'handOver', error),
    );
    const mover = new Mover(kernel, this.ownerships, this.releaser);
    this.member = new Member(kernel, () => ({
      state: this.state,
      owned: this.ownerships.owned - mover.leaving,
      capacity: this.intake.capacity,
      isOpen: this.#isReading && this.intake.isOpen,
      balances: kernel.settings.balance.isOn && !this.balancer.isCooling,
      followed: this.balancer.followed,
      lag: this.dataReader.lag.total,
      lagSurplus: this.dataReader.lag.surplus,
    }));
    this.balancer = new Balancer(kernel, this.lease, this.member, mover);
    this.recoverer = new Recoverer(kernel, this.ledger, deadLetters);
    const { acquirer } = this;
    const inHand: InHand = {
      get size() {
        return ownerships.size;
      },
      get begun() {
        return ownerships.begun;
      },
      get ended() {
        return ownerships.ended;
      },
      get unlisted() {
        return acquirer.unlisted + adopter.unlisted;
      },
      get received() {
        return acquirer.received;
      },
      atRest: (count) => ownerships.atRest(count),
      knows: (id) => ownerships.has(id) || acquirer.isInHand(id) || adopter.has(id),
    };
    const audit = new PendingAudit(kernel.clock, inHand, kernel.settings.heartbeatMs / 2, (why) =>
      this.lease.verify(why),
    );
    this.reconciler = new Reconciler(kernel, this.recoverer, deadLetters, audit, {
      foreignConsumers: (present) => {
        this.lockKeeper.hasForeignConsumers = present;
        this.#toucher.hasForeignConsumers = present;
      },
      groupGone: () => this.lease.groupGone(),
      heldIds: () => [...ownerships].filter(({ isAtRest }) => isAtRest).map(({ id }) => id),
      seenId: (id) => this.ledger.ids.seen(id),
      withoutPayload: (ids) => this.verifier.withoutPayload(ids),
      beforeTaking: (dead) => this.balancer.beforeGivingOut(dead),
      tidyParked: () => this.parking.tidy(),
    });
    this.intake = new Intake(kernel, this.lease, this.ownerships, this.acquirer, {
      load: () => this.member.load,
      leaving: () => mover.leaving,
    });
    this.supervisor = new Supervisor(kernel, {
      escalated: (child, why) => this.#actor.send({ type: 'child.escalated', child, why }),
      healed: (child) => this.#actor.send({ type: 'child.healed', child }),
    });
    this.lockKeeper = new LockKeeper(kernel, this.lease, this.ownerships, this.giver);
    this.#toucher = new Toucher(kernel, this.lease, this.ownerships, {
      vanished: (ids) => this.verifier.vanished(ids),
    });
    this.#prover = new Prover(kernel, this.lease, this.ownerships, marker);
    this.#drain = new Drain(this, handOverGraceMs);
    this.keyspace = new Keyspace(kernel, this.supervisor, (id) => this.#spec(id), {
      // Events from before are gone.
      live: () => this.reconciler.hint(),
      lockExpired: (entryId) => this.reconciler.hintLock(entryId),
      presenceExpired: () => this.reconciler.hint(),
    });
    const { shards } = kernel.connections;
    this.topology =
      shards &&
      new Topology(kernel, shards, {
        apply: ({ masters, anew }) => this.#cover(masters, anew),
        learned: () => this.#openConnections(),
      });
    this.#startUp = new StartUp(kernel, limits.startTimeoutMs, {
      reach: async () => await this.topology?.ready(),
      cover: () => this.#coverFirst(),
    });
    const machine = consumerMachine.provide({
      actions: {
        // Actions run before the new state can be seen.
        prepare: () => soon(() => void this.#prepare()),
        startChildren: () => this.#startChildren(),
        startIntake: () => this.#startIntake(),
        endAssignment: () => void this.acquirer.stop(),
        drain: ({ context }) => void this.#runDrain(context.mode),
        hardenDrain: ({ context }) => this.#drain.harden(context.mode),
      },
    });
    this.#actor = startActor(kernel, machine, {
      path: 'consumer',
      input: undefined as never,
      onError: (error) => {
        this.#error = error;
        this.#terminate();
      },
      onDone: () => this.#terminate(),
    });
  }

  get state(): ConsumerState {
    return this.#actor.getSnapshot().value as ConsumerState;
  }

  get #isReading(): boolean {
    return this.state === 'running' || this.state === 'degraded';
  }

  get troubles(): Readonly<Record<string, string>> {
    return this.#actor.getSnapshot().context.troubles;
  }

  /** The hardest mode that a stop was asked for in. */
  get drainMode(): DrainMode {
    return this.#actor.getSnapshot().context.mode;
  }

  get server(): ServerFacts | null {
    return this.#server;
  }

  start(): void {
    this.#actor.send({ type: 'start' });
  }

  /** @param timeoutMs everything is over in so many milliseconds */
  stop(mode: DrainMode, timeoutMs: number): void {
    this.#drain.limit(timeoutMs);
    this.#actor.send({ type: 'stop.requested', mode });
  }

  async #prepare(): Promise<void> {
    this.#startUp.begin();
    await this.#hooks.watched();
    // It may have been stopped meanwhile, and its connections closed for good.
    if (this.state !== 'starting') return;
    this.#connect();
    try {
      this.#server = (await this.#startUp.prepare(() => this.state === 'starting')) ?? null;
      if (this.state !== 'starting') return;
      this.#startUp.prepared(() => this.#startTooLate());
      this.#actor.send({ type: 'start.prepared' });
    } catch (error) {
      if (this.state === 'starting') this.#startFailed(error);
    }
  }

  #connect(): void {
    const { commands, reader } = this.kernel.connections;
    commands.listen({
      up: () => {
        this.keyspace.masterIs(this.topology ? undefined : commands.peer);
        this.keyspace.renew();
        this.kernel.heartbeatThread?.follow(commands.client('heartbeat'));
        this.lease.connectionUp();
        this.reconciler.connected(commands.peer);
        this.intake.bell.ring();
        this.dataReader.connectionUp();
      },
      down: (error) => {
        this.lease.connectionDown();
        this.reconciler.disconnected(error);
        // A demoted master keeps its clients; the commands' connection is the one that finds out.
        if (replyOf(error) === 'READONLY') this.keyspace.masterChanged(error);
      },
    });
    reader.listen({
      // Entries may have been delivered in a reply that was lost with the connection.
      up: () => {
        this.lease.verify('reader connected');
        this.intake.bell.ring();
      },
      down: () => {},
    });
    const { topology } = this;
    if (topology === undefined) this.#openConnections();
    // Where to connect to has to be asked first.
    else this.supervisor.start(this.#spec('topologyWatcher'), (end) => topology.start(end));
  }

  #openConnections(): void {
    this.kernel.connections.commands.open();
    this.kernel.connections.reader.open();
  }

  /** What a set-up of keyspace events may take before it is left to the supervisor. */
  get #coverMs(): number {
    return Math.max(this.#limits.startTimeoutMs, this.kernel.settings.heartbeatMs);
  }

  /** The masters of the cluster are these now. */
  async #cover(masters: readonly string[], anew: boolean): Promise<void> {
    const isFirst = this.topology?.view?.changes === 0;
    await this.keyspace.cover(masters, anew, isFirst ? this.#coverMs : this.kernel.settings.heartbeatMs);
    if (isFirst) return;
    // A failover may have undone what was agreed on, and expiries went unheard.
    this.lease.verify('the masters changed');
    this.reconciler.hint();
  }

  /** In a cluster, the topology watcher has covered the masters. */
  async #coverFirst(): Promise<void> {
    if (this.keyspace.views.length === 0) {
      const masters = this.topology?.view?.report?.masters ?? [THE_MASTER];
      await this.keyspace.cover(masters, false, this.#coverMs);
    }
    this.keyspace.judge();
  }

  /** Redis went away again between preparing and the first lease. */
  #startTooLate(): void {
    if (this.state === 'recovering') this.#startFailed(this.#startUp.timeout());
  }

  #startFailed(error: unknown): void {
    this.kernel.logger.error({ error: redact(messageOf(error)) }, 'starting failed');
    this.#error = error;
    this.#actor.send({ type: 'start.failed', error: factOf(error) });
  }

  #spec(id: string): ChildSpec {
    const { heartbeatMs } = this.kernel.settings;
    return {
      id,
      restart: 'permanent',
      maxRestarts: 5,
      withinMs: Math.max(10_000, heartbeatMs * 10),
      // Well below half a heartbeat: a keeper that failed once misses no beat.
      backoffMs: Math.min(50, heartbeatMs / 10),
      maxBackoffMs: Math.max(1000, heartbeatMs),
    };
  }

  #startChildren(): void {
    const child = (id: string, start: StartChild) => this.supervisor.start(this.#spec(id), start);
    // First, and for itself: whatever becomes of the keeper, the deadline is told of when it passes.
    child('leaseDeadline', (end) => this.lease.startDeadline(end.failed));
    const { heartbeatThread } = this.kernel;
    if (heartbeatThread) child('heartbeatThread', (end) => heartbeatThread.start(end.failed));
    const keeper = this.#spec('leaseKeeper');
    // Every start of a keeper is a beat, so even one beyond its limits must be started again before the lease is over.
    const maxBackoffMs = this.kernel.settings.heartbeatMs / 8;
    this.supervisor.start({ ...keeper, maxBackoffMs }, (end) =>
      this.lease.start((error) => {
        // Without a lease nothing begins, and what no waiting heals is said at once.
        if (this.state === 'recovering' && isUnusable(error)) this.#startFailed(error);
        else end.failed(error);
      }),
    );
    child('reconciler', (end) => this.reconciler.start(end.failed));
    child('balancer', (end) => this.balancer.start(end.failed));
    child('lockKeeper', (end) => this.lockKeeper.start(end.failed));
    child('toucher', (end) => {
      this.#toucher.start(end.failed);
      return { stop: () => this.#toucher.stop() };
    });
    child('dataReader', (end) => {
      this.dataReader.start(end.failed);
      return { stop: () => this.dataReader.stop() };
    });
    child('prover', (end) => {
      this.#prover.start(end.failed);
      return { stop: () => this.#prover.stop() };
    });
  }

  #startIntake(): void {
    this.supervisor.start(this.#spec('intake'), (end) =>
      this.intake.start({
        failed: end.failed,
        gaveUp: (error) => {
          this.#error = error;
          // Nobody may be there to finish anything, nor Redis to be handed anything.
          const { handOverGraceMs } = this.#limits;
          this.#drain.limit(handOverGraceMs + GIVE_UP_HEARTBEATS * this.kernel.settings.heartbeatMs);
          this.#actor.send({ type: 'reading.gaveUp', error: factOf(error) });
        },
      }),
    );
    this.#startUp.end();
    this.#hooks.running();
  }

  #leaseMissed(): void {
    const { logger, seam } = this.kernel;
    const facts = { owned: this.ownerships.owned, overdueMs: this.lease.overdueMs };
    for (const ownership of this.ownerships) {
      if (ownership.state === 'extending') ownership.send({ type: 'lease.missed' });
    }
    this.balancer.missed();
    logger.warn(facts, 'the lease could not be confirmed in time');
    seam.emit('leaseMissed', facts);
    this.reconciler.halt('the lease could not be confirmed in time');
  }

  #leaseConfirmed(): void {
    for (const ownership of this.ownerships) {
      if (ownership.state === 'uncertain') ownership.send({ type: 'lease.confirmed' });
    }
    this.acquirer.handHeld();
    this.intake.bell.ring();
    this.balancer.confirmed();
    this.reconciler.resume();
    if (this.state === 'recovering') this.#actor.send({ type: 'lease.verified' });
  }

  /** Its actor is gone, the entry is still pending for us: the others shall have it. Its application is told to stop. */
  #ownershipFailed(ownership: Ownership, error: unknown): void {
    this.supervisor.record(`ownership/${ownership.id}`, error);
    ownership.isGivenUp = true;
    this.kernel.application.disowned(ownership, 'failed');
    this.#giveUp(ownership, 'handOver');
  }

  /** Finishing it or giving it back failed for a reason that time does not heal. It shall not stay on its way out for ever. */
  operationFailed(ownership: Ownership, reason: 'handOver' | 'failed' | 'rejected', error: unknown): void {
    if (isStreamwardenError(error, 'RuntimeStopped') || ownership.isAtRest) return;
    this.supervisor.record(`ownership/${ownership.id}`, error);
    // Before it has ended, and what is unsaved of it with it.
    ownership.isGivenUp = true;
    ownership.send({ type: 'lost', reason: 'failed' });
    this.#giveUp(ownership, reason);
  }

  #giveUp(ownership: Ownership, reason: 'handOver' | 'failed' | 'rejected'): void {
    this.giver.giveUp(reason, ownership).catch((problem: unknown) => {
      if (isStreamwardenError(problem, 'RuntimeStopped')) return;
      this.kernel.logger.warn(
        { id: ownership.id, error: messageOf(problem) },
        'a failed ownership could not be handed over; it is adopted again',
      );
      this.lease.verify('a hand-over failed');
    });
  }

  async #runDrain(mode: DrainMode): Promise<void> {
    this.drainReport = await this.#drain.run(mode);
    this.#actor.send({ type: 'drained' });
  }

  #terminate(): void {
    this.#startUp.end();
    this.supervisor.stop();
    this.#hooks.end();
    this.kernel.connections.close();
    this.ownerships.stop();
    // A failure that came when the end was decided already changes nothing.
    const { status, context } = this.#actor.getSnapshot();
    this.#hooks.terminated(status === 'error' || context.error !== null ? this.#error : null);
  }
}
