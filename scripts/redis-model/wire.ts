/** A bare RESP2 connection: replies exactly as they come, so that a status is told from a text and a null from an empty list. */
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { type Reply, ReplyError, StatusReply } from '../../src/simulation/redis/index.js';

const PUSHES = new Set(['message', 'pmessage']);

export class Wire {
  readonly #socket: Socket;
  #buffer = '';
  #at = 0;
  readonly #waiting: ((reply: Reply) => void)[] = [];
  /** What was published to this connection. */
  readonly pushes: Reply[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('error', () => undefined);
    socket.on('data', (chunk: string) => this.#received(chunk));
  }

  static async connect(host: string, port: number): Promise<Wire> {
    const socket = createConnection({ host, port });
    await once(socket, 'connect');
    return new Wire(socket);
  }

  /** Sends commands in one go; a promise of each reply. Arguments are bytes. */
  send(...commands: readonly (readonly string[])[]): Promise<Reply>[] {
    let text = '';
    for (const argv of commands) {
      text += `*${argv.length}\r\n`;
      for (const argument of argv) text += `$${argument.length}\r\n${argument}\r\n`;
    }
    const replies = commands.map(
      () =>
        new Promise<Reply>((resolve) => {
          this.#waiting.push(resolve);
        }),
    );
    this.#socket.write(text, 'latin1');
    return replies;
  }

  close(): void {
    this.#socket.destroy();
  }

  #received(chunk: string): void {
    this.#buffer = this.#buffer.slice(this.#at) + chunk;
    this.#at = 0;
    for (;;) {
      const start = this.#at;
      const reply = this.#parse();
      if (reply === undefined) {
        this.#at = start;
        return;
      }
      if (Array.isArray(reply) && PUSHES.has(String(reply[0]))) this.pushes.push(reply);
      else this.#waiting.shift()?.(reply);
    }
  }

  /** Undefined: it has not come whole. */
  #parse(): Reply | undefined {
    const end = this.#buffer.indexOf('\r\n', this.#at);
    if (end === -1) return undefined;
    const kind = this.#buffer[this.#at];
    const line = this.#buffer.slice(this.#at + 1, end);
    this.#at = end + 2;
    switch (kind) {
      case '+':
        return new StatusReply(line);
      case '-':
        return new ReplyError(line);
      case ':':
        return Number(line);
      case '$': {
        const length = Number(line);
        if (length === -1) return null;
        if (this.#buffer.length < this.#at + length + 2) return undefined;
        const text = this.#buffer.slice(this.#at, this.#at + length);
        this.#at += length + 2;
        return text;
      }
      case '*': {
        const count = Number(line);
        if (count === -1) return null;
        const items: Reply[] = [];
        for (let item = 0; item < count; item += 1) {
          const parsed = this.#parse();
          if (parsed === undefined) return undefined;
          items.push(parsed);
        }
        return items;
      }
      default:
        throw new Error(`expected a RESP2 reply, got: ${kind}${line}`);
    }
  }
}
