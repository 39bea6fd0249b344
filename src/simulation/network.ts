/**
 * The network of a simulated world: connections that are in order and take their time, and everything that may befall them. A connection has two
 * ends that learn of its end at different moments, or never: what one side has given up, the other may still answer, or execute.
 */
import type { Chance } from './chance.js';
import type { CommandPhase, Errands } from './errands.js';
import { type Command, labelOf } from './labels.js';
import type { SimulatedProcess } from './process.js';
import type { Reply, Session } from './redis/index.js';
import type { SimulatedServer } from './server.js';
import { ORDER, type Owner, type Timeline } from './timeline.js';

export interface NetworkSettings {
  readonly timeline: Timeline;
  readonly chance: Chance;
  /** Most that a message normally takes one way, in milliseconds; one in twenty takes up to ten times as long, or up to `LONGEST_TAIL_MS`. */
  readonly latencyMs: number;
  /** Bytes a millisecond that a connection carries; undefined: whatever there is. */
  readonly bytesPerMs?: number | undefined;
}

/** Nothing takes less, in milliseconds. */
const LEAST_MS = 0.05;
const TAIL = 0.05;
const TAIL_FACTOR = 10;
/** What takes longer is no network as it should be, and some fault's doing. */
const LONGEST_TAIL_MS = 100;

export class Network {
  readonly timeline: Timeline;
  readonly connections = new Set<Connection>();
  readonly #chance: Chance;
  readonly #latencyMs: number;
  readonly #tailMs: number;
  bytesPerMs: number | undefined;

  constructor({ timeline, chance, latencyMs, bytesPerMs }: NetworkSettings) {
    this.timeline = timeline;
    this.#chance = chance;
    this.#latencyMs = latencyMs;
    this.#tailMs = Math.max(latencyMs, Math.min(latencyMs * TAIL_FACTOR, LONGEST_TAIL_MS));
    this.bytesPerMs = bytesPerMs;
  }

  /** How long the next message is on its way, in milliseconds. */
  latency(): number {
    const mostMs = this.#chance.isTrue(TAIL) ? this.#tailMs : this.#latencyMs;
    return LEAST_MS + this.#chance.next() * mostMs;
  }

  /** The connections of one process that its own side takes for open. */
  of(process: SimulatedProcess): Connection[] {
    return [...this.connections].filter((connection) => connection.process === process && connection.isOpen);
  }
}

/** What a client is told of one connection. */
export interface ConnectionListener {
  /** It is over, and everything that waits for an answer gets none. */
  ended(): void;
  message(pattern: string, channel: string, payload: string): void;
}

export interface ConnectionSettings {
  readonly network: Network;
  readonly process: SimulatedProcess;
  /** Who hears what comes back: the process's event loop, or its heartbeat thread. */
  readonly owner: Owner;
  readonly server: SimulatedServer;
  /** What it is for: `commands`, `reader`, `subscriber`. */
  readonly role: string;
  /** Told of each command on its way: that is what faults can be aimed at. */
  readonly errands: Errands<Connection>;
}

interface Request {
  readonly commands: readonly Command[];
  readonly label: string;
  /** How many of this label the process has sent before. */
  readonly nth: number;
  readonly answered: (replies: readonly Reply[]) => void;
}

