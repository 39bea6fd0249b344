/** Recordings as they are read: the whole of a short one in memory, a long one line by line. */
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isStreamwardenError, messageOf, StreamwardenError } from '../core/errors.js';
import type { Header, Line } from './format.js';
import { inflated, textOfFile } from './gzip.js';
import { type Cut, RecordingParser } from './parser.js';

export interface Recording {
  readonly header: Header;
  /** Everything after the header, in the order of the file. */
  readonly lines: readonly Line[];
  /** Where it was read from; null when it was made in memory. */
  readonly file: string | null;
  /** The tail that is missing; null when the last line is whole. */
  readonly cut: Cut | null;
}

function unreadable(file: string, cause: unknown): StreamwardenError {
  return new StreamwardenError(
    'RecordingUnreadable',
    `expected ${file} to be readable, got: ${messageOf(cause)}`,
    {
      cause,
      details: { file },
    },
  );
}

/**
 * Reads a text that holds a recording.
 *
 * @param name what errors call it
 * @throws StreamwardenError `RecordingMalformed`, `RecordingUnsupported`
 */
export function parseRecording(text: string, name = 'the recording'): Recording {
  const parser = new RecordingParser(name);
  const lines = [...parser.push(text), ...parser.end()];
  return { header: parser.header, lines, file: null, cut: parser.cut };
}

/**
 * Reads a recording into memory, about 1 KB a line; `replayFile()` does not. One that is compressed by gzip is read as it is.
 *
 * @throws StreamwardenError `RecordingUnreadable`, `RecordingMalformed`, `RecordingUnsupported`
 */
export async function loadRecording(file: string | URL): Promise<Recording> {
  const name = String(file);
  const text = await readFile(file)
    .then(textOfFile)
    .catch((error: unknown) => {
      throw unreadable(name, error);
    });
  return { ...parseRecording(text, name), file: name };
}

/** What can be no path, as it holds a NUL, is refused at once, and not by the first read. */
function chunksOf(file: string): AsyncGenerator<string, void> {
  try {
    return inflated(createReadStream(file, { highWaterMark: 256 * 1024 }));
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** A recording that is being read, a batch of lines at a time. */
export interface RecordingReader extends AsyncIterable<readonly Line[]> {
  readonly header: Header;
  /** Known when everything has been read. */
  readonly cut: Cut | null;
}

/**
 * Reads the header, and the rest as it is asked for, in bounded memory. Ends the file when the iteration ends.
 *
 * @throws StreamwardenError as `loadRecording`; what is wrong further on is thrown by the iteration
 */
export async function openRecording(file: string): Promise<RecordingReader> {
  const parser = new RecordingParser(file);
  const chunks = chunksOf(file);

  async function next(): Promise<readonly Line[] | undefined> {
    try {
      const { value, done } = await chunks.next();
      return done ? undefined : parser.push(value);
    } catch (error) {
      throw isStreamwardenError(error) ? error : unreadable(file, error);
    }
  }

  let first: readonly Line[] = [];
  try {
    while (!parser.hasHeader) {
      const lines = await next();
      // Without a header this says what is wrong.
      if (lines === undefined) parser.end();
      else first = lines;
    }
  } catch (error) {
    await chunks.return();
    throw error;
  }

  async function* batches(): AsyncGenerator<readonly Line[]> {
    try {
      yield first;
      for (let lines = await next(); lines !== undefined; lines = await next()) yield lines;
      yield parser.end();
    } finally {
      await chunks.return();
    }
  }

  return {
    header: parser.header,
    get cut() {
      return parser.cut;
    },
    [Symbol.asyncIterator]: batches,
  };
}
