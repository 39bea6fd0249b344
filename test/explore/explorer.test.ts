import { expect } from 'chai';
import { argumentsOf, UsageError } from '../../explore/arguments.js';
import {
  CONFIGURATIONS,
  type Configuration,
  explore,
  type Interleaving,
  printed,
  type Rule,
} from '../../explore/index.js';
import { SCRIPTS, type ScriptName } from '../../src/redis/scripts.js';

function configured(name: string): Configuration {
  const found = CONFIGURATIONS.find((configuration) => configuration.name === name);
  if (found === undefined) throw new Error(`expected a configuration called ${name}, got: none`);
  return found;
}

/** The shortest interleaving that breaks the contract once this text of a script is another one. */
function counterexample(
  name: string,
  script: ScriptName,
  from: string,
  to: string,
): Interleaving | undefined {
  const { source } = SCRIPTS[script];
  if (!source.includes(from)) throw new Error(`expected ${script} to contain ${from}, got: none`);
  const scripts = { [script]: { source: source.replace(from, () => to) } };
  return explore(configured(name), { scripts }).counterexample;
}

describe('every interleaving of a small world', () => {
  const seen = new Map<string, ReturnType<typeof explore>>();
  const exploredOnce = (name: string) => {
    const result = seen.get(name) ?? explore(configured(name));
    seen.set(name, result);
    return result;
  };

  // Those that take a second at most; `npm run explore` goes through all.
  for (const name of ['late-and-crash', 'crashes', 'stop-and-lost-read', 'lost-answers']) {
    it(`keeps the contract: ${name}`, () => {
      const { verdict, counterexample: found } = exploredOnce(name);
      expect(found && printed(found)).to.equal(undefined);
      expect(verdict).to.equal('complete');
    });
  }

  it('is given up after so many states', () => {
    expect(explore(configured('lapse'), { mostStates: 100 }).verdict).to.equal('cutShort');
  });

  it('is the same each time', () => {
    const [first, second] = [exploredOnce('crashes'), explore(configured('crashes'))].map(
      ({ states, transitions, depth }) => ({ states, transitions, depth }),
    );
    expect(first).to.deep.equal(second);
  });
});

// Those that take seconds are left to `npm run mutants`.
describe('a script with one mistake', () => {
  const FENCE = "if held ~= 'v1:' .. generation then";
  const LAPSED = "if not held then\n    return redis.error_reply('SWLAPSED presence has expired')\n  end";
  const MISTAKES: readonly [what: string, script: ScriptName, from: string, to: string, where: string, clause: string][] = [
    ['requeue does not look for presence', 'requeue', "if redis.call('EXISTS', presence) == 1 then", 'if false then', 'both-lapse', 'C-OVL-1'],
    ['requeue takes what is not pending', 'requeue', 'if not pending[id] then', 'if false then', 'crashes', 'C-OVL-1'],
    ['requeue never takes anything', 'requeue', "if redis.call('EXISTS', presence) == 1 then", 'if true then', 'crashes', 'C-OUT-1'],
    ['acquire forgets who owned a name last', 'acquire', 'elseif last and isNewer(last, id) then', 'elseif false then', 'same-name-apart', 'C-ADD-7'],
    ['acquire takes what is not pending', 'acquire', 'if not pending[id] then', 'if false then', 'both-lapse', '-'],
    ['acquire accepts any generation', 'acquire', FENCE, 'if false then', 'late-commands', 'C-DONE-3'],
    ['acquire needs no presence', 'acquire', LAPSED, "if not held then held = 'v1:' .. generation end", 'both-lapse', 'C-EXP-1'],
    ['done finishes what is not pending', 'done', 'if pending[ids[i]] then', 'if true then', 'both-lapse', 'C-DONE-3'],
    ['done remembers no ending', 'done', 'endings(KEYS[4], KEYS[5]).remember(ended)', '', 'same-name-apart', 'C-ADD-7'],
    ['done accepts any generation', 'done', FENCE, 'if false then', 'late-commands', 'C-DONE-3'],
    ['give-back accepts any generation', 'give-back', FENCE, 'if false then', 'stop-and-late', 'C-DONE-3'],
    ['give-back needs no presence', 'give-back', LAPSED, "if not held then held = 'v1:' .. generation end", 'stop-and-lapse', 'C-EXP-1'],
    ['refresh writes after a lapse', 'refresh', 'if not held then\n', "if not held then\n  redis.call('SET', KEYS[1], 'v1:' .. ARGV[1], 'PX', ARGV[2])\n", 'late-beat-and-lapse', 'C-DONE-3'],
  ]; // biome-ignore format: a table
  for (const [what, script, from, to, where, clause] of MISTAKES) {
    it(`breaks the contract: ${what}`, () => {
      expect(counterexample(where, script, from, to)?.clause).to.equal(clause);
    });
  }

  it('is shown by the shortest interleaving', () => {
    const found = counterexample('crashes', 'requeue', 'if not pending[id] then', 'if false then');
    expect(found && printed(found).split('\n')).to.deep.equal([
      "  1. Redis answers A's read: e1, e2.",
      '  2. A crashes.',
      "  3. A's presence runs out.",
      '  4. B sees that A has no presence, and e1, e2 pending.',
      '  5. C sees that A has no presence, and e1, e2 pending.',
      "  6. Redis executes B's requeue(e1, e2, from A): back on the stream as e1′, back on the stream as e2′.",
      "  7. Redis executes C's requeue(e1, e2, from A): its payload is gone, its payload is gone.",
      '',
      'C-OVL-1: e1 is found without its payload, and no tool has trimmed it: it had ended already',
    ]);
  });
});

