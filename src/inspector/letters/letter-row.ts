/** A dead letter as the page shows it. */
import type { DeadLetter } from '../../redis/dead-letter-queue.js';
import { toJson } from '../../replay/json-safe.js';
import type { DeadLetterRow } from '../protocol.js';

/** Longer values are shown cut. */
const MOST_SHOWN = 8_192;

/** Longer ones are not taken apart for a page. */
const MOST_PARSED = 65_536;

export function toRow(letter: DeadLetter): DeadLetterRow {
  const { id, at: since, reason, retryCount, failures, deaths, owner, error } = letter;
  const { name, problem, info, fields } = letter;
  const shown: DeadLetterRow['fields'][number][] = [];
  let length = 0;
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const value = fields[at + 1] as string;
    length += value.length;
    shown.push({
      name: fields[at] as string,
      value: value.slice(0, MOST_SHOWN),
      cut: value.length > MOST_SHOWN,
    });
  }
  return {
    id,
    at: since,
    reason,
    retryCount,
    failures,
    deaths,
    owner,
    error,
    stream: name,
    problem,
    info: length > MOST_PARSED ? null : toJson(info),
    fields: shown,
  };
}
