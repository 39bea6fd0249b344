/** Keys, arguments, replies and names: what can be held against the last release without a server. */

import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { changesSince, objection, todaysSide } from '../support/compatibility.js';
import { LAYOUT_FILE, lastRelease, layoutOf, luaFiles } from '../support/release.js';
import { git, hasReleaseTag, releaseTag } from '../support/released-source.js';
import { type Mutation, useScriptSets } from '../support/script-set.js';
import { skipWithout } from '../support/skip.js';
import { DIFFERENCES } from './differences.js';

const ROOT = new URL('../../', import.meta.url);

describe('the source, held against the last release', () => {
  const release = lastRelease();
  const makeSet = useScriptSets();

  it('calls the same scripts alike and gives keys and fields the same names, or says why that is no matter', () => {
    const said = objection(release, changesSince(release, todaysSide()));
    if (said !== undefined) expect.fail(said);
  });

  it('is said to differ only where it does', () => {
    const found = changesSince(release, todaysSide()).map(({ what }) => what);
    const declared = DIFFERENCES.map(({ what }) => what).filter((what) => !what.startsWith('effect of '));
    expect(found, 'no longer a difference: take it out of DIFFERENCES').to.include.members(declared);
  });

  it('has the release as it was tagged', function () {
    // Not tagged yet, or a clone without tags.
    if (!hasReleaseTag())
      skipWithout(this, { missing: `the tag ${releaseTag()}`, remedy: 'git fetch --tags' });
    const tag = releaseTag();
    const tagged = git('ls-tree', '-r', '--name-only', `${tag}:src/redis/scripts`)?.trim().split('\n') ?? [];
    expect(luaFiles(release.folder)).to.deep.equal(tagged.sort());
    for (const file of tagged) {
      const kept = readFileSync(new URL(file, release.folder), 'utf8');
      expect(kept, `${file} of ${tag}`).to.equal(git('show', `${tag}:src/redis/scripts/${file}`));
    }
    const path = `test/upgrade/released/${release.version}/${LAYOUT_FILE}`;
    expect(readFileSync(new URL(path, ROOT), 'utf8')).to.equal(git('show', `${tag}:${path}`));
  });

  const mutations: readonly [what: string, Mutation][] = [
    [
      'interface of refresh',
      { files: /^refresh/, from: '-- ARGV[2] ms', to: '-- ARGV[2] text    label\n-- ARGV[3] ms' },
    ],
    [
      'interface of leave',
      {
        files: /^leave/,
        from: '-- KEYS[2] string  presence of the caller',
        to: '-- KEYS[2] hash    presences',
      },
    ],
    [
      'interface of done',
      { files: /^done/, from: '1 finished; 0 not pending', to: '"finished"; "no": not pending' },
    ],
    [
      'interface of give-back',
      { files: /^give-back/, from: '--   deadLetterDue', to: '--   parked | deadLetterDue' },
    ],
    ['interface of acquire', { files: /^acquire/, from: 'SWLAPSED, ', to: '' }],
  ];
  for (const [what, mutation] of mutations) {
    it(`finds a changed ${what}, and says what to do`, () => {
      const { folder } = makeSet('mutant', release.folder, mutation);
      const changes = changesSince(release, { folder, layout: layoutOf(release) });
      expect(changes.map((one) => one.what)).to.deep.equal([what]);
      const said = objection(release, changes, []);
      expect(said).to.include(`- ${what}\n  in ${release.version}: `);
      expect(said).to.include('DIFFERENCES').and.include('CHANGELOG.md');
      expect(objection(release, changes, [{ what, why: 'a test' }])).to.equal(undefined);
    });
  }

  it('finds a key or a field with another name, one that is new and one that is gone', () => {
    const { 'plain: owners': gone, ...layout } = layoutOf(release);
    const changed = { ...layout, entry: 'lbs {}', 'plain: holders': gone as string };
    const changes = changesSince(release, { folder: release.folder, layout: changed });
    expect(changes.map(({ what }) => what)).to.have.members([
      'name of entry',
      'name of plain: owners',
      'name of plain: holders',
    ]);
  });

  it('is no matter in what words a header explains a script', () => {
    const { folder } = makeSet('reworded', release.folder, {
      files: /^done/,
      from: "-- Finishes entries that are the caller's",
      to: '-- Ends entries of the caller',
    });
    expect(changesSince(release, { folder, layout: layoutOf(release) })).to.deep.equal([]);
  });
});
