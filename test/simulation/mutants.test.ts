import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { AS_IT_IS, Bundles } from '../../simulate/mutants/bundle.js';
import { CLIENT_MUTANTS } from '../../simulate/mutants/client-mutants.js';
import { ENTRY_MUTANTS } from '../../simulate/mutants/entry-mutants.js';
import { edited, type Mutant } from '../../simulate/mutants/mutant.js';
import { SCRIPT_MUTANTS } from '../../simulate/mutants/script-mutants.js';
import { look } from '../../simulate/mutants/trial.js';
import { SeedProcess } from '../../simulate/seed-process.js';

const ALL: readonly Mutant[] = [...SCRIPT_MUTANTS, ...CLIENT_MUTANTS, ...ENTRY_MUTANTS];
/** Found by a small schedule that is kept, so that this costs little. `npm run mutants` looks for all of them. */
const CHEAP = [
  { name: 'leave-destroys-pending', seeds: 0, clause: 'C-OUT-1' },
  { name: 'gone-payload-kept', seeds: 0, clause: 'C-LOST-1' },
] as const;

describe('mutants', () => {
  it('change texts that stand in the sources, each once', async () => {
    for (const { edits } of ALL) {
      for (const edit of edits) {
        edited(await readFile(new URL(`../../src/${edit.file}`, import.meta.url), 'utf8'), edit);
      }
    }
  });

  it('have names of their own', () => {
    expect(new Set(ALL.map(({ name }) => name)).size).to.equal(ALL.length);
  });

  it('are found, of scripts as of actors, where the sources as they are keep the contract', async () => {
    await using bundles = await Bundles.create();
    const sound = new SeedProcess(await bundles.make(AS_IT_IS));
    try {
      for (const { name, ...expected } of CHEAP) {
        const mutant = ALL.find((one) => one.name === name) as Mutant;
        const { violation, problem, seeds } = await look(mutant, { bundles, sound });
        const found = { name, seeds, problem, clause: violation?.clause };
        expect(found).to.deep.equal({ name, problem: undefined, ...expected });
      }
    } finally {
      sound.close();
    }
  });

  it('are refused when their text has changed', () => {
    const edit = { file: 'a.ts', from: 'if (a)', to: 'if (b)' };
    expect(() => edited('if (c)', edit)).to.throw('expected this to stand once in src/a.ts, found 0: if (a)');
    expect(() => edited('if (a) if (a)', edit)).to.throw('found 2');
  });
});
