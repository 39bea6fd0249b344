import { expect } from 'chai';
import { type Reply, ReplyError, SimulatedRedis, Unsupported } from '../../../src/simulation/redis/index.js';

/** What a script returns, on a server of its own. */
function run(source: string, keys: string[] = [], args: string[] = []): Reply {
  let answer: Reply = null;
  const session = new SimulatedRedis({ now: () => 1_700_000_000_000 }).connect();
  session.execute(['EVAL', source, String(keys.length), ...keys, ...args], (reply) => {
    answer = reply;
  });
  return answer;
}

function messageOf(source: string): string {
  const reply = run(source);
  if (!(reply instanceof ReplyError)) throw new Error(`expected an error, got: ${JSON.stringify(reply)}`);
  return reply.message.replace(/ script: [0-9a-f]{40}/, ' script: SHA');
}

/** Each expression and what `tostring` makes of it. */
const TEXTS: readonly (readonly [expression: string, text: string])[] = [
  // Numbers are written with 14 digits.
  ['1', '1'],
  ['1e15', '1e+15'],
  ['123456789012345', '1.2345678901234e+14'],
  ['0.1', '0.1'],
  ['1/3', '0.33333333333333'],
  ['2^53', '9.007199254741e+15'],
  ['1/0', 'inf'],
  ['-1/0', '-inf'],
  ['100', '100'],
  ['3.0', '3'],
  // A tie goes to the even digit, as in C.
  ['12345678901234.5', '12345678901234'],
  ['12345678901235.5', '12345678901236'],
  // Arithmetic reads texts, concatenation writes numbers.
  ["'10' + 5", '15'],
  ["' 0x10 ' * 2", '32'],
  ["1 .. ''", '1'],
  ['2 .. 3', '23'],
  ['7 % 3', '1'],
  ['-7 % 3', '2'],
  ['7 % -3', '-2'],
  ['2 ^ 3 ^ 2', '512'],
  ['-2 ^ 2', '-4'],
  ['not nil == true', 'true'],
  ["'a' < 'b'", 'true'],
  ["'10' < '9'", 'true'],
  ['nil == false', 'false'],
  ['1 and 2', '2'],
  ['nil and 2', 'nil'],
  ['false or nil', 'nil'],
  // Reading numbers.
  ["tonumber('  12  ')", '12'],
  ["tonumber('1e2')", '100'],
  ["tonumber('0x1F')", '31'],
  ["tonumber('12a')", 'nil'],
  ["tonumber('')", 'nil'],
  ["tonumber('ff', 16)", '255'],
  ["tonumber('8', 8)", 'nil'],
  // Lengths.
  ["#'a\\0b'", '3'],
  ['#{1, 2, nil}', '2'],
  ['#{nil, nil, 3}', '3'],
  ['#{n = 1}', '0'],
  // Parentheses cut to one value.
  ["select('#', (unpack({1, 2, 3})))", '1'],
  ["select('#', unpack({1, 2, 3}))", '3'],
  ["select('#', (function() end)())", '0'],
  ["select('#', ((function() end)()))", '1'],
  // Texts.
  ["string.format('%.0f|%.0f|%.0f', 0.5, 1.5, 2.5)", '0|2|2'],
  ["string.format('%.3f', 1700000000000.25)", '1700000000000.250'],
  ["string.format('%d|%5d|%-5d|%05d', 3.99, 42, 42, 42)", '3|   42|42   |00042'],
  ["string.format('%x|%X|%#x|%o', 255, 255, 255, 8)", 'ff|FF|0xff|10'],
  ["string.format('%g|%g|%g', 1e20, 0.0001, 100000)", '1e+20|0.0001|100000'],
  ["string.format('%s|%10s|%-4s|%.2s', 'a', 'b', 'c', 'defg')", 'a|         b|c   |de'],
  ["string.format('%q', 'a\\n\"')", '"a\\\n\\""'],
  ["string.rep('ab', 3)", 'ababab'],
  ["string.sub('hello', 2, -2)", 'ell'],
  ["string.sub('hello', -100, 2)", 'he'],
  ["('x'):upper()", 'X'],
  // Patterns.
  ["string.match('1700000000000-5', '^(%d+)%-(%d+)$')", '1700000000000'],
  ["select(2, string.match('1700000000000-5', '^(%d+)%-(%d+)$'))", '5'],
  ["string.match('+7', '^%+?(%d+)$')", '7'],
  ["string.match('-7', '^%+?(%d+)$')", 'nil'],
  ["string.match('key = value', '^(%w+)%s*=%s*(%w+)$')", 'key'],
  ["string.find('a.b', '.', 2, true)", '2'],
  ["string.match('THE (quick) fox', '%((%a+)%)')", 'quick'],
  ["string.gsub('hello world', 'o', '0')", 'hell0 w0rld'],
  ["string.gsub('abc', '%w', '%0%0')", 'aabbcc'],
  ["string.gsub('$name', '%$(%w+)', {name = 'x'})", 'x'],
  ["string.match('f(a(b)c)d', '%b()')", '(a(b)c)'],
  ["string.match('THE END', '%f[%a]%a+$')", 'END'],
  ["string.match('aXb', '[^%l]')", 'X'],
  ["string.match('a]b', '[]]')", ']'],
  // Tables.
  ["table.concat({1, 'b', 2.5}, '-')", '1-b-2.5'],
  ['table.remove({1, 2, 3})', '3'],
  ['select(2, unpack({1, 2, 3}, 2))', '3'],
  ["cjson.encode({op = 'a/b'})", '{"op":"a\\/b"}'],
  ['cjson.encode({1, {}, "x"})', '[1,{},"x"]'],
  ['cjson.decode(\'{"a":[1,2]}\').a[2]', '2'],
  ['type(cjson.null)', 'userdata'],
  ["redis.sha1hex('')", 'da39a3ee5e6b4b0d3255bfef95601890afd80709'],
];

