/** One runtime as the page knows it: the server's messages about it, folded. */
import type {
  Delta,
  Detail,
  LetterJob,
  Message,
  NewsItem,
  Overview,
  RecordingInfo,
  RuntimeEnded,
  RuntimeInfo,
  ServerMessage,
  StreamReply,
  TickFacts,
} from '../../protocol.js';
import { Actors } from './actors.js';
import { ActorHistory } from './history.js';
import { Ring } from './ring.js';

/** 15 minutes. */
const MOST_TICKS = 900;
const MOST_NEWS = 500;
const MOST_MESSAGES = 5_000;
const MOST_STREAMS = 50;

/** In recordings of several processes also whose notification it is. */
export type HeardMessage = Message & { readonly process?: string };

/** A message, or that some are missing. */
export type Heard = HeardMessage | { readonly skipped: number; readonly seq: number };

export function isMessage(heard: Heard): heard is HeardMessage {
  return 'type' in heard;
}

export type RuntimeMessage = Exclude<ServerMessage, { kind: 'hello' | 'runtime' }>;

/** How a runtime ended, as far as this page knows. */
export interface HowEnded extends Pick<RuntimeEnded, 'at' | 'error'> {
  /**
   * `told`: it said so itself. `unseen`: its process lives, and it was there no more when the page came again. `replaced`: another process answers, since
   * `at`; what became of this one is not known here.
   */
  readonly how: 'told' | 'unseen' | 'replaced';
}

export class RuntimeModel {
  readonly info: RuntimeInfo;
  /** Names it on this page: its id, unless another one has had that. */
  readonly key: string;
  /** Of the process that it lives in. */
  readonly pid: number;
  readonly actors = new Actors();
  readonly ticks = new Ring<TickFacts>(MOST_TICKS);
  readonly news = new Ring<NewsItem>(MOST_NEWS);
  readonly messages = new Ring<Heard>(MOST_MESSAGES);
  /** Of watched actors only, by path. */
  readonly histories = new Map<string, ActorHistory>();
  /** What was being done with streams that were looked at, by path, as it was said last. */
  readonly streams = new Map<string, StreamReply>();
  overview: Partial<Overview> = {};
  recordings: readonly RecordingInfo[] = [];
  /** The latest job on dead letters. */
  letterJob: LetterJob | null = null;
  /** Everything has been told. */
  isReady = false;
  ended: HowEnded | null = null;
  /** The server's clock when it was last heard, epoch milliseconds. */
  heardAt: number;

  constructor(info: RuntimeInfo, { key, pid }: Pick<RuntimeModel, 'key' | 'pid'>) {
    this.info = info;
    this.key = key;
    this.pid = pid;
    this.heardAt = info.since;
  }

  apply(message: RuntimeMessage): void {
    switch (message.kind) {
      case 'overview':
        this.heardAt = message.at;
        this.overview = { ...this.overview, ...message.sections };
        break;
      case 'ticks':
        this.ticks.clear();
        this.ticks.push(...message.ticks);
        break;
      case 'tick':
        this.heardAt = message.at;
        this.ticks.push(message);
        break;
      case 'news':
        this.news.clear();
        this.news.push(...message.news);
        break;
      case 'recordings':
        this.recordings = message.recordings;
        break;
      case 'letterJob':
        this.letterJob = message.job;
        break;
      case 'ended':
        for (const row of message.rows) this.actors.remember(row);
        break;
      case 'actors':
        for (const row of message.rows) this.actors.put(row);
        break;
      case 'ready':
        this.heardAt = message.at;
        this.isReady = true;
        break;
      case 'delta':
        this.#delta(message);
        break;
      case 'detail':
        this.#detail(message);
        break;
      case 'runtimeEnded':
        this.heardAt = message.at;
        this.ended = { at: message.at, error: message.error, how: 'told' };
        break;
    }
  }

  keepStream(path: string, reply: StreamReply): void {
    this.streams.delete(path);
    this.streams.set(path, reply);
    const [oldest] = this.streams.keys();
    if (this.streams.size > MOST_STREAMS && oldest !== undefined) this.streams.delete(oldest);
  }

  /** Details of others are not kept: they would grow stale unseen. Of a runtime that has ended, nothing grows stale any more. */
  watchOnly(paths: ReadonlySet<string>): void {
    if (this.ended !== null) return;
    for (const path of this.histories.keys()) if (!paths.has(path)) this.histories.delete(path);
  }

  #delta({ at, ended, actors, messages, skipped, news }: Delta): void {
    this.heardAt = at;
    for (const row of ended) this.actors.end(row);
    for (const row of actors) this.actors.put(row);
    if (skipped > 0) this.messages.push({ skipped, seq: messages[0]?.seq ?? 0 });
    this.messages.push(...messages);
    this.news.push(...news);
  }

  #detail({ actor, lines, skipped, isHistory, taken }: Detail): void {
    let history = this.histories.get(actor);
    if (history === undefined || isHistory) {
      history = new ActorHistory();
      this.histories.set(actor, history);
    }
    if (skipped > 0) history.skip(skipped);
    for (const line of lines) history.feed(line, 'seq' in line ? (taken[line.seq] ?? null) : null);
  }
}
