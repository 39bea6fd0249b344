/**
 * One run: a fleet under a schedule, with everything the contract says watched all the time; then a time without faults, in which everything
 * has to come to rest.
 */
import type { StopReport, StreamHandle } from '../src/index.js';
import { createNames, type Names } from '../src/redis/names.js';
import type { Command } from '../src/simulation/labels.js';
import { labelOf } from '../src/simulation/labels.js';
import type { Connection } from '../src/simulation/network.js';
import type { Reply, Session } from '../src/simulation/redis/index.js';
import { isReplyError, toTexts } from '../src/simulation/replies.js';
import { ORDER } from '../src/simulation/timeline.js';
import { World } from '../src/simulation/world.js';
import { checkHistory } from '../src/testing/history.js';
import { type HistoryRecord, parseHistoryRecord } from '../src/testing/history-records.js';
import { applyFault } from './faults.js';
import { checkCalm, isAtRest, isWell } from './invariants/calm.js';
import { type EntryLife, Ledger } from './invariants/ledger.js';
import { checkStop } from './invariants/stops.js';
import { checkTakeover } from './invariants/takeovers.js';
import { Told } from './invariants/told.js';
import { type Violation, Violations } from './invariants/violations.js';
import { type Worker, Workers } from './invariants/workers.js';
import { Member } from './member.js';
import { keepRecordings } from './recordings.js';
import type { PlannedFault, Schedule, Shape } from './schedule.js';
import type { Stage } from './stage.js';

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

export const SERVICE = 'svc';
/** Everyone gets connected before anything befalls them, in milliseconds. */
const WARM_UP_MS = 300;
/** What changes the history. */
const WRITES_HISTORY: ReadonlySet<string> = new Set([
  'acquire',
  'done',
  'give-back',
  'requeue',
  'finish-due-letters',
  'claim',
]);
const LOOK_EVERY_MS = 25;
/** Loop delay, timers' grain and the tail of a message: what C-UNC-1 may take, in milliseconds. */
const NOTICED_MS = 30;

export class Fleet implements Stage {
  readonly world: World;
  readonly shape: Shape;
  readonly names: Names;
  readonly members: Member[] = [];
  readonly violations: Violations;
  readonly ledger: Ledger;
  readonly workers: Workers;
  readonly told: Told;
  readonly announced: string[] = [];
  isCalm = false;
  faults = 0;
  readonly #schedule: Schedule;
  readonly #trace: ((line: string) => void) | undefined;
  readonly #historyKey: string;
  readonly #recordings: string | undefined;
  readonly #thrown = new Set<string>();
  #observed = 0;
  #observer: Session | undefined;
  #read = 0;
  #isHistoryBehind = false;
  readonly #history: HistoryRecord[] = [];
  /** Until when each process was not itself. */
  readonly #stillUntil = new Map<Member, number>();

