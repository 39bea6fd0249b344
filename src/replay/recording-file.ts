/** The files that recordings are written to. */
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname, join, parse } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { messageOf, StreamwardenError } from '../core/errors.js';

/** Lines made before control goes back to the event loop: about a millisecond's worth. */
const SLICE = 256;

const MAX_NUMBER = 10_000;

function failed(file: string, problem: string, cause?: unknown): StreamwardenError {
  return new StreamwardenError('RecordingFailed', `expected ${file} to be writable, got: ${problem}`, {
    cause,
    details: { file },
  });
}

export class RecordingFile {
  readonly path: string;
  readonly #handle: FileHandle;
  /** Written so far. */
  bytes = 0;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  /**
   * Makes `name.jsonl`, or where there is one already `name-2.jsonl` and so on: what is there may be the recording of the very crash that led to
   * this start. Makes its folder.
   *
   * @throws StreamwardenError `RecordingFailed`
   */
  static async create(file: string): Promise<RecordingFile> {
    const { name, ext } = parse(file);
    try {
      await mkdir(dirname(file), { recursive: true });
      for (let number = 1; number <= MAX_NUMBER; number++) {
        const path = number === 1 ? file : join(dirname(file), `${name}-${number}${ext}`);
        try {
          // For whoever runs the process: names, and with `info: 'keep'` payloads, stand in it.
          return new RecordingFile(path, await open(path, 'wx', 0o600));
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        }
      }
    } catch (error) {
      throw failed(file, messageOf(error), error);
    }
    throw failed(file, `it exists, and so does each of its successors up to ${MAX_NUMBER}`);
  }

  /**
   * Writes text. The operating system begins at once, whatever this process goes on with.
   *
   * @throws StreamwardenError `RecordingFailed`
   */
  async append(text: string): Promise<void> {
    const bytes = Buffer.from(text);
    try {
      for (let at = 0; at < bytes.length; ) {
        const { bytesWritten } = await this.#handle.write(bytes, at);
        at += bytesWritten;
      }
    } catch (error) {
      throw failed(this.path, messageOf(error), error);
    }
    this.bytes += bytes.length;
  }

  /**
   * Writes lines, a slice at a time, and lets everything else happen in between.
   *
   * @param texts stops being asked once the file has grown to the limit
   * @throws StreamwardenError `RecordingFailed`
   */
  async appendAll(texts: Iterable<string>, maxBytes: number): Promise<void> {
    let chunk = '';
    let count = 0;
    for (const text of texts) {
      chunk += text;
      count += 1;
      if (count % SLICE !== 0) continue;
      await this.append(chunk);
      chunk = '';
      if (this.bytes >= maxBytes) return;
      await nextTurn();
    }
    if (chunk !== '') await this.append(chunk);
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
