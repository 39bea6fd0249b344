/**
 * One run: a fleet under a schedule, with everything the contract says watched all the time; then a time without faults, in which everything
 * has to come to rest.
 */
import type { StopReport, StreamHandle } from '../src/index.js';
import { createNames, type Names } from '../src/redis/names.js';
import type { Command } from '../src/simulation/labels.js';
import { labelOf } from '../src/simulation/labels.js';
import type { Connection } from '../src/simulation/network.js';
import type { SimulatedProcess } from '../src/simulation/process.js';
import type { Reply, Session } from '../src/simulation/redis/index.js';
import { isReplyError, toTexts } from '../src/simulation/replies.js';
import type { SimulatedServer } from '../src/simulation/server.js';
import { ORDER } from '../src/simulation/timeline.js';
import { World } from '../src/simulation/world.js';
import { checkHistory } from '../src/testing/history.js';
import { type HistoryRecord, parseHistoryRecord } from '../src/testing/history-records.js';
import { Announcer } from './announcer.js';
import { BEFALLS_ANYONE } from './fault-kinds.js';
import { applyFault } from './faults.js';
import { GoParty } from './go-party.js';
import { Adds } from './invariants/adds.js';
import { BalanceWatch } from './invariants/balance.js';
import { checkBeside } from './invariants/beside.js';
import { checkCall } from './invariants/calls.js';
import { checkCalm, isAtRest, isWell, mostUnwell } from './invariants/calm.js';
import { CancelWatch } from './invariants/cancels.js';
import { CheckpointWatch } from './invariants/checkpoints.js';
import { ConvictionWatch } from './invariants/convictions.js';
import { DelayWatch } from './invariants/delays.js';
import { EnsureWatch } from './invariants/ensures.js';
import { EntriesWatch } from './invariants/entries.js';
import { type EntryLife, INSISTING_OPERATOR, Ledger, type Standing } from './invariants/ledger.js';
import { checkLoss } from './invariants/losses.js';
import { ParkingWatch } from './invariants/parking.js';
import { RejectionWatch } from './invariants/rejections.js';
import { checkBegin, checkStop, checkTold } from './invariants/stops.js';
import { BlockWatch } from './invariants/blocks.js';
import { checkTakeover, TakeoverWatch } from './invariants/takeovers.js';
import { Told } from './invariants/told.js';
import { UncertainWatch } from './invariants/uncertain.js';
import { type Violation, Violations } from './invariants/violations.js';
import { WaitingWatch } from './invariants/waiting.js';
import { type Worker, Workers } from './invariants/workers.js';
import { Member } from './member.js';
import { keepRecordings } from './recordings.js';
import { type Announcement, type PlannedFault, type Schedule, type Shape, shapeOf } from './schedule.js';
import { SERVICE, type Stage } from './stage.js';
import type { Bystander, Victim } from './victim.js';

export interface RunOptions {
  /** Gets what happens, line by line. */
  readonly trace?: (line: string) => void;
  /** Folder for recordings and history. */
  readonly recordings?: string;
}

export interface RunResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly steps: number;
  readonly records: number;
  readonly takeovers: number;
  /** How many faults have happened. */
  readonly faults: number;
  /** How long everything took to come to rest, in milliseconds of the world. */
  readonly restMs: number;
}

/** Everyone gets connected before anything befalls them, in milliseconds. */
const WARM_UP_MS = 300;
/** What changes the history. */
const WRITES_HISTORY: ReadonlySet<string> = new Set([
  'acquire',
  'park-ahead',
  'done',
  'save',
  'give-back',
  'requeue',
  'finish-due-letters',
  'claim',
  'delay',
  'end-delays',
  'unpark',
]);
const LOOK_EVERY_MS = 25;
/** What ids of what is delayed, and of what is parked, begin with. */
const DELAYED = 'delayed:';
const PARKED = 'parked:';

/** From the beginning, or a loss of data, to the next one. */
interface Era {
  readonly history: HistoryRecord[];
  /** Ids of entries. */
  readonly announced: string[];
}

