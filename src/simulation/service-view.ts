/** What a service's streams say in Redis, read at once: no simulated time goes by, and nothing that befalls the network or the server matters. */
import { type Info, parseEntry } from '../redis/entry.js';
import type { Names } from '../redis/names.js';
import { deathsOf, failuresOf, fieldOf, REASON_FIELD, retryCountOf } from '../redis/own-fields.js';
import { type CheckHistoryInput, checkHistory, type HistoryReport } from '../testing/history.js';
import { type HistoryRecord, parseHistoryRecord } from '../testing/history-records.js';
import { isReplyError, toTexts } from './replies.js';
import type { SimulatedServer } from './server.js';

/** Who owns a data stream, as Redis has it. */
export interface StreamOwner {
  /** The option `consumerId` of the owner's runtime. */
  readonly consumerId: string;
  /** The owner's name in the group, as `runtime.consumer` has it: the consumer id, and a mark of the incarnation. */
  readonly consumer: string;
  /** The fencing token, which is the entry's id. */
  readonly token: string;
}

/** A stream that could not be processed. */
export interface SimulatedLetter {
  /** Id on the dead-letter stream. */
  readonly id: string;
  /** Name of the data stream; null when the entry cannot be parsed. */
  readonly name: string | null;
  /** What the producer attached; null when nothing, or when the entry cannot be parsed. */
  readonly info: Info | null;
  /** `max_retries_exceeded`, `delivery_limit`, `rejected`, `unparseable` or `tooLarge`; null: the letter says nothing. */
  readonly reason: string | null;
  /** How often it had been retried; of `max_retries_exceeded` the count that was one too many. */
  readonly retryCount: number;
  /** How often a handler of it threw. */
  readonly failures: number;
  /** How often an owner of it died. */
  readonly deaths: number;
}

/** What a history shows, and the records themselves. */
export interface SimulatedHistory extends HistoryReport {
  /** Every change of owner, in order. */
  readonly records: readonly HistoryRecord[];
}

const INCARNATION = /~[0-9a-f]{8}$/;

type Entry = [id: string, fields: string[]];

export class ServiceView {
  readonly names: Names;
  readonly historyKey: string;
  /** Ids of what has been announced. */
  readonly announced: string[] = [];
  /** What producers have cancelled before anybody was given it, in the words of a history: they write none. */
  readonly cancelled: HistoryRecord[] = [];
  /** Where its dead letters go: every runtime may say. */
  readonly dlqs = new Set<string>();
  /** Data has been lost with the server, by the test's own doing. */
  isHistoryWhole = true;
  readonly #server: SimulatedServer;

  constructor(server: SimulatedServer, names: Names) {
    this.#server = server;
    this.names = names;
    this.dlqs.add(names.dlq);
    this.historyKey = `{${names.lbs}}:history`;
  }

  owners(): Map<string, StreamOwner> {
    const { lbs, group, owners } = this.names;
    const fields = this.#list<string>('HGETALL', owners);
    const found = new Map<string, StreamOwner>();
    for (let at = 0; at < fields.length; at += 2) {
      const [name, token] = fields.slice(at, at + 2) as [string, string];
      const [row] = this.#list<[string, string]>('XPENDING', lbs, group, token, token, 1);
      if (row === undefined) continue;
      const [, consumer] = row;
      found.set(name, { consumerId: consumer.replace(INCARNATION, ''), consumer, token });
    }
    return found;
  }

  letters(): SimulatedLetter[] {
    return [...this.dlqs].flatMap((dlq) => this.#list<Entry>('XRANGE', dlq, '-', '+')).map(toLetter);
  }

  history(): SimulatedHistory {
    const records = this.#list<string>('LRANGE', this.historyKey, 0, -1).map(parseHistoryRecord);
    const idsOn = (stream: string) => this.#list<Entry>('XRANGE', stream, '-', '+').map(([id]) => id);
    const later = idsOn(this.names.delayed).map((id) => `delayed:${id}`);
    const parked = idsOn(this.names.parking[0]).map((id) => `parked:${id}`);
    const input: CheckHistoryInput = {
      records: [...records, ...this.cancelled],
      announced: this.announced,
      onStream: [...idsOn(this.names.lbs), ...later, ...parked],
    };
    return { ...checkHistory(input), records };
  }

  /** Nothing where there is nothing, and where there is no group yet. */
  #list<T>(...command: (string | number)[]): T[] {
    const reply = this.#server.redis.look(command.map(String));
    return isReplyError(reply) ? [] : ((toTexts(reply) ?? []) as T[]);
  }
}

function toLetter([id, fields]: Entry): SimulatedLetter {
  const parsed = parseEntry({ id, fields });
  return {
    id,
    name: parsed.ok ? parsed.announcement.name : null,
    info: parsed.ok ? parsed.announcement.info : null,
    reason: fieldOf(fields, REASON_FIELD) ?? null,
    retryCount: retryCountOf(fields),
    failures: failuresOf(fields),
    deaths: deathsOf(fields),
  };
}
