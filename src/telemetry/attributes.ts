/**
 * Attributes, with few values each: services, outcomes, reasons, codes. Never the name of a data stream or of a consumer, of which there is no
 * end; those are on spans.
 */
import type { Attributes } from '@opentelemetry/api';
import { ERROR_CODES } from '../core/errors.js';

export const ATTRIBUTE = {
  system: 'messaging.system',
  destination: 'messaging.destination.name',
  group: 'messaging.consumer.group.name',
  operation: 'messaging.operation.name',
  operationType: 'messaging.operation.type',
  errorType: 'error.type',
  outcome: 'streamwarden.outcome',
  reason: 'streamwarden.reason',
  state: 'streamwarden.consumer.state',
  child: 'streamwarden.child',
  keyspaceKind: 'streamwarden.keyspace.kind',
  scanKind: 'streamwarden.scan.kind',
  redelivered: 'streamwarden.redelivered',
  // On spans alone.
  batchSize: 'messaging.batch.message_count',
  messageId: 'messaging.message.id',
  clientId: 'messaging.client.id',
  stream: 'streamwarden.stream.name',
  retryCount: 'streamwarden.retry_count',
  master: 'streamwarden.master',
} as const;

/** What everything said of one service carries. */
export function serviceAttributes(lbs: string, group?: string): Attributes {
  return {
    [ATTRIBUTE.system]: 'redis',
    [ATTRIBUTE.destination]: lbs,
    ...(group === undefined ? {} : { [ATTRIBUTE.group]: group }),
  };
}

/** What stands for everything past the bound; the conventions' word for an error that is none of those known. */
export const OTHER = '_OTHER';

/** Words that come from elsewhere, error codes above all: the first so many are taken, and all others are one. */
export class BoundedWords {
  readonly #known: Set<string>;
  readonly #limit: number;

  /** @param ours words that are taken whatever came before them */
  constructor(limit = 50, ours: readonly string[] = []) {
    this.#known = new Set(ours);
    this.#limit = limit + ours.length;
  }

  of(word: string): string {
    if (this.#known.has(word)) return word;
    if (this.#known.size >= this.#limit || !/^[\w.-]{1,50}$/.test(word)) return OTHER;
    this.#known.add(word);
    return word;
  }
}

/** Names of errors that JavaScript and Node.js throw themselves. */
const STANDARD_ERRORS = [
  'Error',
  'TypeError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'AbortError',
  'TimeoutError',
];

/** The codes of errors; one bound for all metrics of the process. */
export const errorTypes = new BoundedWords(50, [...ERROR_CODES, ...STANDARD_ERRORS]);

/** The kind of a supervised child: its id without whose it is, as in `masterSubscription/10.0.0.1:6379`. */
export function childKind(id: string): string {
  return id.split('/', 1)[0] as string;
}
