/**
 * Runs the same commands on a real server and on the simulated one, and compares what they answer.
 *
 * Time: each command goes to the real server between two TIME in one pipeline, and the simulated one is given that time. So ids made by `*`,
 * idle times, times to live and windows of time are the same to the millisecond; none is left out of the comparison. Where a millisecond
 * ends between the two TIME, either may be right: the program is then run again on a fresh simulation with each choice, when it matters.
 * A command that asks twice may have seen both, which no choice explains: such a program is run again, and counted as undecided in the end.
 *
 * Left out: microseconds (in what `history.lua` and `acquire.lua` write), how many nodes Redis's radix tree has inside, the sign of NaN, and addresses of tables; what
 * Redis 8.6 adds to XINFO STREAM, and in which words Valkey says the same.
 */
import {
  type Reply,
  ReplyError,
  type Session,
  SimulatedRedis,
  StatusReply,
  toBinary,
  Unsupported,
} from '../../src/simulation/redis/index.js';
import { Wire } from './wire.js';

/** An argument that is another one on each server: the number of a connection. */
export interface ClientNumber {
  readonly client: number;
}

export type Argument = string | number | ClientNumber;

export interface Step {
  /** 0: the one that never waits; from 1 on: readers, which may be parked. */
  readonly on: number;
  readonly argv: readonly Argument[];
  /** The order of the reply's items means nothing. */
  readonly isUnordered?: boolean;
  /** A script that does not ask for the time. */
  readonly isTimeless?: boolean;
}

export interface Difference {
  readonly command: string;
  readonly real: string;
  readonly simulated: string;
  /** What had been done before, oldest first. */
  readonly before: readonly string[];
}

export const READERS = 3;
const LONGEST_WAIT_MS = 5000;
/** More choices of milliseconds than this, and a program is dropped: on a busy machine there are many, and each runs the whole program again. */
const MOST_CHOICES = 64;

/** What is left out, as it stands in a reply, and what is put in its place. */
const LEFT_OUT: readonly (readonly [RegExp, string])[] = [
  [/\\"at\\":\d+\.\d{3}/g, '\\"at\\":T'],
  [/"v1 \d+\.\d+"/g, '"v1 T"'],
  [/"radix-tree-nodes",\d+/g, '"radix-tree-nodes",N'],
  [/-nan/gi, 'nan'],
  [/NAN/g, 'nan'],
  [/0x[0-9a-f]{12}/g, '0xA'],
  // Redis 8.6.
  [/"idmp-duration",\d+(?:,"[a-z-]+",\d+)*,(?="(?:groups|entries)")/, ''],
  // Valkey's words.
  [/(specified in XSETID is smaller than) [a-z_ ]+/, '$1 …'],
  [/(Unknown|calling) Redis command (called|from)/g, '$1 command $2'],
  [/Lua redis lib command arguments/g, 'Command arguments'],
  [/this redis lib call/g, 'this call'],
  [/No matching script. Please use EVAL./g, 'No matching script.'],
  [/script: [0-9a-f]{40}, on/g, 'script: on'],
];

/** A text that is the same for replies that count as the same. */
export function canonical(reply: Reply, isUnordered = false): string {
  const text = JSON.stringify(tagged(isUnordered && Array.isArray(reply) ? sorted(reply) : reply));
  return LEFT_OUT.reduce((left, [from, to]) => left.replace(from, to), text);
}

function sorted(reply: Reply[]): Reply[] {
  return reply
    .map((item) => (Array.isArray(item) ? sorted(item) : item))
    .sort((a, b) => (JSON.stringify(tagged(a)) < JSON.stringify(tagged(b)) ? -1 : 1));
}

function tagged(reply: Reply): unknown {
  if (Array.isArray(reply)) return reply.map(tagged);
  if (reply instanceof StatusReply) return { status: reply.status };
  if (reply instanceof ReplyError) return { error: reply.message };
  return reply;
}

interface Done {
  readonly step: Step;
  /** Epoch ms before and after. */
  readonly from: number;
  readonly to: number;
  /** Undefined: it was parked. */
  readonly real: string | undefined;
}

