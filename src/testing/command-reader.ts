/**
 * Cuts a client's byte stream into the commands it carries: arrays of bulk strings, which is how every client library writes them.
 * Bytes are kept as they came, so that whoever relays them changes nothing.
 */

/** One command as it stood on the wire. */
export interface WireCommand {
  /** Name and arguments. */
  readonly args: readonly string[];
  readonly bytes: Buffer;
}

const CRLF = Buffer.from('\r\n');

export class CommandReader {
  #buffer: Buffer = Buffer.alloc(0);

  /** Takes more bytes; gives the commands that are complete by now. */
  push(bytes: Buffer): WireCommand[] {
    this.#buffer = this.#buffer.length === 0 ? bytes : Buffer.concat([this.#buffer, bytes]);
    const commands: WireCommand[] = [];
    for (let command = this.#next(); command; command = this.#next()) commands.push(command);
    return commands;
  }

  #next(): WireCommand | undefined {
    const header = this.#line(0, '*');
    if (header === undefined) return undefined;
    const args: string[] = [];
    let at = header.end;
    for (let index = 0; index < header.value; index++) {
      const length = this.#line(at, '$');
      if (length === undefined) return undefined;
      const end = length.end + length.value;
      if (this.#buffer.length < end + CRLF.length) return undefined;
      args.push(this.#buffer.toString('utf8', length.end, end));
      at = end + CRLF.length;
    }
    const bytes = this.#buffer.subarray(0, at);
    this.#buffer = this.#buffer.subarray(at);
    return { args, bytes };
  }

  /** A type mark and a number, up to the end of the line; undefined when the line is not complete. */
  #line(start: number, mark: '*' | '$'): { value: number; end: number } | undefined {
    const stop = this.#buffer.indexOf(CRLF, start);
    if (stop === -1) return undefined;
    const text = this.#buffer.toString('latin1', start, stop);
    if (text[0] !== mark || !/^.\d+$/.test(text)) {
      throw new Error(`expected a command written as an array of bulk strings, got: ${JSON.stringify(text)}`);
    }
    return { value: Number(text.slice(1)), end: stop + CRLF.length };
  }
}
