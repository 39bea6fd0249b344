/** Scripts of a server: compiled once a process, known to a server once it has seen them. */
import { createHash } from 'node:crypto';
import { type CompiledScript, compile } from './lua/compiler.js';
import { createEnvironment, type LuaEnvironment } from './lua/environment.js';
import { LuaError } from './lua/errors.js';
import { LuaSyntaxError } from './lua/lexer.js';
import { first } from './lua/operators.js';
import {
  onHost,
  randomNumbersOfHost,
  redisLibrary,
  type ScriptHost,
  toReply,
  upToZero,
} from './lua/redis-library.js';
import { LuaTable } from './lua/values.js';
import { type Reply, ReplyError } from './reply.js';
import { Unsupported } from './unsupported.js';

/** Compiled scripts that are kept; beyond this the oldest goes. Whoever runs mutants makes many. */
const MOST_COMPILED = 500;

interface Compilation {
  readonly environment: LuaEnvironment;
  readonly scripts: Map<string, CompiledScript>;
}

/** By version of the server. */
const compilations = new Map<string, Compilation>();

function compilationFor(version: string): Compilation {
  let made = compilations.get(version);
  if (made === undefined) {
    made = {
      environment: createEnvironment(redisLibrary(version), randomNumbersOfHost),
      scripts: new Map(),
    };
    compilations.set(version, made);
  }
  return made;
}

function compiled(source: string, sha: string, version: string): CompiledScript {
  const { environment, scripts } = compilationFor(version);
  const known = scripts.get(sha);
  if (known !== undefined) return known;
  const script = compile(source, environment);
  scripts.set(sha, script);
  if (scripts.size > MOST_COMPILED) {
    const [oldest] = scripts.keys();
    scripts.get(oldest as string)?.dispose();
    scripts.delete(oldest as string);
  }
  return script;
}

/** @param source bytes */
export function shaOf(source: string): string {
  return createHash('sha1').update(Buffer.from(source, 'latin1')).digest('hex');
}

export class ScriptCache {
  readonly #version: string;
  /** Source by its SHA-1. */
  readonly #sources: Map<string, string>;
  /** SHA-1 of sources seen lately: the same text comes again and again. */
  readonly #shas = new Map<string, string>();

  constructor(version: string, sources: Map<string, string> = new Map()) {
    this.#version = version;
    this.#sources = sources;
  }

  copy(): ScriptCache {
    return new ScriptCache(this.#version, new Map(this.#sources));
  }

  flush(): void {
    this.#sources.clear();
  }

  has(sha: string): boolean {
    return this.#sources.has(sha);
  }

  /**
   * Makes a script known and gives its SHA-1, or the error that it does not compile with.
   * @throws Unsupported
   */
  load(source: string): string | ReplyError {
    if (source.startsWith('#!')) throw new Unsupported('scripts with a shebang');
    let sha = this.#shas.get(source);
    if (sha === undefined) {
      sha = shaOf(source);
      if (this.#shas.size > MOST_COMPILED) this.#shas.clear();
      this.#shas.set(source, sha);
    }
    if (this.#sources.has(sha)) return sha;
    try {
      compiled(source, sha, this.#version);
    } catch (error) {
      if (!(error instanceof LuaSyntaxError)) throw error;
      return new ReplyError(`ERR Error compiling script (new function): ${error.message}`);
    }
    this.#sources.set(sha, source);
    return sha;
  }

  /** Runs a script that is known. Its reply, errors included. */
  run(sha: string, host: ScriptHost, keys: string[], args: string[]): Reply {
    const script = compiled(this.#sources.get(sha) as string, sha, this.#version);
    return onHost(host, () => {
      try {
        return toReply(first(script.run(new LuaTable(keys), new LuaTable(args))));
      } catch (error) {
        return failed(error, sha);
      }
    });
  }
}

/** The reply to an error that a script did not catch. */
function failed(error: unknown, sha: string): ReplyError {
  if (!(error instanceof LuaError)) {
    if (error instanceof RangeError && error.message.includes('call stack')) {
      return new ReplyError(`ERR stack overflow script: ${sha}, on @user_script:-1.`);
    }
    throw error;
  }
  const { value, line } = error;
  let message: string;
  if (value instanceof LuaTable) {
    const text = value.get('err');
    // Without a text Redis has nothing to say but this.
    message = typeof text === 'string' ? text : '(null)';
  } else message = `ERR ${typeof value === 'string' ? value : String(value ?? 'nil')}`;
  return new ReplyError(`${upToZero(message)} script: ${sha}, on @user_script:${line}.`);
}
