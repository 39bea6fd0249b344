/** The global names a script finds. All of them are protected in Redis 7, so what they stand for is known when a script is compiled. */
import { baseLibrary } from './base-library.js';
import { bitLibrary } from './bit-library.js';
import { cjsonConstants, cjsonLibrary } from './cjson-library.js';
import { mathConstants, mathLibrary, type RandomNumbers } from './math-library.js';
import { setStringMethods } from './operators.js';
import { stringLibrary } from './string-library.js';
import { tableLibrary } from './table-library.js';
import type { LuaValue } from './values.js';
import { LuaTable } from './values.js';

/** Names that Redis knows and the simulation does not. A script that mentions one is refused when it is compiled. */
export const UNSUPPORTED_GLOBALS: ReadonlySet<string> = new Set([
  '_G',
  '_VERSION',
  'cmsgpack',
  'collectgarbage',
  'coroutine',
  'gcinfo',
  'getfenv',
  'load',
  'loadstring',
  'newproxy',
  'setfenv',
  'struct',
]);

/** Functions that return exactly one value, always. */
export const ONE_RESULT: ReadonlySet<string> = new Set([
  'cjson.encode',
  'getmetatable',
  'math.abs',
  'math.ceil',
  'math.floor',
  'math.max',
  'math.min',
  'redis.call',
  'redis.error_reply',
  'redis.pcall',
  'redis.sha1hex',
  'redis.status_reply',
  'string.char',
  'string.format',
  'string.len',
  'string.lower',
  'string.rep',
  'string.reverse',
  'string.sub',
  'string.upper',
  'table.concat',
  'tonumber',
  'tostring',
  'type',
]);

export interface LuaEnvironment {
  /** Value of a global name, or of `table.name`. Undefined: there is no such global. */
  readonly values: ReadonlyMap<string, LuaValue>;
}

type Members = Readonly<Record<string, LuaValue>>;

/** @param redis what the table `redis` holds */
export function createEnvironment(redis: Members, numbers: () => RandomNumbers): LuaEnvironment {
  const values = new Map<string, LuaValue>();
  const addTable = (name: string, members: Members) => {
    const table = new LuaTable([], new Map(Object.entries(members)));
    table.isReadOnly = true;
    values.set(name, table);
    for (const [member, value] of Object.entries(members)) values.set(`${name}.${member}`, value);
    return table;
  };
  for (const [name, value] of Object.entries(baseLibrary)) values.set(name, value);
  setStringMethods(addTable('string', stringLibrary));
  addTable('table', tableLibrary);
  addTable('math', { ...mathLibrary(numbers), ...mathConstants });
  addTable('bit', bitLibrary);
  addTable('cjson', { ...cjsonLibrary, ...cjsonConstants });
  addTable('redis', redis);
  return { values };
}
