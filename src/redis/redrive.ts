/**
 * How dead letters are announced anew: in one script where both streams share a slot, in steps where they do not. Whoever dies between two
 * steps leaves a letter that is announced already, and a mark in the load balancer stream's slot that says so.
 */
import { canonicalEntryId } from '../core/entry-id.js';
import { byteScript } from './byte-script.js';
import type { Commands } from './commands.js';
import type { Layout } from './layout.js';
import type { Names } from './names.js';
import { onItsServer } from './on-its-server.js';
import { pipelined } from './pipelined.js';
import { SCRIPTS } from './scripts.js';

/** Where the two streams are. */
export interface LetterServers {
  readonly names: Names;
  /** On the server of the load balancer stream. */
  readonly home: Commands;
  /** On the server of the dead-letter stream. */
  readonly letters: Commands;
  readonly layout: Pick<Layout, 'dlqIsLocal'>;
}

/** Letters in one script, or one pipeline: with ordinary payloads below 5 ms. */
const BATCH = 100;

/** Bytes of letters that are sent in one go; a single letter may have more. */
const MOST_BYTES = 1_048_576;

/** How long it is remembered that a letter was announced while it may still stand, in milliseconds: until somebody has repeated the redrive. */
const STANDING_MS = 30 * 86_400_000;

/** How long it is remembered once the letter is gone, in milliseconds: longer than anybody else waits between reading it and announcing it. */
const GONE_MS = 3_600_000;

interface ReadLetter {
  readonly id: string;
  readonly fields: readonly Buffer[];
}

type Redriven = (string | null)[];

export async function redriveTogether(
  { names, home }: LetterServers,
  ids: readonly string[],
): Promise<Redriven> {
  const results: Redriven = [];
  while (results.length < ids.length) {
    // Of the first ones only where they have many bytes.
    const batch = ids.slice(results.length, results.length + BATCH);
    const reply = await onItsServer(() => home.script('redrive', [names.lbs, names.dlq], batch));
    results.push(...(reply as string[]).map((id) => id || null));
  }
  return results;
}

export async function redriveApart(servers: LetterServers, ids: readonly string[]): Promise<Redriven> {
  const results: Redriven = [];
  while (results.length < ids.length) {
    const found = await read(servers, ids.slice(results.length, results.length + BATCH));
    // An id that is given twice is one letter.
    const letters = [...new Map(found.flatMap((letter) => (letter ? [[letter.id, letter]] : []))).values()];
    const entries = await announce(servers, letters);
    const announced = letters.map(({ id }) => id);
    await remove(servers, announced);
    await shorten(servers, announced);
    for (const letter of found) {
      const entry = letter && entries.get(letter.id);
      results.push(entry ?? null);
      if (letter) entries.delete(letter.id);
    }
  }
  return results;
}

/** Letters in their order, undefined where there is none: of the first ids only where these have many bytes. */
async function read(
  { names: { dlq }, letters }: LetterServers,
  ids: readonly string[],
): Promise<(ReadLetter | undefined)[]> {
  const args = [MOST_BYTES, Number.MAX_SAFE_INTEGER, ...ids];
  const items = await onItsServer(() => byteScript(letters, 'read-entries', [dlq], args));
  return (items as (Buffer[] | number)[]).map((fields, index) =>
    // By the id that Redis knows it by: there is one mark, however the id was written.
    typeof fields === 'number' ? undefined : { id: canonicalEntryId(ids[index] as string), fields },
  );
}

async function remove({ names, letters }: LetterServers, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await onItsServer(() => letters.run('XDEL', (client) => client.xdel(names.dlq, ...ids)));
}

/** The letters' entries by the letters' ids. */
async function announce(
  { names, home }: LetterServers,
  letters: readonly ReadLetter[],
): Promise<Map<string, string>> {
  const entries = new Map<string, string>();
  const { sha, source } = SCRIPTS['redrive-apart'];
  for (const batch of chunksOfBytes(letters)) {
    const replies = await onItsServer(() =>
      home.run('script redrive-apart', (client) =>
        pipelined<Buffer>(client, (pipeline) => {
          batch.forEach(({ id, fields }, index) => {
            const rest = [2, names.lbs, names.redriven(id), STANDING_MS, ...fields];
            // The first one brings the source along, so that the server knows the script when the others ask for it.
            if (index === 0) pipeline.callBuffer('EVAL', [source, ...rest]);
            else pipeline.callBuffer('EVALSHA', [sha, ...rest]);
          });
        }),
      ),
    );
    batch.forEach(({ id }, index) => {
      entries.set(id, String(replies[index]));
    });
  }
  return entries;
}

/** The letters are gone: nobody will read them any more, and those who have read them before are about to announce them. */
async function shorten({ names, home }: LetterServers, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await onItsServer(() =>
    home.run('PEXPIRE', (client) =>
      pipelined<number>(client, (pipeline) => {
        for (const id of ids) pipeline.pexpire(names.redriven(id), GONE_MS);
      }),
    ),
  );
}

function chunksOfBytes(letters: readonly ReadLetter[]): ReadLetter[][] {
  const chunks: ReadLetter[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const letter of letters) {
    const size = letter.fields.reduce((sum, { length }) => sum + length, 0);
    bytes += size;
    if (bytes > MOST_BYTES) {
      chunks.push([]);
      bytes = size;
    }
    chunks.at(-1)?.push(letter);
  }
  return chunks;
}
