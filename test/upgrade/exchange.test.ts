/** Scripts of two versions, exchanged one by one in one life of a group: each has to read what the other wrote, and to leave the same. */
import { expect } from 'chai';
import { SCRIPT_NAMES, type Script, type ScriptName } from '../../src/redis/scripts.js';
import { type Change, objection } from '../support/compatibility.js';
import { useRedis } from '../support/redis.js';
import { lastRelease, TODAY } from '../support/release.js';
import { type Mutation, type ScriptSet, useScriptSets } from '../support/script-set.js';
import { type PlayedStep, play } from '../support/store-play.js';
import { useWire } from '../support/wire.js';
import { DIFFERENCES } from './differences.js';

const NO_CODE = /--[^\n]*|\s+/g;
const codeOf = (script: Script | undefined) => script?.source.replace(NO_CODE, '');

describe('the scripts, exchanged with those of the last release', () => {
  const suite = useRedis();
  const wire = useWire(suite);
  const release = lastRelease();
  const makeSet = useScriptSets();
  const lives = new Map<string, Promise<readonly PlayedStep[]>>();

  /** The life of a set of scripts. It is the same whenever it is lived, which a test below shows, so that it is lived once. */
  function stepsOf(scripts: ScriptSet['scripts']): Promise<readonly PlayedStep[]> {
    const key = JSON.stringify(SCRIPT_NAMES.map((name) => codeOf(scripts[name])));
    const known = lives.get(key) ?? play(wire, scripts).then(({ steps }) => steps);
    lives.set(key, known);
    return known;
  }

  /** Where the two part first. */
  function parting(was: readonly PlayedStep[], is: readonly PlayedStep[]): Change | undefined {
    for (const [index, step] of was.entries()) {
      const other = is[index];
      const lines = step.seen.filter((line) => !other?.seen.includes(line));
      const others = other?.seen.filter((line) => !step.seen.includes(line)) ?? [];
      if (lines.length + others.length === 0) continue;
      return { what: step.what, was: lines.join('\n    '), is: others.join('\n    ') };
    }
    return undefined;
  }

  /** Of each script that is not what it was, whether it tells the same life among the release's own, and they among its own. */
  async function effectsOf(today: ScriptSet['scripts'], released: ScriptSet['scripts']): Promise<Change[]> {
    const life = await stepsOf(released);
    const changes: Change[] = [];
    for (const name of SCRIPT_NAMES) {
      const [is, was] = [today[name], released[name]];
      if (!is || !was || codeOf(is) === codeOf(was)) continue;
      const among = (others: ScriptSet['scripts'], one: ScriptSet['scripts'][ScriptName]) =>
        stepsOf({ ...others, [name]: one });
      const found =
        parting(life, await among(released, is)) ?? parting(await stepsOf(today), await among(today, was));
      if (found) changes.push({ ...found, what: `effect of ${name}`, is: `${found.is} (${found.what})` });
    }
    return changes;
  }

  it('all take part in that life, and it is the same whenever it is lived', async () => {
    const { scripts } = makeSet('released', release.folder);
    const first = await play(wire, scripts);
    const second = await play(wire, scripts);
    expect([...first.sent]).to.have.members([...SCRIPT_NAMES]);
    const differs = parting(first.steps, second.steps);
    if (differs) expect.fail(`${differs.what}\n  first: ${differs.was}\n  then: ${differs.is}`);
    const errors = first.steps.filter(({ seen: [reply] }) => reply?.includes('error '));
    expect(errors.map(({ what, seen: [reply] }) => `${what}: ${reply}`)).to.deep.equal([
      'a command too late: replied "error LeaseRefused"',
      'a beat too late: replied "error LeaseRefused"',
      'a command without presence: replied "error LeaseRefused"',
      'its holder is told: replied "error LeaseRefused"',
    ]);
  });

  it('do what they did, or say why that is no matter', async () => {
    const released = makeSet('released', release.folder);
    const changes = await effectsOf(makeSet('today', TODAY).scripts, released.scripts);
    const said = objection(release, changes);
    if (said !== undefined) expect.fail(said);
    const effects = DIFFERENCES.map(({ what }) => what).filter((what) => what.startsWith('effect of '));
    expect(
      changes.map(({ what }) => what),
      'no longer a difference: take it out of DIFFERENCES',
    ).to.include.members(effects);
  });

  const mutations: readonly [what: string, Mutation, found: readonly ScriptName[]][] = [
    ['presence in another format', { files: /^raise/, from: "'v1:'", to: "'v2:'" }, ['raise']],
    [
      'owners under other names',
      { files: /^acquire/, from: '= name\n', to: "= 'n:' .. name\n" },
      ['acquire'],
    ],
    [
      'a retry count in another field',
      { files: /copy-entry/, from: "'_retry_count'", to: "'_retries'" },
      ['give-back', 'requeue', 'claim-due-letters', 'redrive', 'redrive-apart'],
    ],
    [
      'a reason in another field',
      { files: /copy-entry/, from: "'_dlq_reason'", to: "'_reason'" },
      ['give-back', 'requeue', 'claim-due-letters', 'redrive', 'redrive-apart'],
    ],
    [
      'another consumer for what is due',
      { files: /due\.lua/, from: '~00000000', to: '~ffffffff' },
      ['give-back', 'claim-due-letters', 'finish-due-letters'],
    ],
    [
      'endings kept for longer',
      { files: /endings/, from: 'WINDOW_MS = 10000', to: 'WINDOW_MS = 40000' },
      ['give-back', 'done', 'requeue'],
    ],
    [
      'a mark of another kind',
      { files: /^redrive-apart/, from: ", id, 'PX'", to: ", '1', 'PX'" },
      ['redrive-apart'],
    ],
    [
      'locks with another value',
      { files: /^take-locks/, from: 'ARGV[1],', to: "ARGV[1] .. '!'," },
      ['take-locks'],
    ],
    [
      'an entry that stays pending',
      { files: /^done/, from: "redis.call('XACK'", to: "redis.call('XLEN'" },
      ['done'],
    ],
    ['an answer that was none before', { files: /^leave/, from: 'return #mine', to: 'return -1' }, ['leave']],
    [
      'a history in other words',
      { files: /^acquire/, from: "op = 'acquired'", to: "op = 'taken'" },
      ['acquire'],
    ],
  ];
  for (const [what, mutation, found] of mutations) {
    it(`are found out by ${what}`, async () => {
      const released = makeSet('released', release.folder);
      const changes = await effectsOf(makeSet('mutant', release.folder, mutation).scripts, released.scripts);
      expect(changes.map((one) => one.what)).to.include.members(found.map((name) => `effect of ${name}`));
      expect(objection(release, changes, [])).to.include(
        `- effect of ${found[0]}\n  in ${release.version}: `,
      );
    });
  }
});
