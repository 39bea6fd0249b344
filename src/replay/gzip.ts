/** Recordings that are compressed by gzip: they are recognised by their first bytes, whatever their name is. */
import type { ReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { constants, createGunzip, gunzipSync } from 'node:zlib';

/** What was compressed is often cut off in the middle, as a file is: what there is of it is read. */
const TO_THE_END = { finishFlush: constants.Z_SYNC_FLUSH };

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

export function textOfFile(bytes: Buffer): string {
  return (isGzip(bytes) ? gunzipSync(bytes, TO_THE_END) : bytes).toString('utf8');
}

/** The text of a file, a piece at a time. Ends the file when the iteration ends. */
export async function* inflated(file: ReadStream): AsyncGenerator<string, void> {
  const decoder = new StringDecoder('utf8');
  const chunks = file[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  try {
    const first = await chunks.next();
    if (first.done) return;
    const rest = (async function* () {
      yield first.value;
      yield* { [Symbol.asyncIterator]: () => chunks };
    })();
    if (isGzip(first.value)) {
      const gunzip = createGunzip(TO_THE_END);
      // What fails while it is read fails the reading of what comes out.
      Readable.from(rest, { objectMode: false })
        .on('error', (error) => gunzip.destroy(error))
        .pipe(gunzip);
      for await (const chunk of gunzip) yield decoder.write(chunk as Buffer);
    } else {
      for await (const chunk of rest) yield decoder.write(chunk);
    }
    yield decoder.end();
  } finally {
    file.destroy();
  }
}
