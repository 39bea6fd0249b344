/** Random small Lua programs: the language and its library, against Redis's own interpreter. */
import type { Step } from './comparison.js';
import { FORMATS, NUMBERS, PATTERNS, TEXTS } from './lua-samples.js';
import type { Picker } from './picker.js';

/** Shows any value as a text that tells everything about it. Tables are shown by position only: the order of `pairs` is Redis's own. */
const SHOW = `
local function show(v, depth)
  local t = type(v)
  if t == 'table' then
    if v.err then return 'err(' .. tostring(v.err) .. ')' end
    local r = {}
    for i = 1, math.min(#v, 12) do r[i] = depth > 3 and '…' or show(v[i], depth + 1) end
    return '{' .. table.concat(r, ',') .. '}'
  elseif t == 'string' then return string.format('%q', v)
  elseif t == 'function' then return 'function'
  elseif t == 'number' then return 'n' .. string.format('%.17g', v)
  end
  return tostring(v)
end
local function all(...)
  local r = {}
  for i = 1, select('#', ...) do r[i] = show((select(i, ...)), 0) end
  return table.concat(r, ';')
end
`;

/** An expression of one value. */
function expression(pick: Picker, depth: number): string {
  if (depth <= 0) {
    return pick.weighted<() => string>([
      [5, () => pick.of(NUMBERS)],
      [5, () => pick.of(TEXTS)],
      [1, () => pick.of(['nil', 'true', 'false'])],
      [
        3,
        () =>
          pick.of([
            'a',
            'b',
            'c',
            't',
            'f',
            'undefinedGlobal',
            't.x',
            't[1]',
            't[2]',
            't.list[2]',
            'KEYS[1]',
            'ARGV[1]',
            'ARGV[9]',
          ]),
      ],
    ])();
  }
  const inner = () => expression(pick, depth - 1 - pick.upTo(1));
  const binary = () =>
    pick.chance(0.02)
      ? '^'
      : pick.of([
          '+',
          '-',
          '*',
          '/',
          '%',
          '..',
          '==',
          '~=',
          '<',
          '<=',
          '>',
          '>=',
          'and',
          'or',
          '..',
          '+',
          '==',
        ]);
  return pick.weighted<() => string>([
    [10, () => `(${inner()} ${binary()} ${inner()})`],
    [1, () => `${inner()} ${binary()} ${inner()} ${binary()} ${inner()}`],
    [2, () => `${pick.of(['-', 'not ', '#'])}(${inner()})`],
    [2, () => `tostring(${inner()})`],
    [
      2,
      () =>
        `tonumber(${inner()}${pick.chance(0.3) ? `, ${pick.of(['2', '8', '10', '16', '36', '1'])}` : ''})`,
    ],
    [1, () => `type(${inner()})`],
    [1, () => `{${pick.several(0, 3, inner).join(', ')}}`],
    [1, () => `#{${pick.several(0, 3, inner).join(', ')}}`],
    [1, () => `(function(...) return select('#', ...), ... end)(${pick.several(0, 3, inner).join(', ')})`],
    [1, () => `(f(${inner()}))`],
    [1, () => `f(${inner()}, ${inner()})`],
    [1, () => `${inner()}[${inner()}]`.replace(/^(\d|\.|-|'|\[|nil|true|false|\{)/, '(t)[1] or $1')],
    [4, () => stringCall(pick, inner)],
    [2, () => mathCall(pick, inner)],
    [2, () => tableCall(pick, inner)],
    [2, () => formatCall(pick, inner)],
    [
      1,
      () =>
        `cjson.encode(${pick.of(['{1,2,{}}', "{a='x/\"'}", "'é\\n'", '1.5', '{1,nil,3}', 'true', '{[1]=1,[2]=5}', '1e20', '{{}}'])})`,
    ],
    [
      1,
      () =>
        `show(cjson.decode(${pick.of(['\'[1,2.5,"a\\\\u00e9",null,true]\'', "'{}'", "'[[]]'", '\'"x"\'', "'{'", "'nope'"])}), 0)`,
    ],
    [
      1,
      () =>
        `bit.${pick.of(['band', 'bor', 'bxor', 'lshift', 'rshift', 'arshift', 'rol', 'ror'])}(${inner()}, ${inner()})`,
    ],
    [0.5, () => `bit.${pick.of(['tohex', 'bnot', 'tobit', 'bswap'])}(${inner()})`],
    [1, () => `redis.${pick.of(['error_reply', 'status_reply', 'sha1hex'])}(${inner()})`],
    [
      1,
      () =>
        `redis.pcall(${pick.of(["'GET', 'l'", "'ECHO', 'x'", "'NOPE'", "'GET'", "'PING'", "'EXISTS', 'nothing'", "'XLEN', 'l'", "'SET', 'scratch', 1.5", "'GET', {}", ''])})`,
    ],
  ])();
}

function stringCall(pick: Picker, inner: () => string): string {
  const text = pick.chance(0.8) ? pick.of(TEXTS) : inner();
  const pattern = () => `'${pick.of(PATTERNS)}'`;
  const place = () => pick.of(['1', '2', '-1', '-2', '0', '5', '100', '1.7', "'2'"]);
  return pick.weighted<() => string>([
    [2, () => `string.sub(${text}, ${place()}${pick.chance(0.6) ? `, ${place()}` : ''})`],
    [2, () => `{string.byte(${text}, ${place()}, ${place()})}`],
    [
      1,
      () =>
        `string.char(${pick.several(0, 3, () => pick.of(['65', '0', '255', '256', '98.6', "'66'"])).join(', ')})`,
    ],
    [1, () => `string.${pick.of(['upper', 'lower', 'len', 'reverse'])}(${text})`],
    [1, () => `string.rep(${text}, ${pick.of(['0', '1', '3', '-1', '2.9'])})`],
    [
      4,
      () =>
        `{string.find(${text}, ${pattern()}${pick.chance(0.3) ? `, ${place()}` : ''}${pick.chance(0.1) ? ', 1, true' : ''})}`,
    ],
    [4, () => `{string.match(${text}, ${pattern()}${pick.chance(0.3) ? `, ${place()}` : ''})}`],
    [
      3,
      () =>
        `{string.gsub(${text}, ${pattern()}, ${pick.of(["'<%0>'", "'%1'", "'x'", "'%%'", '{a=1,b="B"}', 'function(x) return x .. "!" end', 'function() end', "'%2'", '5', 'nil'])}${pick.chance(0.2) ? ', 1' : ''})}`,
    ],
    [
      2,
      () =>
        `(function() local r = {} for x, y in string.gmatch(${text}, ${pattern()}) do r[#r + 1] = tostring(x) .. '/' .. tostring(y) if #r > 9 then break end end return r end)()`,
    ],
    [
      1,
      () =>
        `(${text}):${pick.of(['upper()', 'len()', 'rep(2)', 'sub(2)', "find('b')", 'nope()', 'byte(1)'])}`,
    ],
  ])();
}

function mathCall(pick: Picker, inner: () => string): string {
  const number = () => (pick.chance(0.8) ? pick.of(NUMBERS) : inner());
  return pick.weighted<() => string>([
    [3, () => `math.${pick.of(['floor', 'ceil', 'abs', 'sqrt'])}(${number()})`],
    [2, () => `math.${pick.of(['max', 'min'])}(${pick.several(0, 3, number).join(', ')})`],
    [
      1,
      () =>
        `math.${pick.of(['fmod', 'ldexp', 'fmod', 'ldexp', 'fmod', 'ldexp', 'pow'])}(${number()}, ${pick.of(['2', '3', '-1', '0.5', '0'])})`,
    ],
    [1, () => `{math.${pick.of(['modf', 'frexp'])}(${number()})}`],
    [0.5, () => pick.of(['math.huge', 'math.pi', 'math.nope', '-math.huge'])],
  ])();
}

function tableCall(pick: Picker, inner: () => string): string {
  const list = () =>
    `{${pick.several(0, 4, () => pick.of(["'b'", "'a'", '3', '1', '2', "'c'"])).join(', ')}}`;
  const numbers = () => `{${pick.several(0, 6, () => pick.of(NUMBERS.slice(0, 12))).join(', ')}}`;
  return pick.weighted<() => string>([
    [
      3,
      () =>
        `table.concat(${list()}${pick.chance(0.5) ? `, ${pick.of(["', '", "''", '1'])}` : ''}${pick.chance(0.2) ? ', 2, 3' : ''})`,
    ],
    [
      2,
      () =>
        `(function() local l = ${list()} table.insert(l${pick.chance(0.3) ? `, ${pick.of(['1', '2', '9'])}` : ''}, ${inner()}) return #l, l[1] end)()`,
    ],
    [
      2,
      () =>
        `(function() local l = ${list()} local r = table.remove(l${pick.chance(0.4) ? `, ${pick.of(['1', '2', '9'])}` : ''}) return {r, #l, l[1], l[2]} end)()`,
    ],
    [
      2,
      () =>
        `(function() local l = ${numbers()} table.sort(l${pick.chance(0.4) ? ', function(p, q) return p > q end' : ''}) return l end)()`,
    ],
    [
      2,
      () =>
        `{unpack(${list()}${pick.chance(0.4) ? `, ${pick.of(['1', '2', '0'])}, ${pick.of(['1', '3', '5'])}` : ''})}`,
    ],
    [1, () => `{next(${list()})}`],
    [0.3, () => `#{unpack({}, 1, ${pick.of(['10', '7997', '7998', '8000'])})}`],
    [
      1,
      () => `select(${pick.of(['1', '2', '-1', "'#'", '0', '9'])}, ${pick.several(1, 3, inner).join(', ')})`,
    ],
  ])();
}

function formatCall(pick: Picker, inner: () => string): string {
  const args = pick.several(0, 2, () =>
    pick.weighted<() => string>([
      [5, () => pick.of(NUMBERS)],
      [2, () => pick.of(TEXTS)],
      [1, inner],
    ])(),
  );
  return `string.format(${[`'${pick.of(FORMATS)}'`, ...args].join(', ')})`;
}

function statement(pick: Picker, depth: number): string {
  const value = () => expression(pick, depth);
  const body = () => (depth <= 0 ? 'out(a)' : statement(pick, depth - 1));
  return pick.weighted<() => string>([
    [4, () => `out(${value()}, ${value()})`],
    [3, () => `${pick.of(['a', 'b', 'c', 't.x', 't[1]', 't[#t + 1]', 't.list[1]'])} = ${value()}`],
    [1, () => `a, b = b, ${value()}`],
    [1, () => `local a, b = ${pick.of(['f(1, 2)', '(f(1, 2))', '1', 'f(1), 3', value()])}\nout(a, b)`],
    [2, () => `if ${value()} then ${body()} elseif ${value()} then ${body()} else ${body()} end`],
    [
      1,
      () =>
        `for i = ${pick.of(['1, 3', '3, 1, -1', '0.1, 1, 0.3', "'1', 2", '1, 0', "1, 'x'", '5, 1, -2.5'])} do out(i) ${body()} end`,
    ],
    [1, () => `for i, v in ipairs({${pick.several(0, 3, value).join(', ')}}) do out(i, v) end`],
    [1, () => `for k, v in pairs({${pick.several(0, 3, () => pick.of(TEXTS)).join(', ')}}) do out(k, v) end`],
    [1, () => `local n = 0\nwhile n < 3 do n = n + 1 if n == 2 and ${value()} then break end out(n) end`],
    [1, () => `local n = 0\nrepeat local last = n n = n + 1 out(n) until last >= 1`],
    [1, () => `out(pcall(function()\nlocal v = ${value()}\nreturn v, ${value()} end))`],
    [1, () => `out(pcall(error, ${pick.of(["'x'", '{err="E y"}', 'nil', "'z', 2"])}))`],
    [1, () => `out(pcall(function() error(${pick.of(["'x'", "'x', 0", "'x', 2", '5', 'nil', '{}'])}) end))`],
    [
      1,
      () =>
        `local fs = {} for i = 1, 3 do fs[i] = function() i = i + 1 return i end end out(fs[1](), fs[1](), fs[2]())`,
    ],
    [1, () => `local function g(n) if n == 0 then return ${value()} end return g(n - 1) end out(g(3))`],
    [
      1,
      () =>
        `local o = {n = 1} function o:add(x) self.n = self.n + x return self end out(o:add(${value()}).n)`,
    ],
    [
      1,
      () =>
        `local m = setmetatable({}, {__index = function(_, k) return k .. '!' end, __call = function(_, x) return x end}) out(m.q, m(${value()}))`,
    ],
    [
      1,
      () => `local x = 1 local function bump() x = 10 return 1 end out(x + bump(), x .. bump(), bump() + x)`,
    ],
    [
      0.5,
      () => pick.of(['global = 1', 'KEYS = {}', 'string.x = 1', 'redis.call = nil', 'function nope() end']),
    ],
    [
      0.5,
      () =>
        `redis.call(${pick.of(["'GET', 'l'", "'NOPE'", "'SET', 'scratch', 1", "'GET'", "'EVAL', 'x', 0"])})`,
    ],
    [0.5, () => `do return ${value()}, 1 end`],
  ])();
}

/** A whole chunk, one statement a line, so that errors name different lines. */
function chunk(pick: Picker): string {
  const statements = pick.several(1, 4, () => statement(pick, 1 + pick.upTo(1)));
  return [
    SHOW.trim(),
    "local result, a, b, c = {}, 1, 'two', nil",
    "local t = {x = 5, list = {1, 'b', 3}, 'first'}",
    'local function f(...) return ... end',
    'local function out(...) result[#result + 1] = all(...) end',
    ...statements,
    'return result',
  ].join('\n');
}

/** Values as replies: what Redis makes of them. */
function plain(pick: Picker): string {
  return `return ${pick.of([
    '1.9',
    '-1.9',
    'nil',
    'true',
    'false',
    "'x'",
    '{1,2,nil,3}',
    "{1,false,'a',{2,{3}}}",
    "{ok='fine'}",
    "{err='BAD thing'}",
    "redis.status_reply('S')",
    "redis.error_reply('E')",
    "redis.error_reply('MY err')",
    "{err='x\\ny'}",
    '2^53',
    '1e300',
    '0/0',
    '{}',
    "{['a']=1}",
    'function() end',
    'cjson.null',
    "redis.call('TYPE', 'l')",
    "redis.call('MGET', 'k', 'l')",
    "redis.call('XINFO', 'GROUPS', 'l')",
    "redis.pcall('GET')",
    "{redis.pcall('GET')}",
    "redis.sha1hex('')",
    '{KEYS[1], ARGV[1], #KEYS, #ARGV}',
    'unpack({1,2})',
    "redis.call('XPENDING', 'l', 'g')",
    "error('x')",
    "error({err='MINE x'})",
    'error()',
    'error(5)',
  ])}`;
}

export function luaStep(pick: Picker): Step {
  const source = pick.chance(0.2) ? plain(pick) : chunk(pick);
  return { on: 0, argv: ['EVAL', source, 1, 'l', 'first', 'é'], isTimeless: true };
}