describe('Lua of the simulated Redis', () => {
  for (const [expression, text] of TEXTS) {
    it(`${expression} is ${JSON.stringify(text)}`, () => {
      expect(run(`return tostring((${expression}))`)).to.equal(text);
    });
  }

  it('makes replies of values as Redis does', () => {
    expect(run('return 3.99')).to.equal(3);
    expect(run('return -3.99')).to.equal(-3);
    expect(run('return true')).to.equal(1);
    expect(run('return false')).to.equal(null);
    expect(run('return nil')).to.equal(null);
    expect(run("return {1, 'a', {2}, nil, 5}")).to.deep.equal([1, 'a', [2]]);
    expect(run("return {ok = 'FINE'}")).to.deep.equal({ status: 'FINE' });
    expect(run("return {err = 'MINE it is'}"))
      .to.be.instanceOf(ReplyError)
      .with.property('message', 'MINE it is');
    expect(run("return redis.error_reply('oneword')")).to.have.property('message', 'ERR oneword');
    expect(run("return redis.call('GET', 'nothing')")).to.equal(null);
    expect(run("return redis.call('GET', 'nothing') == false")).to.equal(1);
    expect(run("return redis.call('SET', 'x', 1.5).ok")).to.equal('OK');
    expect(run("redis.call('SET', 'x', 10000000000000000) return redis.call('GET', 'x')")).to.equal(
      '10000000000000000',
    );
    expect(run('return {KEYS[1], ARGV[1], #KEYS, #ARGV}', ['k'], ['a', 'b'])).to.deep.equal(['k', 'a', 1, 2]);
  });

  it('names the line and the operand in its errors', () => {
    expect(messageOf('local t = {}\nreturn t.x.y')).to.equal(
      "ERR user_script:2: attempt to index field 'x' (a nil value) script: SHA, on @user_script:2.",
    );
    expect(messageOf("local a\nlocal b = 'x'\nreturn b + a")).to.match(
      /^ERR user_script:3: attempt to perform arithmetic on local 'b' \(a string value\)/,
    );
    expect(messageOf("\nreturn redis.call('NOPE')")).to.equal(
      'ERR Unknown Redis command called from script script: SHA, on @user_script:2.',
    );
    expect(messageOf("error('mine')")).to.equal('ERR user_script:1: mine script: SHA, on @user_script:1.');
    expect(messageOf("error({err = 'MINE x'})")).to.equal('MINE x script: SHA, on @user_script:1.');
    expect(messageOf('return nosuch')).to.match(
      /^ERR user_script:1: Script attempted to access nonexistent global variable 'nosuch'/,
    );
    expect(messageOf('x = 1')).to.match(/^ERR user_script:1: Attempt to modify a readonly table/);
    expect(messageOf('return unpack({}, 1, 8000)')).to.match(
      /^ERR user_script:1: too many results to unpack/,
    );
    expect(messageOf('return 1 +')).to.equal(
      "ERR Error compiling script (new function): user_script:1: unexpected symbol near '<eof>'",
    );
  });

  it('catches errors', () => {
    expect(run("local ok, why = pcall(redis.call, 'NOPE') return {tostring(ok), why}")).to.deep.equal([
      'false',
      'ERR Unknown Redis command called from script',
    ]);
    expect(run("local ok, why = pcall(function() error('x', 0) end) return why")).to.equal('x');
    expect(run("return redis.pcall('NOPE').err")).to.equal('ERR Unknown Redis command called from script');
  });

  it('keeps closures, loops and several values apart as Lua does', () => {
    expect(
      run(
        'local f = {} for i = 1, 3 do f[i] = function() i = i + 1 return i end end return {f[1](), f[1](), f[2]()}',
      ),
    ).to.deep.equal([2, 3, 3]);
    expect(run('local a, b = 1, 2 a, b = b, a return {a, b}')).to.deep.equal([2, 1]);
    expect(run('local n = 0 repeat local done = n == 2 n = n + 1 until done return n')).to.equal(3);
    expect(run('local r = {} for i = 3, 1, -1 do r[#r + 1] = i end return r')).to.deep.equal([3, 2, 1]);
    expect(
      run('local function f(...) return ... end local a, b, c = f(1, 2) return {a, b, tostring(c)}'),
    ).to.deep.equal([1, 2, 'nil']);
    // A local is read when it is computed with, not before the call beside it.
    expect(run('local x = 1 local function set() x = 10 return 1 end return x + set()')).to.equal(11);
  });

  it('refuses to compile what it does not have, and to guess', () => {
    for (const source of [
      'return cmsgpack.pack(1)',
      "return loadstring('x')",
      'return coroutine.create',
      'return _G',
    ]) {
      expect(() => run(source), source).to.throw(Unsupported);
    }
    expect(() => run('local t = {} t[1] = 1 t[3] = 3 return #t')).to.throw(Unsupported, 'holes');
    expect(() => run('return 2 ^ 0.3')).to.throw(Unsupported, 'not exact');
    expect(() => run('while true do end')).to.throw(Unsupported, 'runs on');
    // No script can catch that.
    expect(() => run('return pcall(function() return 2 ^ 0.3 end)')).to.throw(Unsupported);
  });
});
