/**
 * What the reading scripts do, for a user who may read and may run no script: he reads as many entries at a time as those before were large.
 * How large one is he learns when it has come.
 */
import type { Redis } from 'ioredis';
import { isStreamwardenError } from '../core/errors.js';
import type { Commands } from './commands.js';
import { pipelined } from './pipelined.js';

/** Taken for the size of an entry before one has been read. */
const FIRST_ENTRY_BYTES = 4096;

type Row = readonly [id: Buffer, fields: Buffer[]];

export class PlainReads {
  readonly #commands: Commands;
  #entryBytes = FIRST_ENTRY_BYTES;
  #isNeeded = false;

  constructor(commands: Commands) {
    this.#commands = commands;
  }

  /** Runs the script, and what does the same without one where the user may run none. */
  async instead<T>(script: () => Promise<T>, plain: () => Promise<T>): Promise<T> {
    if (this.#isNeeded) return await plain();
    try {
      return await script();
    } catch (error) {
      if (!isStreamwardenError(error, 'PermissionDenied')) throw error;
      const found = await plain();
      this.#isNeeded = true;
      return found;
    }
  }

  /** The entries with the first of these ids; undefined where there is none. */
  async entries(key: string, ids: readonly string[], room: number): Promise<(Buffer[] | undefined)[]> {
    const wanted = ids.slice(0, this.#count(room));
    const rows = await this.#commands.run('XRANGE', (client) =>
      pipelined<Row[]>(client, (pipeline) => {
        for (const id of wanted) pipeline.xrangeBuffer(key, id, id);
      }),
    );
    this.#learn(rows.flat());
    return rows.map(([row]) => row?.[1]);
  }

  async page(
    key: string,
    command: 'XRANGE' | 'XREVRANGE',
    [from, to]: readonly [from: string, to: string],
    most: number,
    room: number,
  ): Promise<{ rows: readonly Row[]; isFull: boolean }> {
    const count = Math.min(most, this.#count(room));
    const read = (client: Redis): Promise<unknown> =>
      command === 'XRANGE'
        ? client.xrangeBuffer(key, from, to, 'COUNT', count)
        : client.xrevrangeBuffer(key, from, to, 'COUNT', count);
    const rows = (await this.#commands.run(command, read)) as Row[];
    this.#learn(rows);
    return { rows, isFull: rows.length === count };
  }

  #count(room: number): number {
    return Math.max(1, Math.floor(room / this.#entryBytes));
  }

  #learn(rows: readonly Row[]): void {
    if (rows.length === 0) return;
    let bytes = 0;
    for (const [, fields] of rows) bytes += bytesOf(fields);
    this.#entryBytes = Math.max(1, bytes / rows.length, this.#entryBytes / 2);
  }
}

export function bytesOf(fields: readonly Buffer[]): number {
  return fields.reduce((sum, { length }) => sum + length, 0);
}
