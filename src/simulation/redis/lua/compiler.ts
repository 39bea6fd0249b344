/**
 * Compiles a script to JavaScript, once; it then runs at the speed of JavaScript. Measured with a `redis.call` that does nothing, Node 20: a call of
 * refresh.lua 0.2 µs (fengari 10, wasmoon 46), 20 times the pattern `^(%d+)%-(%d+)$` and two tonumber 22 µs (fengari 135,
 * wasmoon 45).
 *
 * Locals become variables, functions become functions, globals become constants (Redis protects them). What may fail names its operands,
 * for the text of the error; its line is found from the stack when it fails (source-lines.ts). What is not supported is refused here.
 */
import { forgetAddresses } from './base-library.js';
import type { LuaEnvironment } from './environment.js';
import { UnsupportedLua } from './errors.js';
import { laidOut } from './line-marks.js';
import * as operators from './operators.js';
import { parse } from './parser.js';
import { Scopes } from './scopes.js';
import { forgetLines, newScriptName, registerLines } from './source-lines.js';
import { Statements } from './statements.js';
import { type LuaReturn, LuaTable, type LuaValue, NOTHING } from './values.js';

export interface CompiledScript {
  run(keys: LuaTable, args: LuaTable): LuaReturn;
  /** Frees what is kept for error texts. */
  dispose(): void;
}

/** Most turns of loops that one run may take: more is a script that does not end. */
const MOST_TURNS = 20_000_000;

const fuel = { left: MOST_TURNS };

function outOfFuel(): never {
  throw new UnsupportedLua(`a script that runs on (${MOST_TURNS} turns of its loops)`);
}

/** As CommonJS a module may have itself for a member. */
const named = Object.fromEntries(Object.entries(operators).filter(([name]) => name !== 'default'));

const support = {
  ...named,
  LuaTable,
  NOTHING,
  fuel,
  outOfFuel,
};

/** @throws LuaSyntaxError; UnsupportedLua for what is not supported */
export function compile(source: string, environment: LuaEnvironment): CompiledScript {
  const name = newScriptName();
  const scopes = new Scopes(environment);
  const main = new Statements(scopes).main(parse(source));
  const imported = Object.keys(support).join(',');
  const { text, lines } = laidOut(`"use strict";const {${imported}}=$;${scopes.declarations}return ${main};`);
  const build = new Function('$', '$c', `${text}\n//# sourceURL=${name}`) as (
    support: object,
    constants: readonly LuaValue[],
  ) => (keys: LuaTable, args: LuaTable) => LuaReturn;
  // A function made from text has two lines of its own in front.
  registerLines(name, [0, 0, ...lines]);
  const run = build(support, scopes.constants);
  return {
    run(keys, args) {
      fuel.left = MOST_TURNS;
      forgetAddresses();
      return run(keys, args);
    },
    dispose: () => forgetLines(name),
  };
}