describe('a client that leaves out one rule', () => {
  const RULES: readonly [rule: Rule, where: string, clause: string][] = [
    ['handsWhenCertain', 'both-lapse', 'C-ADD-1'],
    ['provesAfterLooking', 'both-lapse', 'C-OVL-1'],
    ['verifiesAfterLapse', 'both-lapse', 'C-OVL-1'],
    ['noticesLosses', 'both-lapse', 'C-OVL-1'],
    ['raisesGeneration', 'late-commands', 'C-DONE-3'],
    ['adopts', 'stop-and-lost-read', 'C-OUT-1'],
    ['stopBeginsNothing', 'stop-and-lost-read', 'C-STOP-10'],
    ['stopLooksForUnknown', 'stop-and-lost-read', 'C-OUT-1'],
    ['stopAwaitsAcquisitions', 'stop-and-lost-read', 'C-OUT-1'],
    ['asksForNames', 'same-name-apart', 'C-OUT-1'],
    ['audits', 'half-open-readers', 'C-OUT-1'],
  ]; // biome-ignore format: a table
  for (const [rule, where, clause] of RULES) {
    it(`breaks the contract: ${rule}`, () => {
      expect(explore({ ...configured(where), without: [rule] }).counterexample?.clause).to.equal(clause);
    });
  }
});

describe('the command line of npm run explore', () => {
  it('takes names of configurations, all of them by default', () => {
    expect(argumentsOf([])).to.deep.equal({
      configurations: CONFIGURATIONS,
      mostStates: undefined,
      json: false,
    });
    expect(argumentsOf(['--json', 'crashes', '--most-states', '10'])).to.deep.equal({
      configurations: [configured('crashes')],
      mostStates: 10,
      json: true,
    });
    expect(argumentsOf(['--help'])).to.equal('help');
  });

  for (const [args, message] of [
    [['nonsense'], 'expected the name of a configuration (--help lists them), got: nonsense'],
    [['--most-states', 'many'], 'expected --most-states to be a positive integer, got: many'],
    [['--most'], /most/],
  ] as const) {
    it(`refuses ${args.join(' ')}`, () => {
      expect(() => argumentsOf(args)).to.throw(UsageError, message);
    });
  }

  it('refuses configurations that make no sense', () => {
    expect(() => explore({ ...configured('crashes'), announced: 9 })).to.throw(
      RangeError,
      'expected announced to be at most 2 in crashes, got: 9',
    );
  });
});