/** The simulated side of one program. */
class Simulated {
  readonly #clock = { now: 0 };
  readonly #server: SimulatedRedis;
  readonly #sessions: Session[] = [];
  readonly pushes: Reply[] = [];
  /** Answers that the readers got, in order. */
  readonly answers: string[][] = [];

  constructor(version: string, startedAt: number, scripts: readonly string[]) {
    this.#clock.now = startedAt;
    this.#server = new SimulatedRedis({ now: () => this.#clock.now, version });
    for (let on = 0; on <= READERS; on += 1) {
      this.#sessions.push(this.#server.connect());
      this.answers.push([]);
    }
    const subscriber = this.#server.connect();
    subscriber.onMessage = (pattern, channel, message) =>
      this.pushes.push(['pmessage', pattern, channel, message]);
    subscriber.execute(['PSUBSCRIBE', '*'], () => undefined);
    for (const source of scripts) this.#sessions[0]?.execute(['SCRIPT', 'LOAD', source], () => undefined);
  }

  /** Undefined: parked. */
  run({ on, argv, isUnordered }: Step, now: number): Reply | undefined {
    this.#clock.now = now;
    let answer: Reply | undefined;
    const session = this.#sessions[on] as Session;
    session.execute(this.argv(argv), (reply) => {
      answer = reply;
      if (on > 0) this.answers[on]?.push(canonical(reply, isUnordered));
    });
    return answer;
  }

  argv(argv: readonly Argument[]): string[] {
    return argv.map((one) =>
      typeof one === 'object' ? String(this.#sessions[one.client]?.id) : String(one),
    );
  }

  isParked(on: number): boolean {
    return this.#sessions[on]?.isBlocked === true;
  }
}

export class Comparison {
  readonly #wires: Wire[];
  readonly #subscriber: Wire;
  readonly #ids: number[];
  readonly version: string;
  #simulated: Simulated;
  #scripts: readonly string[] = [];
  #startedAt = 0;
  #done: Done[] = [];
  /** Answers that the real server's readers got. */
  #answers: string[][] = [];
  #isOver = false;
  /** Replies compared. */
  replies = 0;
  /** A millisecond ended within a command: whether the two differ cannot be told. */
  isUndecided = false;
  /** Programs that the simulation refused to go on with, by what it does not know or cannot repeat. */
  readonly unsupported = new Map<string, number>();
  difference: Difference | undefined;

  private constructor(wires: Wire[], subscriber: Wire, ids: number[], version: string) {
    this.#wires = wires;
    this.#subscriber = subscriber;
    this.#ids = ids;
    this.version = version;
    this.#simulated = new Simulated(version, 0, []);
  }

  /** @param url of a server that nobody else uses, started with `SERVER_CONFIG` */
  static async open(url: string): Promise<Comparison> {
    const { hostname, port } = new URL(url);
    const connect = () => Wire.connect(hostname, Number(port));
    const wires: Wire[] = [];
    for (let on = 0; on <= READERS; on += 1) wires.push(await connect());
    const subscriber = await connect();
    const ids: number[] = [];
    for (const wire of wires) ids.push((await wire.send(['CLIENT', 'ID'])[0]) as number);
    const [info] = await Promise.all((wires[0] as Wire).send(['INFO', 'server']));
    const version = /redis_version:(\S+)/.exec(String(info))?.[1] ?? '';
    await Promise.all(subscriber.send(['PSUBSCRIBE', '*']));
    // Keys then go when they are looked at, and at no other time.
    await Promise.all((wires[0] as Wire).send(['DEBUG', 'SET-ACTIVE-EXPIRE', '0']));
    return new Comparison(wires, subscriber, ids, version);
  }

