/** A dead letter as one JSON object that keeps all its bytes: how letters are exported. */
import { isUtf8 } from 'node:buffer';
import type { DeadLetter } from '../../redis/dead-letter-queue.js';

/** Bytes as they are where they are text, else in base64. */
export type FieldText = string | { readonly base64: string };

function textOf(bytes: Buffer): FieldText {
  return isUtf8(bytes) ? bytes.toString('utf8') : { base64: bytes.toString('base64') };
}

/** Field and value, in the order in which they stand; a field may stand there twice. */
export function pairsOf({ raw }: DeadLetter): [FieldText, FieldText][] {
  const pairs: [FieldText, FieldText][] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    pairs.push([textOf(raw[at] as Buffer), textOf(raw[at + 1] as Buffer)]);
  }
  return pairs;
}

export function letterLine(letter: DeadLetter) {
  const { at, id, name, reason, retryCount, failures, deaths, owner, error, problem, info, isWhole, bytes } =
    letter;
  return {
    at,
    type: 'DeadLetter',
    id,
    stream: name,
    reason,
    retryCount,
    failures,
    deaths,
    owner,
    error,
    problem,
    info,
    ...(isWhole ? {} : { bytes, isWhole }),
    fields: pairsOf(letter),
  };
}
