/** Text → lines, checked one by one. Takes the text in pieces. */
import type { z } from 'zod';
import { messageOf, StreamwardenError } from '../core/errors.js';
import { isDeeper, MAX_DEPTH } from './depth.js';
import { FORMAT, FORMAT_VERSION, type Header, headerSchema, type Line, lineSchema } from './format.js';

/** A longer line is none of ours; it would have to be held in memory whole. */
const MAX_LINE = 16 * 1024 * 1024;

/** The last line was not written to its end: the process was killed, or the disk was full. */
export interface Cut {
  /** Number of the incomplete line; the header is 1. */
  readonly line: number;
  readonly characters: number;
}

function problemOf(error: z.core.$ZodError): string {
  const [issue] = error.issues;
  if (issue === undefined) return 'something else';
  const where = issue.path.join('.');
  return where === '' ? issue.message : `${where}: ${issue.message}`;
}

export class RecordingParser {
  readonly #name: string;
  #header: Header | undefined;
  /** Pieces of the line that has not ended yet: put together once, however many they are. */
  #rest: string[] = [];
  #restLength = 0;
  #number = 0;
  #lastSeq = 0;
  #hasEnded = false;
  cut: Cut | null = null;

  /** @param name what errors call the recording */
  constructor(name: string) {
    this.#name = name;
  }

  get hasHeader(): boolean {
    return this.#header !== undefined;
  }

  get header(): Header {
    if (this.#header === undefined) throw this.#malformed('a header', 'nothing', 1);
    return this.#header;
  }

  /**
   * Takes a piece of text; what ends in the middle of a line waits for the next one.
   * @throws StreamwardenError `RecordingMalformed`, `RecordingUnsupported`
   */
  push(text: string): Line[] {
    const lines = text.split('\n');
    const last = lines.pop() ?? '';
    const [first] = lines;
    if (first !== undefined) lines[0] = this.#takeRest() + first;
    this.#rest.push(last);
    this.#restLength += last.length;
    if (this.#restLength > MAX_LINE) {
      throw this.#malformed(`a line of at most ${MAX_LINE} characters`, 'a longer one', this.#number + 1);
    }
    return lines.flatMap((line) => this.#line(line));
  }

  /**
   * There is no more text. A last line that is not whole is noted as {@link cut}.
   * @throws StreamwardenError `RecordingMalformed` when there is no header
   */
  end(): Line[] {
    const last = this.#takeRest();
    if (last.trim() === '') {
      this.header;
      return [];
    }
    try {
      JSON.parse(last);
    } catch {
      this.header;
      this.cut = { line: this.#number + 1, characters: last.length };
      return [];
    }
    // Only the line's end is missing.
    return this.#line(last);
  }

  #takeRest(): string {
    const rest = this.#rest.join('');
    this.#rest = [];
    this.#restLength = 0;
    return rest;
  }

  #line(text: string): Line[] {
    this.#number += 1;
    if (text.trim() === '') return [];
    const value = this.#json(text);
    if (isDeeper(value, MAX_DEPTH)) {
      throw this.#malformed(`nested at most ${MAX_DEPTH} deep`, 'a line that is nested deeper');
    }
    if (this.#header === undefined) {
      this.#header = this.#readHeader(value);
      return [];
    }
    if (this.#hasEnded) throw this.#malformed('nothing after the end', 'another line');
    const { data, error } = lineSchema.safeParse(value);
    if (error !== undefined) throw this.#malformed('a line of a recording', problemOf(error));
    if (data.seq < this.#lastSeq) {
      throw this.#malformed(`a seq of ${this.#lastSeq} or more`, String(data.seq));
    }
    this.#lastSeq = data.seq;
    this.#hasEnded = data.kind === 'end';
    return [data];
  }

  #json(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch (error) {
      throw this.#malformed('JSON', messageOf(error));
    }
  }

  #readHeader(value: unknown): Header {
    const { format, version } = (value ?? {}) as { format?: unknown; version?: unknown };
    if (format !== FORMAT)
      throw this.#malformed(`a header with format ${FORMAT}`, JSON.stringify(format) ?? 'none');
    if (typeof version === 'number' && version > FORMAT_VERSION) {
      const message = `expected ${this.#name} to be of format version ${FORMAT_VERSION}, got: ${version}; a newer streamwarden recorded it`;
      throw new StreamwardenError('RecordingUnsupported', message, {
        details: { recording: this.#name, version },
      });
    }
    const { data, error } = headerSchema.safeParse(value);
    if (error !== undefined) throw this.#malformed('a header', problemOf(error));
    return data;
  }

  #malformed(expected: string, got: string, line = this.#number): StreamwardenError {
    const message = `expected line ${line} of ${this.#name} to be ${expected}, got: ${got}`;
    return new StreamwardenError('RecordingMalformed', message, { details: { recording: this.#name, line } });
  }
}
