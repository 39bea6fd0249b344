/**
 * One connection of the heartbeat thread, with one request on its way at a time. Not ioredis: loading that would double the memory of the thread, which
 * asks a single question, and its answers are a line each.
 */
import { connect, type Socket } from 'node:net';
import { connect as connectByTls } from 'node:tls';
import type { Place } from './place.js';

interface Waiting {
  resolve(line: string): void;
  reject(error: Error): void;
}

/** What Redis refused. The connection stands. */
class Refused extends Error {
  override readonly name = 'Refused';
}

export class Wire {
  readonly #place: Place;
  readonly #timeoutMs: number;
  #socket: Socket | undefined;
  #waiting: Waiting[] = [];
  #read = '';

  constructor(place: Place, timeoutMs: number) {
    this.#place = place;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Connects first, if need be. @returns the number that is the answer
   * @throws where Redis refuses, or there is no answer in time: then the connection is given up
   */
  async eval(sha: string, source: string, keys: readonly string[], args: readonly (string | number)[]) {
    const late = setTimeout(() => this.close('no answer in time'), this.#timeoutMs);
    const rest = [String(keys.length), ...keys, ...args.map(String)];
    try {
      if (this.#socket === undefined) await this.#opened();
      try {
        return Number(await this.#call(['EVALSHA', sha, ...rest]));
      } catch (error) {
        if (!(error instanceof Refused) || !error.message.startsWith('NOSCRIPT')) throw error;
        return Number(await this.#call(['EVAL', source, ...rest]));
      }
    } finally {
      clearTimeout(late);
    }
  }

  close(why: string): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#socket?.destroy();
    this.#socket = undefined;
    this.#read = '';
    for (const { reject } of waiting) reject(new Error(why));
  }

  /** A connection that is refused what it begins with is of no use. */
  async #opened(): Promise<void> {
    try {
      await this.#open();
    } catch (error) {
      this.close('it could not be begun');
      throw error;
    }
  }

  async #open(): Promise<void> {
    const { at, tls, username, password, database, name } = this.#place;
    const socket = tls === undefined ? connect(at) : connectByTls({ ...tls, ...at });
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('data', (text) => this.#heard(String(text)));
    const over = (why: string) => {
      if (this.#socket === socket) this.close(why);
    };
    socket.on('error', (error) => over(error.message));
    socket.on('close', () => over('the connection was closed by the other side'));
    // Sent once there is a connection; the first answer is awaited with the others.
    if (password !== undefined) await this.#call(['AUTH', ...(username ? [username] : []), password]);
    if (database !== 0) await this.#call(['SELECT', String(database)]);
    // Not every user may.
    await this.#call(['CLIENT', 'SETNAME', name]).catch((error: unknown) => {
      if (!(error instanceof Refused)) throw error;
    });
  }

  #call(parts: readonly string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      if (this.#socket === undefined) {
        reject(new Error('the connection was given up'));
        return;
      }
      this.#waiting.push({ resolve, reject });
      let request = `*${parts.length}\r\n`;
      for (const part of parts) request += `$${Buffer.byteLength(part)}\r\n${part}\r\n`;
      this.#socket.write(request, 'utf8');
    });
  }

  /** Answers to these requests are a line each. */
  #heard(text: string): void {
    this.#read += text;
    for (let end = this.#read.indexOf('\r\n'); end >= 0; end = this.#read.indexOf('\r\n')) {
      const line = this.#read.slice(0, end);
      this.#read = this.#read.slice(end + 2);
      const waiting = this.#waiting.shift();
      if (line.startsWith('-')) waiting?.reject(new Refused(line.slice(1)));
      else waiting?.resolve(line.slice(1));
    }
  }
}