  close(): void {
    for (const wire of [...this.#wires, this.#subscriber]) wire.close();
  }

  get #main(): Wire {
    return this.#wires[0] as Wire;
  }

  /** Begins a program: without data, with these scripts loaded, and no event published. */
  async begin(scripts: readonly string[]): Promise<void> {
    await Promise.all(
      this.#main.send(
        ['CONFIG', 'SET', 'notify-keyspace-events', ''],
        ['FLUSHALL'],
        ['SELECT', '0'],
        ['CLIENT', 'SETNAME', ''],
        ['SCRIPT', 'FLUSH', 'SYNC'],
        ...scripts.map((source) => ['SCRIPT', 'LOAD', toBinary(source)]),
      ),
    );
    this.#scripts = scripts;
    this.#done = [];
    this.#answers = this.#wires.map(() => []);
    this.#isOver = false;
    this.isUndecided = false;
    this.difference = undefined;
    this.#subscriber.pushes.length = 0;
    this.#startedAt = await this.#time();
    this.#simulated = this.#newSimulated();
  }

  #newSimulated(): Simulated {
    return new Simulated(this.version, this.#startedAt, this.#scripts);
  }

  async #time(): Promise<number> {
    return milliseconds((await this.#main.send(['TIME'])[0]) as Reply);
  }

  /** False: it has come to a difference, or cannot be decided any more. */
  get isGoing(): boolean {
    return !this.#isOver;
  }

  isParked(on: number): boolean {
    return this.#simulated.isParked(on);
  }

  /** Does one step on both. The real server's reply; undefined where it was parked. */
  async step(step: Step): Promise<Reply | undefined> {
    const { on, isUnordered } = step;
    const argv = step.argv.map((one) =>
      toBinary(String(typeof one === 'object' ? this.#ids[one.client] : one)),
    );
    let before: Reply;
    let after: Reply;
    let real: Reply | undefined;
    if (on === 0) {
      [before, real, after] = (await Promise.all(this.#main.send(['TIME'], argv, ['TIME']))) as [
        Reply,
        Reply,
        Reply,
      ];
    } else {
      const [time, answer] = (this.#wires[on] as Wire).send(['TIME'], argv);
      void answer?.then((reply) => {
        real = reply;
        this.#answers[on]?.push(canonical(reply, isUnordered));
      });
      // What it had to wait for has come before: a reader is asked only while it is not parked.
      before = (await time) as Reply;
      after = (await this.#main.send(['TIME'])[0]) as Reply;
    }
    const from = milliseconds(before);
    const to = milliseconds(after);
    let simulated: Reply | undefined;
    try {
      simulated = this.#simulated.run(step, from);
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error;
      this.#isOver = true;
      const what = error.message.replace(/[\d(].*/, '…');
      this.unsupported.set(what, (this.unsupported.get(what) ?? 0) + 1);
      return real;
    }
    if (on > 0 && simulated !== undefined) await this.#arrived(on);
    const done = { step, from, to, real: real === undefined ? undefined : canonical(real, isUnordered) };
    this.#done.push(done);
    this.replies += 1;
    const isSame = done.real === (simulated === undefined ? undefined : canonical(simulated, isUnordered));
    const readers = await this.#readersAgree();
    if (!isSame || !readers) {
      this.#settle(
        simulated === undefined ? 'parked' : canonical(simulated, isUnordered),
        isSame ? this.#readersText() : undefined,
      );
    }
    return real;
  }

  /** Waits until the real reader has as many answers as the simulated one. */
  async #arrived(on: number): Promise<boolean> {
    const wanted = this.#simulated.answers[on]?.length ?? 0;
    const deadline = performance.now() + LONGEST_WAIT_MS;
    while ((this.#answers[on]?.length ?? 0) < wanted) {
      if (performance.now() > deadline) return false;
      await new Promise((resolve) => setImmediate(resolve));
    }
    return true;
  }

  async #readersAgree(): Promise<boolean> {
    for (let on = 1; on <= READERS; on += 1) {
      if (!(await this.#arrived(on))) return false;
      if (!isSameList(this.#answers[on], this.#simulated.answers[on])) return false;
    }
    return true;
  }

  #readersText(): { real: string; simulated: string } {
    return {
      real: `readers: ${JSON.stringify(this.#answers)}`,
      simulated: `readers: ${JSON.stringify(this.#simulated.answers)}`,
    };
  }

  /** The two differ: unless another choice of milliseconds explains everything so far, that is a difference. */
  #settle(simulated: string, instead?: { real: string; simulated: string }): void {
    const unsure = this.#done.flatMap(({ from, to }, position) => (from === to ? [] : [position]));
    const sizes = unsure.map((position) => {
      const { from, to } = this.#done[position] as Done;
      return to - from + 1;
    });
    const choices = sizes.reduce((product, size) => product * size, 1);
    for (let choice = 0; choices <= MOST_CHOICES && choice < choices; choice += 1) {
      let rest = choice;
      const delays = new Map<number, number>();
      for (const [at, position] of unsure.entries()) {
        const size = sizes[at] as number;
        delays.set(position, rest % size);
        rest = Math.floor(rest / size);
      }
      const other = this.#again(delays);
      if (other !== undefined) {
        this.#simulated = other;
        return;
      }
    }
    this.#isOver = true;
    if (unsure.some((position) => this.#done[position]?.step.isTimeless !== true)) {
      this.isUndecided = true;
      return;
    }
    const last = this.#done[this.#done.length - 1] as Done;
    this.difference = {
      command: `${last.step.on}: ${shown(last.step)}`,
      real: instead?.real ?? last.real ?? 'parked',
      simulated: instead?.simulated ?? simulated,
      before: this.#done
        .slice(-40, -1)
        .map(({ step, real }) => `${step.on}: ${shown(step)} -> ${real ?? 'parked'}`),
    };
  }

  /** A fresh simulation of everything so far, so many milliseconds later at these positions; undefined when it differs too. */
  #again(delays: ReadonlyMap<number, number>): Simulated | undefined {
    const fresh = this.#newSimulated();
    for (const [position, { step, from, real }] of this.#done.entries()) {
      const reply = fresh.run(step, from + (delays.get(position) ?? 0));
      if (real !== (reply === undefined ? undefined : canonical(reply, step.isUnordered))) return undefined;
    }
    return this.#answers.every((list, on) => on === 0 || isSameList(list, fresh.answers[on]))
      ? fresh
      : undefined;
  }

  /** Ends a program: parked reads are ended, and what was published is compared. */
  async end(): Promise<void> {
    for (let on = 1; on <= READERS; on += 1) {
      if (this.isGoing && this.isParked(on)) {
        await this.step({ on: 0, argv: ['CLIENT', 'UNBLOCK', { client: on }] });
      }
      // A difference may have left one parked.
      if (!this.isGoing) await this.#main.send(['CLIENT', 'UNBLOCK', String(this.#ids[on])])[0];
    }
    if (!this.isGoing) return;
    await this.#subscriber.send(['PING'])[0];
    const heard = this.#subscriber.pushes.map((push) => canonical(push));
    const simulated = this.#simulated.pushes.map((push) => canonical(push));
    this.replies += heard.length;
    if (isSameList(heard, simulated)) return;
    // When a key expires within a millisecond may have been decided in another way than the replies show.
    if (this.#done.some(({ from, to }) => from !== to)) {
      this.isUndecided = true;
      return;
    }
    const at = heard.findIndex((push, position) => push !== simulated[position]);
    const from = Math.max(0, at === -1 ? heard.length : at);
    this.#isOver = true;
    this.difference = {
      command: `what was published, from message ${from} on`,
      real: heard.slice(from, from + 3).join(' '),
      simulated: simulated.slice(from, from + 3).join(' '),
      before: this.#done.map(({ step, real }) => `${step.on}: ${shown(step)} -> ${real ?? 'parked'}`),
    };
  }
}

/** What a server to compare with is started with. */
export const SERVER_CONFIG = { 'enable-debug-command': 'yes', save: '' };

function isSameList(a: readonly string[] = [], b: readonly string[] = []): boolean {
  return a.length === b.length && a.every((one, position) => one === b[position]);
}

function milliseconds(time: Reply): number {
  const [seconds, micros] = time as [string, string];
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
}

function shown({ argv }: Step): string {
  return argv
    .map((one) => {
      const text = typeof one === 'object' ? `client ${one.client}` : String(one);
      return text.length > 300 ? `…${text.slice(-300)}` : text;
    })
    .map((text) => (/^[\w:~*.+><=-]+$/.test(text) ? text : JSON.stringify(text)))
    .join(' ');
}