  constructor(schedule: Schedule, { trace, recordings }: RunOptions) {
    this.#recordings = recordings;
    const { seed, shape } = schedule;
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
    this.workers = new Workers(this.violations, 0.5 + shape.clockDrift * shape.heartbeatMs * 2);
    this.ledger = new Ledger(this.violations, shape.maxRetries, {
      taken: (life, from, why) => this.workers.taken(life, from, why),
      takeThrow: (consumer, id) => this.#thrown.delete(`${consumer} ${id}`),
    });
    this.world = new World({
      seed,
      latencyMs: shape.latencyMs,
      bytesPerMs: shape.bytesPerMs ?? undefined,
      hasKeyspaceEvents: shape.keyspaceEvents !== 'off',
      onThrown: (error) => this.threw(error),
      hooks: {
        executed: (connection, commands, replies) => this.#executed(connection, commands, replies),
      },
    });
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

  /** Asks the server directly, at once, whatever the network is like. */
  ask(...command: (string | number)[]): unknown {
    const { redis, generation } = this.world.server;
    if (this.#observer === undefined || this.#observed !== generation) {
      this.#observed = generation;
      this.#observer = redis.connect();
    }
    let answer: Reply | undefined;
    this.#observer.execute(command.map(String), (reply) => {
      answer = reply;
    });
    if (isReplyError(answer)) throw new Error(answer.message);
    return toTexts(answer);
  }

  /** The same; undefined when it is refused. */
  askMaybe(...command: (string | number)[]): unknown {
    try {
      return this.ask(...command);
    } catch {
      return undefined;
    }
  }

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
        returned: (party, worker) => {
          this.say(`${party.consumer} leaves ${worker.name} ${worker.id}`);
          this.workers.end(worker);
        },
        threw: (party, id) => {
          this.say(`${party.consumer} throws for ${id}`);
          this.#thrown.add(`${party.consumer} ${id}`);
        },
        settled: (party, call, handle, code) => this.#settled(party, call, handle, code),
        told: (party, notification) => {
          const id = 'id' in notification ? notification.id : '';
          this.say(`${party.consumer} is told ${notification.type} ${id}`);
          this.told.add(party.consumer, notification);
        },
        stopped: (party, report) => this.#stopped(party, report),
        say: (text) => this.say(text),
      },
    });
    this.members.push(member);
    for (const fault of this.#schedule.faults) this.#aim(fault, member);
    return member;
  }

  /** Its clocks are not to be gone by for so long, from now on. */
  unsettle(member: Member, ms: number): void {
    this.#stillUntil.set(member, Math.max(this.#stillUntil.get(member) ?? 0, this.now + ms));
  }

  get living(): Member[] {
    return this.members.filter((member) => member.isAlive);
  }

  /** Something that every stop under way may have to wait for. */
  disturbAll(ms = 0): void {
    for (const member of this.members) member.disturb(ms);
  }

  mayRepeat(lives: readonly EntryLife[]): void {
    this.told.mayRepeat(
      this.living.map(({ consumer }) => consumer),
      lives.map(({ id }) => id),
    );
  }

  announce(name: string): void {
    const { server, timeline } = this.world;
    const id = server.isWell
      ? this.askMaybe('XADD', this.names.lbs, '*', 'lbs-input', JSON.stringify({ DataStreamName: name }))
      : undefined;
    if (typeof id !== 'string') {
      timeline.after(50, ORDER.observer, undefined, () => this.announce(name));
      return;
    }
    this.say(`announced ${name} ${id}`);
    this.announced.push(id);
    this.ledger.announced(id, name);
  }

  /** What happened to the history meanwhile. */
  readHistory(): void {
    this.#isHistoryBehind = false;
    const lines = this.askMaybe('LRANGE', this.#historyKey, this.#read, -1) as string[] | undefined;
    for (const line of lines ?? []) {
      this.#read += 1;
      this.say(`  history ${line}`);
      this.record(parseHistoryRecord(line));
    }
  }

  record(record: HistoryRecord): void {
    this.#history.push(record);
    this.ledger.add(record);
    checkTakeover(this, record);
  }

  /** The server's data is older, or gone: so is what was known of it. */
  dataLost(open: readonly EntryLife[]): void {
    this.#read = Number(this.askMaybe('LLEN', this.#historyKey) ?? 0);
    this.ledger.rolledBack(open);
  }

  async run(): Promise<RunResult> {
    const { shape, announcements, faults } = this.#schedule;
    const { timeline } = this.world;
    this.ask('XGROUP', 'CREATE', this.names.lbs, this.names.group, '0', 'MKSTREAM');
    for (let left = shape.processes; left > 0; left -= 1) this.start();
    await this.#until(WARM_UP_MS);
    for (const { atMs, name } of announcements) {
      timeline.at(WARM_UP_MS + atMs, ORDER.observer, undefined, () => this.announce(name));
    }
    for (const fault of faults) {
      const { moment } = fault;
      if (!('atMs' in moment)) continue;
      timeline.at(WARM_UP_MS + moment.atMs, ORDER.observer, undefined, () => {
        const { living } = this;
        const member = living[Math.floor(moment.who * living.length)];
        if (member !== undefined) this.#befall(fault, member, undefined);
      });
    }
    this.#lookAgain();
    await this.#until(WARM_UP_MS + shape.faultMs);
    this.#heal();
    const calmedAt = this.now;
    while (this.now < calmedAt + shape.calmMs) {
      await this.#until(this.now + shape.heartbeatMs);
      if (isAtRest(this)) break;
    }
    const restMs = this.now - calmedAt;
    // The dead are forgotten by the scan.
    if (isAtRest(this)) await this.#until(this.now + 2.5 * shape.reconcileEveryMs + 4 * shape.heartbeatMs);
    checkCalm(this, restMs);
    this.#checkHistory();
    for (const member of this.members) member.process.end();
    await this.#until(this.now + 1);
    if (this.#recordings !== undefined) await keepRecordings(this.members, this.#history, this.#recordings);
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

  #until(moment: number): Promise<void> {
    return this.world.timeline.run(moment, () => {
      if (this.#isHistoryBehind) this.readHistory();
      this.workers.look();
      return false;
    });
  }

  #aim(fault: PlannedFault, member: Member): void {
    const { moment } = fault;
    if ('atMs' in moment || moment.process !== member.index) return;
    const { command: label, nth, phase } = moment;
    this.world.errands.aim(member.process, {
      label,
      nth,
      phase,
      hit: (connection) => (this.isCalm ? undefined : this.#befall(fault, member, connection)),
    });
  }

  #befall(fault: PlannedFault, member: Member, connection: Connection | undefined): 'lost' | undefined {
    this.say(
      `FAULT ${fault.kind} on ${member.consumer}${connection === undefined ? '' : ` (${connection.role})`} ${JSON.stringify(fault.moment)}`,
    );
    this.faults += 1;
    return applyFault(this, fault, member, connection);
  }

  /** The faults are over: what is broken is whole again, or known to be broken. */
  #heal(): void {
    this.say('CALM');
    this.isCalm = true;
    const { server, network } = this.world;
    server.refuse(null);
    server.deny(undefined);
    for (const connection of [...network.connections]) {
      if (connection.isImpaired) connection.cut();
    }
    if (!this.members.some((member) => member.isServing)) this.start();
  }

  #begins(member: Member, handle: StreamHandle): Worker {
    const { name, id } = handle;
    this.say(`${member.consumer} works on ${name} ${id}, retries ${handle.retryCount}`);
    const worker = this.workers.begin(member, handle, this.now);
    if (!this.told.wasAdded(member.consumer, id)) {
      this.violations.add('C-ADD-1', `${member.consumer} works on ${name} ${id}, which it was not told of`);
    }
    const { stop } = member;
    if (stop !== undefined && stop.mode !== 'finish' && stop.atMs < this.now) {
      this.violations.add(
        'C-STOP-2',
        `${member.consumer} begins to work on ${name} ${id}, ${(this.now - stop.atMs).toFixed(1)} ms after it was asked to stop (${stop.mode})`,
      );
    }
    return worker;
  }

  #settled(member: Member, call: 'done' | 'release', { name, id }: StreamHandle, code: string | null): void {
    this.say(`${member.consumer}: ${call} ${id} ${code ?? 'resolved'}`);
    const life = this.ledger.lives.get(id);
    if (life === undefined || !this.ledger.isWhole(id)) return;
    const isFinished = life.end === 'finished' && life.endedBy === member.consumer;
    if (call === 'done' && code === null && !isFinished) {
      this.violations.add(
        'C-DONE-1',
        `done() of ${name} ${id} resolved for ${member.consumer}, which has not finished it`,
      );
    }
    if (call === 'done' && code === 'StreamNotOwned' && isFinished) {
      this.violations.add(
        'C-DONE-5',
        `done() of ${name} ${id} rejected with StreamNotOwned for ${member.consumer}, which has finished it`,
      );
    }
    if (call === 'release' && code === null && life.end === undefined && life.owner === member.consumer) {
      this.violations.add(
        'C-REL-1',
        `release() of ${name} ${id} resolved for ${member.consumer}, which still owns it`,
      );
    }
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
  }

  #sayExecuted(process: unknown, commands: readonly Command[], replies: readonly Reply[]): void {
    const who = this.members.find((member) => member.process === process)?.consumer ?? '?';
    const words = JSON.stringify(commands.map((command) => command.slice(1))).slice(0, 160);
    this.say(
      `  ${who} ${labelOf(commands)} ${words} -> ${JSON.stringify(replies.map(toTexts)).slice(0, 160)}`,
    );
  }

  /** What no event announces: that something did not happen in time. */
  #lookAgain(): void {
    this.world.timeline.after(LOOK_EVERY_MS, ORDER.observer, undefined, () => {
      this.#lookAtUncertain();
      for (const member of this.living) if (isWell(member)) member.wellAt = this.now;
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
      this.members.find(({ process }) => process === connection.process)?.disturb();
      connection.cut();
    }
  }

  /** C-UNC-1: a deadline that has passed is told of within the loop delay. */
  #lookAtUncertain(): void {
    for (const member of this.members) {
      if (!member.isAlive || member.process.isStill) {
        this.unsettle(member, 0);
        continue;
      }
      if (
        member.state !== 'running' ||
        this.now - (this.#stillUntil.get(member) ?? 0) < NOTICED_MS + LOOK_EVERY_MS
      )
        continue;
      for (const handle of member.runtime.ownedStreams()) {
        const overdueMs = member.process.wallNow - handle.validUntil;
        if (handle.validUntil === 0 || overdueMs < NOTICED_MS) continue;
        // C-UNC-3: one whose handler has thrown is not told.
        if (this.#thrown.has(`${member.consumer} ${handle.id}`)) continue;
        if (
          this.told.isUncertain(member.consumer, handle.id) ||
          !this.told.wasAdded(member.consumer, handle.id)
        )
          continue;
        this.told.assumeUncertain(member.consumer, handle.id);
        this.violations.add(
          'C-UNC-1',
          `${member.consumer} was not told that ${handle.name} ${handle.id} is uncertain, ${overdueMs.toFixed(0)} ms after its validUntil`,
        );
      }
    }
  }

  #checkHistory(): void {
    const onStream = ((this.askMaybe('XRANGE', this.names.lbs, '-', '+') ?? []) as [string][]).map(
      ([id]) => id,
    );
    const { ledger } = this;
    for (const { id, name } of ledger.lost(new Set(onStream)))
      this.violations.add('C-ADD-4', `${name} ${id} is lost: neither finished nor on the stream`);
    // What a tool trimmed is gone, and the checker takes that for lost.
    const trimmed = new Set(
      [...ledger.lives.values()].flatMap((life) => (life.isTrimmed ? [life.root] : [])),
    );
    const announced = this.announced.filter((id) => ledger.isWhole(id) && !trimmed.has(id));
    const records = this.#history.filter(({ id }) => ledger.isWhole(id));
    for (const violation of checkHistory({ records, announced, onStream }).violations)
      this.violations.add('C-ADD-4', `history: ${violation}`);
  }
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
