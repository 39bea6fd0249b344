/**
 * A TCP proxy before a server, that does to connections what networks do: cuts them, holds them half open, delays them, and (what no
 * server can be made to do) has a command executed but its reply lost.
 */
import { randomUUID } from 'node:crypto';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { onePerProcess } from '../core/one-per-process.js';
import { CommandReader } from './command-reader.js';
import { LauncherError } from './errors.js';
import { markRelayed } from './relayed-sockets.js';

export interface FaultProxyOptions {
  /** Address of the server behind it. */
  readonly host: string;
  readonly port: number;
}

/** What becomes of a command that matches. */
export type CommandFault =
  /** It is executed; then the connection is cut before its reply gets through. */
  | 'cutReply'
  /** It is executed; its reply, and every later one on that connection, is swallowed. The connection stays open. */
  | 'swallowReply'
  /** It never reaches the server; the connection is cut. */
  | 'cutBefore';

export interface FaultRule {
  readonly fault: CommandFault;
  /** Which commands: gets name and arguments. */
  readonly matches: (args: readonly string[]) => boolean;
  /** How many commands it strikes. @defaultValue 1 */
  readonly times?: number;
}

/** A rule in force. */
export interface ArmedFault {
  /** How many commands it has struck. */
  readonly struck: number;
  /** Resolves when it has struck for the first time. */
  readonly first: Promise<readonly string[]>;
  disarm(): void;
}

export interface FaultProxy extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** Connections through it now. */
  readonly connections: number;
  /** Strikes commands that match. */
  arm(rule: FaultRule): ArmedFault;
  /** Cuts every connection; new ones are accepted. */
  cut(): void;
  /** Refuses new connections and cuts what there is, until `allow()`. */
  refuse(): void;
  allow(): void;
  /** Nothing gets through in either direction, while every connection stays open, until `thaw()`: a network that drops packets. */
  freeze(): void;
  thaw(): void;
  /** Every byte takes so many milliseconds longer, each way. 0: none. */
  delay(ms: number): void;
  /** All connections together carry so many bytes a millisecond, each way, each getting its share. Undefined: whatever there is. */
  limit(bytesPerMs: number | undefined): void;
  close(): Promise<void>;
}

type Way = 'toServer' | 'toClient';

interface Armed {
  readonly rule: FaultRule;
  struck: number;
  left: number;
  readonly tell: (args: readonly string[]) => void;
}

const open = onePerProcess('fault proxies', () => new Set<FaultProxy>());

/** Proxies of this process that have not been closed. */
export function openProxies(): readonly FaultProxy[] {
  return [...open];
}

/** One connection through the proxy: two sockets, and what is held back between them. */
class Relay {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #proxy: TcpFaultProxy;
  readonly #commands = new CommandReader();
  /** What the server is to echo when it has executed the struck command; the connection is cut then. */
  #marker: string | undefined;
  /** What the server has sent since, in which the marker may begin in one packet and end in the next. */
  #answers = '';
  #swallows = false;
  /** What a frozen or slow network holds back. One queue: what came first gets through first, whatever has become of the delay since. */
  readonly #held: { readonly deliver: () => void; readonly due: number }[] = [];
  readonly #lastDue: Record<Way, number> = { toServer: 0, toClient: 0 };
  #timer: NodeJS.Timeout | undefined;