export class Fleet implements Stage {
  readonly world: World;
  readonly shape: Shape;
  readonly names: Names;
  readonly members: Member[] = [];
  readonly violations: Violations;
  readonly ledger: Ledger;
  readonly workers: Workers;
  readonly told: Told;
  readonly announcers: readonly Announcer[];
  readonly goConsumers: readonly GoParty[];
  isCalm = false;
  faults = 0;
  readonly #schedule: Schedule;
  readonly #trace: ((line: string) => void) | undefined;
  readonly #historyKey: string;
  readonly #recordings: string | undefined;
  readonly #thrown = new Set<string>();
  readonly #observers = new Map<
    SimulatedServer,
    { readonly generation: number; readonly session: Session }
  >();
  #read = 0;
  #isHistoryBehind = false;
  /** Entries that a group which was set back delivers anew, and how long their owners may need to find out. */
  readonly #setBack = new Map<string, number>();
  /** Entries of which a mark may have been written since the last look. */
  #marked: string[] = [];
  /** Who is well at the end is looked at from now on. */
  #isEnding = false;
  /** What was lost with the data says nothing of what comes after: not even the tokens go on, where the server's clock was set back. */
  readonly #eras: Era[] = [{ history: [], announced: [] }];
  readonly #uncertain: UncertainWatch;
  readonly #takeovers: TakeoverWatch;
  readonly #blocks: BlockWatch;
  readonly #waiting: WaitingWatch;
  readonly #rejections: RejectionWatch;
  readonly #convictions: ConvictionWatch;
  readonly #ensures: EnsureWatch;
  readonly #entries: EntriesWatch;
  readonly #delays: DelayWatch;
  readonly #parking: ParkingWatch;
  readonly #cancels: CancelWatch;
  readonly #balance: BalanceWatch;
  readonly #checkpoints: CheckpointWatch;

  constructor(schedule: Schedule, { trace, recordings }: RunOptions) {
    this.#recordings = recordings;
    const { seed } = schedule;
    const shape = shapeOf(schedule);
    this.#schedule = schedule;
    this.shape = shape;
    this.#trace = trace;
    this.names = createNames({ service: SERVICE });
    this.#historyKey = `{${this.names.lbs}}:history`;
    this.violations = new Violations(
      () => this.world.timeline.now,
      (text) => this.say(text),
    );
    this.told = new Told(this.violations);
    const toleranceMs = 0.5 + shape.clockDrift * shape.heartbeatMs * 2;
    this.workers = new Workers(this.violations, toleranceMs, () => this.now);
    const { maxRetries, provenAfterMs } = shape;
    const limits = { maxRetries, provenAfterMs: provenAfterMs * (1 - 2 * shape.clockDrift) };
    this.ledger = new Ledger(this.violations, limits, () => this.now, {
      taken: (life, from, why, by) => this.#taken(life, from, why, by),
      takeThrow: (consumer, id) => this.#thrown.delete(`${consumer} ${id}`),
    });
    this.world = new World({
      seed,
      latencyMs: shape.latencyMs,
      bytesPerMs: shape.bytesPerMs ?? undefined,
      hasKeyspaceEvents: shape.keyspaceEvents !== 'off' || shape.goConsumers > 0,
      cluster: shape.servers > 1 ? { servers: shape.servers, home: this.names.lbs } : undefined,
      onThrown: (error) => this.threw(error),
      hooks: {
        executed: (connection, commands, replies) => this.#executed(connection, commands, replies),
      },
    });
    this.#uncertain = new UncertainWatch(this, LOOK_EVERY_MS, (consumer, id) =>
      this.#thrown.has(`${consumer} ${id}`),
    );
    this.#takeovers = new TakeoverWatch(this);
    this.#blocks = new BlockWatch(this);
    this.#waiting = new WaitingWatch(this);
    this.#rejections = new RejectionWatch(this);
    this.#convictions = new ConvictionWatch(this, schedule.faults);
    this.#ensures = new EnsureWatch(this);
    const { onEntryError, entryRetries } = shape;
    const passingOver = { onEntryError, entryRetries: Math.min(entryRetries, maxRetries) };
    this.#entries = new EntriesWatch(this.violations, passingOver);
    this.#delays = new DelayWatch(this);
    this.#parking = new ParkingWatch(this);
    this.#cancels = new CancelWatch(this);
    this.#balance = new BalanceWatch(this, schedule.faults);
    this.#checkpoints = new CheckpointWatch(this);
    const adds = new Adds(this.violations, () => this.now);
    this.announcers = numbers(shape.producers).map(
      (index) => new Announcer(this, index, adds, this.#ensures, this.#entries),
    );
    this.goConsumers = numbers(shape.goConsumers).map((index) => new GoParty(this, index, shape.goVersion));
    for (const fault of schedule.faults) {
      for (const bystander of this.bystanders) this.#aim(fault, bystander, bystander.label);
    }
  }

  get bystanders(): readonly Bystander[] {
    return [...this.goConsumers, ...this.announcers];
  }