/** Rough size of a message, in bytes. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string' || Buffer.isBuffer(value)) return value.length + 8;
  if (!Array.isArray(value)) return 8;
  let size = 8;
  for (const item of value) size += sizeOf(item);
  return size;
}

export class Connection {
  readonly process: SimulatedProcess;
  readonly server: SimulatedServer;
  readonly role: string;
  /** Milliseconds of the world. */
  readonly openedAt: number;
  readonly #network: Network;
  readonly #errands: Errands<Connection>;
  readonly #owner: Owner;
  #listener: ConnectionListener | undefined;
  /** The server's end; undefined once it has learned that the connection is over. */
  #session: Session | undefined;
  #isOpen = true;
  /** What is sent arrives no earlier than this: in order, and after whatever holds it up. */
  #toServerAt = 0;
  #toClientAt = 0;
  /** Requests that have arrived, of which the first is being executed or waits for its turn. */
  readonly #arrived: Request[] = [];
  #isExecuting = false;
  /** From now on nothing arrives: neither end learns of it. */
  #isDeaf = false;
  #isMute = false;

  constructor({ network, process, owner, server, role, errands }: ConnectionSettings) {
    this.#network = network;
    this.process = process;
    this.#owner = owner;
    this.server = server;
    this.role = role;
    this.openedAt = network.timeline.now;
    this.#errands = errands;
    this.#session = server.open(this);
    this.#session.onMessage = (pattern, channel, payload) =>
      this.#toClient(64, () => this.#listener?.message(pattern, channel, payload));
    network.connections.add(this);
  }

  /** Its client takes it for open. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** The server takes it for open, and executes what arrives. */
  get isHeard(): boolean {
    return this.#session !== undefined;
  }

  /** Something that was sent on it is lost, and neither end knows. */
  get isImpaired(): boolean {
    return this.#isDeaf || this.#isMute;
  }

  listen(listener: ConnectionListener): void {
    this.#listener = listener;
  }

  /** Sends commands, which are executed one right after the other. */
  send(commands: readonly Command[], answered: (replies: readonly Reply[]) => void): void {
    const label = labelOf(commands);
    const nth = this.#errands.sent(this, label);
    const request = { commands, label, nth, answered };
    if (this.#tell(request, 'sent') === 'lost' || !this.#isOpen) return;
    const { timeline, bytesPerMs } = this.#network;
    const carriedMs = bytesPerMs === undefined ? 0 : sizeOf(commands) / bytesPerMs;
    const from = Math.max(timeline.now, this.#toServerAt - LEAST_MS);
    this.#toServerAt = Math.max(from + carriedMs + this.#network.latency(), this.#toServerAt);
    timeline.at(this.#toServerAt, ORDER.arrival, undefined, () => this.#arrive(request));
  }

  /**
   * The client's end gives it up. What is on its way still arrives, and is executed unless the server has heard of the end by then.
   *
   * @param heardAfterMs when the server hears of it, in milliseconds: a FIN that takes its time, or is lost (Infinity)
   */
  close(heardAfterMs: number): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#listener?.ended();
    if (!Number.isFinite(heardAfterMs)) return;
    const { timeline } = this.#network;
    const at = Math.max(timeline.now + heardAfterMs, this.#toServerAt);
    timeline.at(at, ORDER.arrival, undefined, () => this.forget());
  }

  /** The client gives it up in order: the server hears of it after a message's time. */
  end(): void {
    this.close(this.#network.latency());
  }

  /** Cut in the middle: what is on its way is lost, and both ends hear of it, the client a message's time later. */
  cut(): void {
    this.forget();
    if (this.#isOpen) this.#toClient(0, () => this.close(0), true);
  }

  /** The server's end is gone, and with it what has arrived and was not executed. */
  forget(): void {
    this.#session?.close();
    this.#session = undefined;
    this.server.closed(this);
    this.#arrived.length = 0;
    this.#network.connections.delete(this);
  }

  /** From now on what the server answers is lost. */
  mute(): void {
    this.#isMute = true;
  }

  /** From now on what the client sends is lost. */
  deafen(): void {
    this.#isDeaf = true;
  }

  /** What is sent from now on arrives after this moment, in milliseconds of the world. */
  stall(until: number, towards: 'server' | 'client'): void {
    if (towards === 'server') this.#toServerAt = Math.max(this.#toServerAt, until);
    else this.#toClientAt = Math.max(this.#toClientAt, until);
  }

  /** Goes on with what has arrived. */
  pump(): void {
    if (this.#isExecuting || this.#session === undefined) return;
    const request = this.#arrived[0];
    if (request === undefined) return;
    const heldUntil = this.server.stalledUntil;
    if (heldUntil > this.#network.timeline.now) {
      // Each that waits asks again; those after the first find nothing to do.
      this.#network.timeline.at(heldUntil, ORDER.arrival, undefined, () => this.pump());
      return;
    }
    if (this.#tell(request, 'arrived') === 'lost') {
      this.#arrived.shift();
      this.pump();
      return;
    }
    // A fault may have ended the connection.
    if (this.#session === undefined || this.#arrived[0] !== request) return;
    this.#arrived.shift();
    this.#isExecuting = true;
    this.#execute(request, 0, []);
  }

  #arrive(request: Request): void {
    if (this.#session === undefined || this.#isDeaf) return;
    this.#arrived.push(request);
    this.pump();
  }

  #execute(request: Request, at: number, replies: Reply[]): void {
    const command = request.commands[at];
    if (command === undefined) {
      this.#isExecuting = false;
      this.#executed(request, replies);
      this.pump();
      return;
    }
    const session = this.#session;
    if (session === undefined) return;
    this.server.execute(session, this, command, (reply) => {
      replies.push(reply);
      if (this.#session === session) this.#execute(request, at + 1, replies);
      // Executed all the same, when something else has ended the connection meanwhile. The answer is heard by nobody.
      else this.#errands.executed(this, request.commands.slice(0, at + 1), replies);
    });
  }

  #executed(request: Request, replies: readonly Reply[]): void {
    this.#errands.executed(this, request.commands, replies);
    if (this.#tell(request, 'executed') === 'lost') return;
    this.#toClient(replies, () => {
      request.answered(replies);
      // Once everything that the answer leads to has been done.
      if (this.#errands.isAimed(this, request)) {
        this.#network.timeline.after(0, ORDER.timer, undefined, () => void this.#tell(request, 'answered'));
      }
    });
  }

  #tell(request: Request, phase: CommandPhase): 'lost' | undefined {
    return this.#errands.tell(this, request, phase);
  }

  #toClient(sized: unknown, arrive: () => void, isEnd = false): void {
    if (!this.#isOpen || (this.#isMute && !isEnd)) return;
    const { timeline, bytesPerMs } = this.#network;
    const carriedMs = bytesPerMs === undefined ? 0 : sizeOf(sized) / bytesPerMs;
    const from = Math.max(timeline.now, this.#toClientAt - LEAST_MS);
    this.#toClientAt = Math.max(from + carriedMs + this.#network.latency(), this.#toClientAt);
    timeline.at(this.#toClientAt, ORDER.arrival, this.#owner, () => {
      if (this.#isOpen) arrive();
    });
  }
}