  constructor(client: Socket, server: Socket, proxy: TcpFaultProxy) {
    this.#client = client;
    this.#server = server;
    this.#proxy = proxy;
    client.setNoDelay(true);
    server.setNoDelay(true);
    client.on('data', (bytes) => this.#carry(client, 'toServer', bytes, () => this.#toServer(bytes)));
    server.on('data', (bytes) => this.#carry(server, 'toClient', bytes, () => this.#toClient(bytes)));
    for (const socket of [client, server]) {
      // Broken on one side is broken on both; the errors are the faults that were asked for.
      socket.on('error', () => this.cut());
      socket.on('close', () => this.cut());
    }
  }

  cut(): void {
    clearTimeout(this.#timer);
    this.#held.length = 0;
    this.#client.destroy();
    this.#server.destroy();
    this.#proxy.forget(this);
  }

  thaw(): void {
    this.#deliverDue();
  }

  /**
   * Now, later, or when the network thaws. Over a line that takes its time a connection sends no more before what it has sent is through, so
   * that each gets its share of it.
   */
  #carry(from: Socket, way: Way, bytes: Buffer, pass: () => void): void {
    const arrives = this.#proxy.carry(way, bytes.length);
    if (arrives > performance.now()) {
      from.pause();
      this.#pass(
        () => {
          from.resume();
          pass();
        },
        way,
        arrives,
      );
    } else {
      this.#pass(pass, way, arrives);
    }
  }

  /** Not before what was sent earlier. */
  #pass(deliver: () => void, way: Way, arrives: number): void {
    const due = Math.max(this.#lastDue[way], arrives + this.#proxy.delayMs);
    this.#lastDue[way] = due;
    this.#held.push({ deliver, due });
    this.#held.sort((a, b) => a.due - b.due);
    this.#deliverDue();
  }

  #deliverDue(): void {
    clearTimeout(this.#timer);
    while (!this.#proxy.isFrozen) {
      const [next] = this.#held;
      if (next === undefined) return;
      const left = next.due - performance.now();
      if (left > 0) {
        this.#timer = setTimeout(() => this.#deliverDue(), Math.ceil(left));
        return;
      }
      this.#held.shift();
      next.deliver();
    }
  }

  #toServer(bytes: Buffer): void {
    // The struck command is the last that gets through.
    if (this.#marker !== undefined) return;
    for (const command of this.#commands.push(bytes)) {
      const fault = this.#proxy.strike(command.args);
      if (fault === 'cutBefore') {
        this.cut();
        return;
      }
      if (fault === 'swallowReply') this.#swallows = true;
      this.#server.write(command.bytes);
      if (fault === 'cutReply') {
        this.#marker = `executed-${randomUUID()}`;
        this.#server.write(`*2\r\n$4\r\nECHO\r\n$${this.#marker.length}\r\n${this.#marker}\r\n`);
        return;
      }
    }
  }

  #toClient(bytes: Buffer): void {
    if (this.#marker !== undefined) {
      this.#answers += bytes.toString('latin1');
      if (this.#answers.includes(this.#marker)) this.cut();
    } else if (!this.#swallows) {
      this.#client.write(bytes);
    }
  }
}

class TcpFaultProxy implements FaultProxy {
  readonly #options: FaultProxyOptions;
  readonly #server: Server;
  readonly #relays = new Set<Relay>();
  readonly #armed = new Set<Armed>();
  #isRefusing = false;
  isFrozen = false;
  delayMs = 0;
  #bytesPerMs: number | undefined;
  /** When the line has carried all that was sent, each way. */
  readonly #freeAt: Record<Way, number> = { toServer: 0, toClient: 0 };

  constructor(options: FaultProxyOptions) {
    this.#options = options;
    this.#server = createServer((client) => this.#accept(client));
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(0, '127.0.0.1', resolve);
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get connections(): number {
    return this.#relays.size;
  }

  arm(rule: FaultRule): ArmedFault {
    let tell: (args: readonly string[]) => void = () => {};
    const first = new Promise<readonly string[]>((resolve) => {
      tell = resolve;
    });
    const armed: Armed = { rule, struck: 0, left: rule.times ?? 1, tell };
    this.#armed.add(armed);
    return {
      get struck() {
        return armed.struck;
      },
      first,
      disarm: () => this.#armed.delete(armed),
    };
  }

  /** What is to happen to a command, by the first rule that matches and has not struck often enough. */
  strike(args: readonly string[]): CommandFault | undefined {
    for (const armed of this.#armed) {
      if (armed.left <= 0 || !armed.rule.matches(args)) continue;
      armed.left -= 1;
      armed.struck += 1;
      armed.tell(args);
      return armed.rule.fault;
    }
    return undefined;
  }

  cut(): void {
    for (const relay of [...this.#relays]) relay.cut();
  }

  refuse(): void {
    this.#isRefusing = true;
    this.cut();
  }

  allow(): void {
    this.#isRefusing = false;
  }

  freeze(): void {
    this.isFrozen = true;
  }

  thaw(): void {
    this.isFrozen = false;
    for (const relay of [...this.#relays]) relay.thaw();
  }

  delay(ms: number): void {
    if (!(ms >= 0))
      throw new LauncherError('InvalidOption', `expected a delay from 0 milliseconds up, got: ${ms}`);
    this.delayMs = ms;
  }

  limit(bytesPerMs: number | undefined): void {
    if (bytesPerMs !== undefined && !(bytesPerMs > 0))
      throw new LauncherError('InvalidOption', `expected bytes a millisecond above 0, got: ${bytesPerMs}`);
    this.#bytesPerMs = bytesPerMs;
  }

  /** When so many bytes that are sent now have been carried, by the clock of `performance`. */
  carry(way: Way, bytes: number): number {
    const now = performance.now();
    if (this.#bytesPerMs === undefined) return now;
    this.#freeAt[way] = Math.max(now, this.#freeAt[way]) + bytes / this.#bytesPerMs;
    return this.#freeAt[way];
  }

  forget(relay: Relay): void {
    this.#relays.delete(relay);
  }

  async close(): Promise<void> {
    open.delete(this);
    this.cut();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #accept(client: Socket): void {
    if (this.#isRefusing) {
      client.destroy();
      return;
    }
    const server = connect(this.#options.port, this.#options.host);
    markRelayed(client, server);
    this.#relays.add(new Relay(client, server, this));
  }
}

/** Starts a proxy on a free port of the loopback interface. */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const proxy = new TcpFaultProxy(options);
  await proxy.listen();
  open.add(proxy);
  return proxy;
}