  get areBystandersIdle(): boolean {
    return [...this.goConsumers, ...this.announcers].every(({ isIdle }) => isIdle);
  }

  get now(): number {
    return this.world.timeline.now;
  }

  get isTraced(): boolean {
    return this.#trace !== undefined;
  }

  say(text: string): void {
    this.#trace?.(`${this.now.toFixed(3).padStart(10)} ${text}`);
  }

  /** Nobody caught it. */
  threw(error: unknown): void {
    this.violations.add(
      '-',
      `thrown: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
  }

  /** Asks a server directly, at once, whatever the network is like. */
  #ask(
    server: SimulatedServer,
    command: readonly (string | number)[],
    answered?: (answer: unknown) => void,
  ): unknown {
    const { redis, generation } = server;
    let observer = this.#observers.get(server);
    if (observer?.generation !== generation) {
      observer = { generation, session: redis.connect() };
      this.#observers.set(server, observer);
    }
    let answer: Reply | undefined;
    observer.session.execute(command.map(String), (reply) => {
      answer = reply;
      if (!isReplyError(reply)) answered?.(toTexts(reply));
    });
    if (isReplyError(answer)) throw new Error(answer.message);
    return toTexts(answer);
  }

  /** Reads from the server of the load balancer stream, whatever it refuses to others. */
  #look(...command: (string | number)[]): unknown {
    const answer = this.world.server.redis.look(command.map(String));
    if (isReplyError(answer)) throw new Error(answer.message);
    return toTexts(answer);
  }

  lookAt(...command: (string | number)[]): unknown {
    return this.#look(...command);
  }

  /** Asks that of the load balancer stream. */
  ask(...command: (string | number)[]): unknown {
    return this.#ask(this.world.server, command);
  }

  /** The same; undefined when it is refused. */
  askMaybe(...command: (string | number)[]): unknown {
    return this.askAt(this.world.server, ...command);
  }

  readonly askAt = (server: SimulatedServer, ...command: (string | number)[]): unknown => {
    try {
      return this.#ask(server, command);
    } catch {
      return undefined;
    }
  };

  start(consumerId?: string): Member {
    const index = this.members.length;
    const member = new Member({
      world: this.world,
      shape: this.shape,
      service: SERVICE,
      historyKey: this.#historyKey,
      index,
      consumerId: consumerId ?? `c${index}`,
      isCalm: () => this.isCalm,
      isTraced: this.isTraced,
      recordings: this.#recordings,
      hooks: {
        begins: (party, handle) => this.#begins(party, handle),
        returned: (party, worker, keeps) => {
          this.say(`${party.consumer} leaves ${worker.name} ${worker.id}`);
          this.#cancels.returned(
            party.consumer,
            this.ledger.lives.get(worker.id),
            worker.handle.signal.reason,
          );
          this.#checkpoints.finishes(party, worker.handle, keeps);
          this.workers.end(worker);
        },
        iterates: (party, { name, id }) => this.#entries.iterates(`${party.consumer} ${id}`, name),
        handed: (party, { name, id }, entryId) => {
          this.say(`${party.consumer} is handed ${entryId} of ${name} ${id}`);
          this.#entries.handed(`${party.consumer} ${id}`, name, entryId);
        },
        throwsAt: (_party, { name }, entryId) => this.#entries.throws(name, entryId),
        through: (party, { name, id }, entryId) =>
          this.#entries.through(`${party.consumer} ${id}`, name, entryId),
        committed: (party, { name, id }, entryId) => {
          this.say(`${party.consumer} has committed ${entryId} of ${name} ${id}`);
          this.#entries.hasCommitted(`${party.consumer} ${id}`, name, entryId);
        },
        threw: (party, handle, isRejected) => {
          const { id } = handle;
          this.say(`${party.consumer} ${isRejected ? 'rejects' : 'throws for'} ${id}`);
          this.#thrown.add(`${party.consumer} ${id}`);
          if (isRejected) this.#rejections.rejects(party, handle);
        },
        asks: (party, handle, ifTouches) => this.#ensures.asks(party, handle, ifTouches),
        finishes: (party, handle, keeps) => this.#checkpoints.finishes(party, handle, keeps),
        saves: (party, handle, worker, count) => this.#checkpoints.saves(party, handle, worker, count),
        settled: (party, call, handle) => {
          this.say(`${party.consumer}: ${call.name} ${handle.id} ${call.code ?? 'resolved'}`);
          checkCall(this, party, call, handle);
        },
        blocks: (party, ms) => this.#blocks.blocks(party, ms),
        crashed: (party) => this.#takeovers.crashed(party),
        killed: (party) => this.later(0, () => this.#kill(party)),
        told: (party, notification) => {
          const id = 'id' in notification ? notification.id : '';
          this.say(`${party.consumer} is told ${notification.type} ${id}`);
          this.told.add(party.consumer, notification);
          checkTold(this, party, notification);
          checkLoss(this, party, notification);
          this.#rejections.told(party, notification);
          this.#ensures.told(party, notification);
          this.#uncertain.told(party, notification);
          this.#balance.told(party, notification);
          this.#checkpoints.told(party, notification);
        },
        stopped: (party, report) => this.#stopped(party, report),
        say: (text) => this.say(text),
      },
    });
    this.members.push(member);
    for (const fault of this.#schedule.faults) this.#aim(fault, member, index);
    return member;
  }

  /** Its supervisor starts it again. */
  #kill(member: Member): void {
    if (!member.isAlive) return;
    this.say(`POISON kills ${member.label}`);
    const isServing = member.isServing;
    member.crash();
    for (const connection of this.world.network.of(member.process)) connection.close(0);
    if (isServing) this.later(this.shape.heartbeatMs / 2, () => this.start(member.consumerId));
  }

  /** Its clocks are not to be gone by for so long, from now on. */
  unsettle(member: Member, ms: number): void {
    this.#uncertain.unsettle(member, ms);
  }

  /** Its machine is about to sleep for so long. */
  sleeps(member: Member, ms: number): void {
    this.#uncertain.sleeps(member, ms);
  }

  later(ms: number, act: () => void): void {
    this.world.timeline.after(ms, ORDER.observer, undefined, act);
  }

  get living(): Member[] {
    return this.members.filter((member) => member.isAlive);
  }

  /** Something that every stop under way may have to wait for. */
  disturbAll(ms = 0): void {
    for (const member of this.members) member.disturb(ms);
    for (const bystander of this.bystanders) bystander.disturb(ms);
  }

  mayRepeat(lives: readonly EntryLife[]): void {
    this.told.mayRepeat(
      this.living.map(({ consumer }) => consumer),
      lives.map(({ id }) => id),
    );
  }

  /** By a producer; where there is none, nobody has sent it. */
  announce(announcement: Announcement, by: number): void {
    const announcer = this.announcers[by % Math.max(1, this.announcers.length)];
    if (announcer === undefined) this.#appear(announcement);
    else announcer.announce(announcement);
  }

  deliversAnew(lives: readonly EntryLife[], foundOutMs: number): void {
    this.mayRepeat(lives);
    for (const life of lives) {
      this.workers.excuseOwner('C-OUT-5', life, foundOutMs);
      this.ledger.handed(life);
      life.isOrphaned = false;
      this.#setBack.set(life.id, foundOutMs);
    }
  }

  #appear(announcement: Announcement): void {
    const { name, bytes } = announcement;
    const info = bytes === undefined ? {} : { Info: { pad: 'x'.repeat(bytes) } };
    const payload = JSON.stringify({ DataStreamName: name, ...info });
    const { server } = this.world;
    if (!server.isWell) {
      this.later(50, () => this.#appear(announcement));
      return;
    }
    // At once: whoever waits for it is answered next.
    this.#ask(server, ['XADD', this.names.lbs, '*', 'lbs-input', payload], (id) =>
      this.wasAnnounced(String(id), name),
    );
  }

  wasAnnounced(id: string, name: string, retryCount = 0, trial = 0): void {
    this.say(`announced ${name} ${id}`);
    this.#era.announced.push(id);
    this.ledger.announced(id, name, retryCount, id, trial);
    // What befalls the server at the answer to a read that was waiting for it may come first.
    const [key, at] = id.startsWith(DELAYED)
      ? [this.names.delayed, id.slice(DELAYED.length)]
      : [this.names.lbs, id];
    if ((this.#look('XRANGE', key, at, at) as unknown[]).length === 0) this.ledger.lostAsAdded(id);
  }

  get #era(): Era {
    return this.#eras.at(-1) as Era;
  }

  /** What happened to the history meanwhile. */
  readHistory(): void {
    this.#isHistoryBehind = false;
    this.#readMarks();
    for (const line of this.#look('LRANGE', this.#historyKey, this.#read, -1) as string[]) {
      this.#read += 1;
      this.say(`  history ${line}`);
      this.record(parseHistoryRecord(line));
    }
  }

  #readMarks(): void {
    for (const id of this.#marked.splice(0)) {
      const rows = this.world.server.redis.look(['XPENDING', this.names.lbs, this.names.group, id, id, '1']);
      const [row] = isReplyError(rows) ? [] : (toTexts(rows) as unknown[][]);
      if (row !== undefined) this.ledger.marked(id, Number(row[3]));
    }
  }

  record(record: HistoryRecord): void {
    this.#era.history.push(record);
    this.#rejections.record(record);
    this.#ensures.record(record);
    this.#delays.record(record);
    this.#parking.record(record);
    this.#cancels.record(record);
    // Before the ledger, which knows then whose it was.
    this.#checkpoints.record(record);
    this.#entries.record(record);
    this.ledger.add(record);
    this.#convictions.record(record);
    if (record.op === 'finished') this.told.markOver(record.owner, record.id);
    else if ('from' in record && record.from === record.by) this.told.markOver(record.from, record.id);
    checkTakeover(this, record);
  }

  /** The server's data is older, or gone: so is what was known of it. */
  dataLost(standing: Standing): void {
    this.#read = Number(this.#look('LLEN', this.#historyKey));
    this.ledger.rolledBack(standing);
    this.#parking.dataLost();
    this.#checkpoints.dataLost();
    // What was committed of any of them is older, wherever its entries are.
    this.#entries.dataLost(this.#dataLeft());
    this.#eras.push({ history: [], announced: [] });
  }

  entriesLost(server: SimulatedServer): void {
    this.#entries.dataLost(this.#dataLeft(server));
  }

  /** What there is of data streams, of all or of those of one server, and how far they were committed. */
  #dataLeft(
    only?: SimulatedServer,
  ): ReadonlyMap<string, { readonly ids: readonly string[]; readonly committed: string }> {
    const left = new Map<string, { readonly ids: readonly string[]; readonly committed: string }>();
    for (const key of this.#entries.keys()) {
      const server = this.world.serverOf(key);
      if (only !== undefined && server !== only) continue;
      const rows = toTexts(server.redis.look(['XRANGE', key, '-', '+'])) as [id: string, fields: unknown][];
      const record = this.#look('HGET', this.names.checkpoints, key) as string | null;
      const json = /^v1 \S+ \d+ \d+ (.*)$/s.exec(record ?? '')?.[1] ?? '{}';
      const { p = {} } = JSON.parse(json) as { readonly p?: Readonly<Record<string, string>> };
      left.set(key, { ids: rows.map(([id]) => id), committed: p[key] ?? '0-0' });
    }
    return left;
  }

  async run(): Promise<RunResult> {
    const { announcements, faults } = this.#schedule;
    const { shape } = this;
    const { timeline } = this.world;
    this.ask('XGROUP', 'CREATE', this.names.lbs, this.names.group, '0', 'MKSTREAM');
    for (let left = shape.processes; left > 0; left -= 1) this.start();
    await this.#until(WARM_UP_MS);
    announcements.forEach((announcement, index) => {
      const { atMs } = announcement;
      timeline.at(WARM_UP_MS + atMs, ORDER.observer, undefined, () => this.announce(announcement, index));
    });
    for (const fault of faults) {
      const { moment } = fault;
      if (!('atMs' in moment)) continue;
      timeline.at(WARM_UP_MS + moment.atMs, ORDER.observer, undefined, () => {
        const able: readonly Victim[] = BEFALLS_ANYONE.has(fault.kind)
          ? [...this.living, ...this.bystanders]
          : this.living;
        const victim = able[Math.floor(moment.who * able.length)];
        if (victim !== undefined) this.#befall(fault, victim, undefined);
      });
    }
    this.#lookAgain();
    await this.#until(WARM_UP_MS + shape.faultMs);
    this.#heal();
    const calmedAt = this.now;
    const endsAt = calmedAt + shape.calmMs;
    let hasEnded = false;
    while (this.now < endsAt) {
      this.#isEnding = this.now > endsAt - this.#watchedMs;
      await this.#until(this.now + shape.heartbeatMs);
      if (this.areBystandersIdle) this.#parking.resumeAll();
      if (shape.isEnding && !hasEnded) hasEnded = this.#endAll();
      else if (isAtRest(this)) break;
    }
    const restMs = this.now - calmedAt;
    // The dead are forgotten by the scan.
    if (isAtRest(this)) {
      const restedAt = this.now + 2.5 * shape.reconcileEveryMs + 4 * shape.heartbeatMs;
      await this.#until(restedAt - this.#watchedMs);
      this.#isEnding = true;
      await this.#until(restedAt);
      if (isAtRest(this)) checkBeside(this);
    }
    checkCalm(this, restMs);
    if (shape.isReading && isAtRest(this)) this.#entries.atRest((name) => this.#isUnread(name));
    this.#convictions.check();
    this.#checkHistory();
    for (const { process } of [...this.members, ...this.bystanders]) process.end();
    await this.#until(this.now + 1);
    if (this.#recordings !== undefined)
      await keepRecordings(
        this.members,
        this.#eras.flatMap(({ history }) => history),
        this.#recordings,
      );
    return {
      seed: this.#schedule.seed,
      violations: this.violations.all,
      steps: timeline.steps,
      records: this.ledger.records,
      takeovers: this.ledger.takeovers,
      faults: this.faults,
      restMs,
    };
  }

  /** Each data stream that has not been ended since its last entry is, when nothing else is to come: whoever waits then has no reason to. @returns whether it was time for that */
  #endAll(): boolean {
    if (!this.areBystandersIdle || this.askMaybe('XLEN', this.names.delayed) !== 0) return false;
    for (let n = 1; n <= this.shape.names; n += 1) {
      const name = `order-${n}`;
      if (this.#entries.isToEnd(name)) this.announce({ atMs: 0, name, isEnd: true }, n);
    }
    return true;
  }

  /** Nobody was to read it to its end. */
  #isUnread(name: string): boolean {
    return [...this.ledger.lives.values()].some(
      ({ name: of, isCancelled, isTrimmed, isOrphaned, end = '' }) =>
        of === name &&
        (isCancelled || isTrimmed || isOrphaned || ['deadLettered', 'gone', 'excused'].includes(end)),
    );
  }

  /** For how long before the end it is looked at who is well. */
  get #watchedMs(): number {
    return (mostUnwell(this.shape) + 1) * this.shape.heartbeatMs;
  }

  #until(moment: number): Promise<void> {
    return this.world.timeline.run(moment, () => {
      if (this.#isHistoryBehind) this.readHistory();
      this.workers.look();
      return false;
    });
  }

  #aim(fault: PlannedFault, victim: Victim, as: number | string): void {
    const { moment } = fault;
    if ('atMs' in moment || moment.process !== as) return;
    const { command: label, nth, phase } = moment;
    this.world.errands.aim(victim.process, {
      label,
      nth,
      phase,
      hit: (connection) => (this.isCalm ? undefined : this.#befall(fault, victim, connection)),
    });
  }

  #befall(fault: PlannedFault, victim: Victim, connection: Connection | undefined): 'lost' | undefined {
    const where = connection === undefined ? '' : ` (${connection.role})`;
    this.say(`FAULT ${fault.kind} on ${victim.label}${where} ${JSON.stringify(fault.moment)}`);
    this.faults += 1;
    return applyFault(this, fault, victim, connection);
  }

  /** The faults are over: what is broken is whole again, or known to be broken. */
  #heal(): void {
    this.say('CALM');
    this.isCalm = true;
    const { servers, network } = this.world;
    for (const server of servers) {
      server.refuse(null);
      server.deny(undefined);
    }
    for (const connection of [...network.connections]) {
      if (connection.isImpaired) connection.cut();
    }
    if (!this.members.some((member) => member.isServing)) this.start();
    for (const bystander of this.bystanders) if (!bystander.isAlive) bystander.startAnew();
  }

  #begins(member: Member, handle: StreamHandle): Worker {
    const { name, id } = handle;
    this.say(`${member.consumer} works on ${name} ${id}, retries ${handle.retryCount}`);
    const worker = this.workers.begin(member, handle);
    if (!this.told.wasAdded(member.consumer, id)) {
      this.violations.add('C-ADD-1', `${member.consumer} works on ${name} ${id}, which it was not told of`);
    }
    checkBegin(this, member, handle);
    this.#rejections.begins(member, handle);
    this.#ensures.begins(member, handle);
    this.#checkpoints.begins(member, handle);
    return worker;
  }

  #taken(life: EntryLife, from: string, why: string, by: string): void {
    this.workers.taken(life, from, why);
    // C-CLM-1: who insists takes from the living.
    if (by === INSISTING_OPERATOR) return;
    // C-EXP-1: nobody can know its lock.
    if (why === 'gone') return;
    const isGo = this.goConsumers.some(({ label }) => label === from);
    // C-OVL-5: where locks are apart, it may take its lock back in between.
    if (!isGo || this.shape.isApart || this.askMaybe('EXISTS', this.names.lock(life.name, life.id)) !== 1)
      return;
    this.violations.add(
      'C-EXP-1',
      `${life.name} ${life.id} was taken from ${from}, whose lock stands (${why})`,
    );
  }

  #stopped(member: Member, report: StopReport): void {
    this.say(`${member.consumer} has stopped: ${JSON.stringify(report)}`);
    checkStop(this, member, report);
  }

  #executed({ process }: Connection, commands: readonly Command[], replies: readonly Reply[]): void {
    const label = labelOf(commands);
    if (this.isTraced) this.#sayExecuted(process, commands, replies);
    // Read after the step: a server that is answering has to finish first.
    if (WRITES_HISTORY.has(label)) this.#isHistoryBehind = true;
    if (label === 'XREADGROUP' && this.#setBack.size > 0) this.#readAnew(replies[0]);
    if (label === 'acquire') this.#acquired(commands, replies);
    if (label === 'touch') this.#vanished(Array.isArray(replies[0]) ? replies[0][2] : undefined);
    if (label === 'mark') {
      // Whatever it replied: a look says what is so.
      this.#marked.push(...(commands[0] ?? []).slice(3 + Number(commands[0]?.[2]) + 4).map(String));
      this.#isHistoryBehind = true;
      this.#vanished(replies[0]);
    }
    // Behind the entries that were appended, or alone.
    const ensureAt = label === 'ensure' || label === 'XADD' ? commands.findIndex(isEnsure) : -1;
    if (ensureAt !== -1) {
      // What was executed before, in the same step.
      if (this.#isHistoryBehind) this.readHistory();
      this.#ensures.executed([commands[ensureAt] as Command], [replies[ensureAt] as Reply]);
    }
    if (label === 'cancel') {
      if (this.#isHistoryBehind) this.readHistory();
      this.#cancels.executed(commands, replies);
      this.#checkpoints.cancelled(commands, replies);
      this.#entries.cancelled(commands, replies);
    }
    if (label === 'pause') {
      if (this.#isHistoryBehind) this.readHistory();
      this.#parking.executed(commands, replies);
    }
    if (this.shape.isReading) this.#entriesExecuted(label, commands, replies);
    if (label === 'delay' || label === 'add-delayed') this.#delays.executed(label, commands, replies);
    for (const bystander of [...this.goConsumers, ...this.announcers]) {
      if (!bystander.was(process)) continue;
      for (const [at, command] of commands.entries()) bystander.executed(command, replies[at]);
    }
  }

  /** Owners remove entries, and copy those that fail. */
  #entriesExecuted(label: string, commands: readonly Command[], replies: readonly Reply[]): void {
    const [command = []] = commands;
    const [reply] = replies;
    if (reply === undefined || isReplyError(reply)) return;
    const isRemoval = label === 'XTRIM' || label === 'remove-data';
    if (isRemoval && this.#isHistoryBehind) this.readHistory();
    if (label === 'XTRIM' && command[2] === 'MINID')
      this.#entries.trimmed(String(command[1]), String(command.at(-1)));
    if (label === 'remove-data' && reply === 1)
      this.#entries.trimmed(String(command[3]), undefined, String(command[4]));
    if (label === 'XADD' && String(command[1]) === this.names.entriesDlq) {
      const fields = command.map(String);
      const textOf = (field: string) => fields[fields.indexOf(field) + 1] as string;
      this.#entries.copied(textOf('_key'), textOf('_id'));
    }
  }

  /** What a script has verified, the caller is going to take for its own once it has heard of it. */
  #acquired([command = []]: readonly Command[], [reply]: readonly Reply[]): void {
    if (!Array.isArray(reply)) return;
    const args = command.slice(3 + Number(command[2])).map(String);
    const consumer = args[1] as string;
    reply.forEach((answer, index) => {
      // With a checkpoint, where there is one.
      const result = Array.isArray(answer) ? answer[0] : answer;
      const id = args[3 + 2 * index];
      if ((result !== 1 && result !== 2) || id === undefined) return;
      const foundOutMs = this.#setBack.get(id);
      if (foundOutMs !== undefined) {
        this.workers.excuseFor('C-OUT-5', id, foundOutMs);
        // Given out once more, after it was recorded as another consumer's: the record names an entry, so nothing is written anew.
        const life = this.ledger.lives.get(id);
        if (life?.owner !== undefined && life.owner !== consumer) this.ledger.handed(life);
      }
      this.workers.acquired(id, consumer);
      this.told.acquired(consumer, id);
    });
  }

  /** C-LOST-6: what has no payload is not pending any more. Its owner is told when it hears of that. */
  #vanished(gone: Reply | undefined): void {
    if (!Array.isArray(gone)) return;
    for (const id of toTexts(gone) as string[]) {
      const life = this.ledger.lives.get(id);
      if (life === undefined || life.end !== undefined) continue;
      this.workers.excuseOwner('C-LOST-6', life, this.shape.heartbeatMs);
      this.ledger.claimedInVain(life);
    }
  }

  /** C-OUT-5: a consumer of the Go client acknowledges, and deletes later. In between the group that was set back may give it out. */
  #readAnew(reply: Reply | undefined): void {
    if (!Array.isArray(reply)) return;
    for (const [, entries] of toTexts(reply) as [string, [string][]][]) {
      for (const [id] of entries) {
        const life = this.ledger.lives.get(id);
        if (life?.end === 'excused' && this.#setBack.has(id))
          this.deliversAnew([life], this.#setBack.get(id) ?? 0);
      }
    }
  }

  #sayExecuted(process: SimulatedProcess, commands: readonly Command[], replies: readonly Reply[]): void {
    const who = this.#whose(process)?.label ?? '?';
    const words = JSON.stringify(commands.map((command) => command.slice(1))).slice(0, 160);
    this.say(
      `  ${who} ${labelOf(commands)} ${words} -> ${JSON.stringify(replies.map(toTexts)).slice(0, 160)}`,
    );
  }

  #whose(process: SimulatedProcess): Victim | undefined {
    return (
      this.members.find((member) => member.process === process) ??
      this.bystanders.find((bystander) => bystander.was(process))
    );
  }

  /** What no event announces: that something did not happen in time. */
  #lookAgain(): void {
    this.world.timeline.after(LOOK_EVERY_MS, ORDER.observer, undefined, () => {
      this.#uncertain.look();
      this.#takeovers.look();
      this.#blocks.look();
      this.#waiting.look();
      this.#rejections.look();
      this.#ensures.look();
      this.#delays.look();
      this.#parking.look();
      this.#cancels.look();
      if (this.#isEnding)
        for (const member of this.living) if (isWell(member, this)) member.wellAt = this.now;
      this.#endOldConnections();
      this.#lookAgain();
    });
  }

  /** A proxy, or a server, that ends every connection after a while. */
  #endOldConnections(): void {
    const { connectionLifeMs } = this.shape;
    if (connectionLifeMs === null) return;
    for (const connection of [...this.world.network.connections]) {
      if (this.now - connection.openedAt < connectionLifeMs) continue;
      this.#whose(connection.process)?.disturb();
      connection.cut();
    }
  }

  #checkHistory(): void {
    const onStream = ((this.askMaybe('XRANGE', this.names.lbs, '-', '+') ?? []) as [string][]).map(
      ([id]) => id,
    );
    const later = ((this.askMaybe('XRANGE', this.names.delayed, '-', '+') ?? []) as [string][]).map(
      ([id]) => `${DELAYED}${id}`,
    );
    const parked = ((this.askMaybe('XRANGE', this.names.parking[0], '-', '+') ?? []) as [string][]).map(
      ([id]) => `${PARKED}${id}`,
    );
    onStream.push(...later, ...parked);
    const { ledger } = this;
    for (const { id, name } of ledger.lost(new Set(onStream)))
      this.violations.add('C-ADD-4', `${name} ${id} is lost: neither finished nor on the stream`);
    // What a tool trimmed is gone, and the checker takes that for lost.
    const trimmed = new Set(
      [...ledger.lives.values()].flatMap((life) => (life.isTrimmed ? [life.root] : [])),
    );
    for (const era of this.#eras) {
      const announced = era.announced.filter((id) => ledger.isWhole(id) && !trimmed.has(id));
      const records = era.history.filter(({ id }) => ledger.isWhole(id));
      for (const violation of checkHistory({ records, announced, onStream }).violations)
        this.violations.add('C-ADD-4', `history: ${violation}`);
    }
  }
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

export async function runSchedule(schedule: Schedule, options: RunOptions = {}): Promise<RunResult> {
  const fleet = new Fleet(schedule, options);
  const threw = (error: unknown) => fleet.threw(error);
  process.on('unhandledRejection', threw);
  process.on('uncaughtException', threw);
  try {
    return await fleet.run();
  } finally {
    process.off('unhandledRejection', threw);
    process.off('uncaughtException', threw);
  }
}

function isEnsure(command: Command): boolean {
  return labelOf([command]) === 'ensure';
}
