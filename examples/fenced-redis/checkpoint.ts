/**
 * How far a data stream has been processed, and what came of it: both in Redis, written in one step, by nobody but the newest owner.
 *
 * The keys share a hash tag, so they share a slot of a cluster. The checkpoint is a hash: `token`, the fencing token of the newest owner that
 * has opened it; `position`, the id of the last message whose result is written.
 */
import type { Redis } from 'ioredis';

/** Thrown when a newer owner has opened the checkpoint: nothing was written. */
export class StaleOwner extends Error {}

/**
 * An owner opens the checkpoint before it reads its first message. From here on those before it can write nothing, so what it reads here
 * stays true until it moves it itself.
 *
 * KEYS[1] checkpoint. ARGV[1] token. Returns the position, or nil: a newer owner has opened it.
 */
const OPEN = `
-- Halves have up to 20 digits, more than a number of Lua holds: the longer one is larger, and those of one length order as text.
local function less(a, b) return #a < #b or (#a == #b and a < b) end
local function older(a, b)
  local aMs, aSeq = string.match(a, '^(%d+)-(%d+)$')
  local bMs, bSeq = string.match(b, '^(%d+)-(%d+)$')
  return less(aMs, bMs) or (aMs == bMs and less(aSeq, bSeq))
end
local newest = redis.call('HGET', KEYS[1], 'token')
if newest and older(ARGV[1], newest) then return false end
redis.call('HSET', KEYS[1], 'token', ARGV[1])
return redis.call('HGET', KEYS[1], 'position') or '0-0'`;

/**
 * KEYS[1] checkpoint, KEYS[2] results. ARGV[1] token, [2] position that the results go on from, [3] position they lead to, [4…] results.
 * Returns 1: written, or written before, by a command whose reply got lost. 0: somebody else has opened the checkpoint or moved it.
 */
const COMMIT = `
local now = redis.call('HMGET', KEYS[1], 'token', 'position')
local token, position = now[1], now[2] or '0-0'
if token ~= ARGV[1] then return 0 end
if position == ARGV[3] then return 1 end
if position ~= ARGV[2] then return 0 end
-- Scripts are not rolled back: the position moves last.
redis.call('RPUSH', KEYS[2], unpack(ARGV, 4))
redis.call('HSET', KEYS[1], 'position', ARGV[3])
return 1`;

/** Keys of a data stream's checkpoint and of its results. */
export function keysOf(stream: string): readonly [checkpoint: string, results: string] {
  return [`{${stream}}:checkpoint`, `{${stream}}:results`];
}

export class Checkpoint {
  readonly #redis: Redis;
  readonly #keys: readonly [checkpoint: string, results: string];
  readonly #token: string;
  #position: string;

  private constructor(redis: Redis, stream: string, token: string, position: string) {
    this.#redis = redis;
    this.#keys = keysOf(stream);
    this.#token = token;
    this.#position = position;
  }

  /** @throws StaleOwner */
  static async open(redis: Redis, owned: { name: string; fencingToken: string }): Promise<Checkpoint> {
    const { name, fencingToken: token } = owned;
    const position = await redis.eval(OPEN, 1, keysOf(name)[0], token);
    if (typeof position !== 'string') throw new StaleOwner(`${name} has a newer owner than ${token}`);
    return new Checkpoint(redis, name, token, position);
  }

  /** Id of the last message whose result is written; `0-0` before the first. */
  get position(): string {
    return this.#position;
  }

  /** @throws StaleOwner */
  async commit(position: string, results: readonly string[]): Promise<void> {
    const written = await this.#redis.eval(
      COMMIT,
      2,
      ...this.#keys,
      this.#token,
      this.#position,
      position,
      ...results,
    );
    if (written !== 1) throw new StaleOwner(`the write after ${this.#position} was refused`);
    this.#position = position;
  }
}
