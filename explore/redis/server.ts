/** The simulated server, put into the state that is wanted before each command. Time stands still in it: what time does is a step of its own. */
import { encodeEntry, encodePayload } from '../../src/redis/entry.js';
import { SCRIPTS, type Script, type ScriptName } from '../../src/redis/scripts.js';
import {
  type RedisSnapshot,
  type Reply,
  ReplyError,
  SimulatedRedis,
} from '../../src/simulation/redis/index.js';
import { CONSUMERS } from '../consumers.js';
import type { Entry } from '../entry.js';
import { type Answer, answerOf } from './answers.js';
import { callOf, HEARTBEAT_MS, NAMES, type ScriptCommand } from './commands.js';

/** Scripts in the place of ours: for mutants. */
export type Scripts = Partial<Readonly<Record<ScriptName, Pick<Script, 'source'>>>>;

export interface Executed<T> {
  readonly redis: RedisSnapshot;
  readonly answer: T;
}

const NOW_MS = 1_000;

export class Server {
  readonly #redis = new SimulatedRedis({ now: () => NOW_MS });
  readonly #session = this.#redis.connect();
  readonly #maxRetries: number;
  readonly #scripts: Scripts;
  readonly #shas = new Map<ScriptName, string>();
  /** What the server holds now. */
  #present: RedisSnapshot | undefined;

  constructor(maxRetries: number, scripts: Scripts) {
    this.#maxRetries = maxRetries;
    this.#scripts = scripts;
  }

  #ask(argv: readonly (string | number)[]): Reply {
    let answer: Reply = null;
    this.#session.execute(argv.map(String), (reply) => {
      answer = reply;
    });
    return answer;
  }

  #askOrThrow(argv: readonly (string | number)[]): Reply {
    const reply: Reply = this.#ask(argv);
    if (reply instanceof ReplyError) throw new Error(`${argv.slice(0, 2).join(' ')}: ${reply.message}`);
    return reply;
  }

  #at<T>(redis: RedisSnapshot, act: () => T): Executed<T> {
    if (this.#present !== redis) this.#redis.restore(redis);
    this.#present = undefined;
    const answer = act();
    this.#present = this.#redis.snapshot();
    return { redis: this.#present, answer };
  }

  /** A group, and the presence of all. */
  begin(clients: number): RedisSnapshot {
    const { lbs, group, owners } = NAMES;
    this.#redis.flush();
    this.#askOrThrow(['XGROUP', 'CREATE', lbs, group, '0', 'MKSTREAM']);
    this.#askOrThrow(['HSET', owners, '', 'v1 0']);
    for (let client = 0; client < clients; client += 1) {
      this.#askOrThrow(['SET', NAMES.presence(CONSUMERS[client] as string), 'v1:1', 'PX', HEARTBEAT_MS]);
    }
    this.#present = this.#redis.snapshot();
    return this.#present;
  }

  announce(redis: RedisSnapshot, name: string, root: number): RedisSnapshot {
    return this.#at(redis, () =>
      this.#askOrThrow(['XADD', NAMES.lbs, '*', ...encodeEntry(encodePayload(name, { root }))]),
    ).redis;
  }

  /** What Redis does when the time of a presence has come. */
  expire(redis: RedisSnapshot, client: number): RedisSnapshot {
    return this.#at(redis, () => this.#askOrThrow(['DEL', NAMES.presence(CONSUMERS[client] as string)]))
      .redis;
  }

  read(
    redis: RedisSnapshot,
    client: number,
    count: number,
    entryOf: (id: string) => Entry,
  ): Executed<Entry[]> {
    const { lbs, group } = NAMES;
    return this.#at(redis, () => {
      const consumer = CONSUMERS[client] as string;
      const reply = this.#askOrThrow([
        'XREADGROUP',
        'GROUP',
        group,
        consumer,
        'COUNT',
        count,
        'STREAMS',
        lbs,
        '>',
      ]);
      const [[, rows] = [lbs, []]] = (reply ?? []) as [string, [string][]][];
      return rows.map(([id]) => entryOf(id));
    });
  }

  run(redis: RedisSnapshot, client: number, command: ScriptCommand): Executed<Answer> {
    const { script, keys, args } = callOf(command, client, this.#maxRetries);
    return this.#at(redis, () =>
      answerOf(command, this.#ask(['EVALSHA', this.#shaOf(script), keys.length, ...keys, ...args])),
    );
  }

  #shaOf(name: ScriptName): string {
    let sha = this.#shas.get(name);
    if (sha === undefined) {
      const { source } = this.#scripts[name] ?? SCRIPTS[name];
      sha = String(this.#askOrThrow(['SCRIPT', 'LOAD', source]));
      this.#shas.set(name, sha);
    }
    return sha;
  }
}
