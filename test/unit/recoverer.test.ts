import { expect } from 'chai';
import type { Kernel } from '../../src/actors/kernel.js';
import type { DeadLetters } from '../../src/actors/recovery/dead-letters.js';
import type { MoveLedger } from '../../src/actors/recovery/move-ledger.js';
import { Recoverer } from '../../src/actors/recovery/recoverer.js';
import { parsingKernel } from '../support/parsing-kernel.js';

describe('what is taken over', () => {
  for (const from of ['redis-consumer-go', 'gone~00000001']) {
    it(`gives the loop back before more is looked at than a heartbeat may wait for: from ${from} [C-SIZE-1]`, async () => {
      const told: string[] = [];
      const { kernel, ids, turns } = parsingKernel(20, 50_000);
      const application = { expired: ({ id }: { readonly id: string }) => told.push(id) };
      const all = { ...kernel, application } as unknown as Kernel;
      await new Recoverer(all, {} as MoveLedger, {} as DeadLetters).tell(from, ids);
      expect(told).to.deep.equal(ids);
      // Five in a turn.
      expect(turns()).to.equal(3);
    });
  }

  it('is looked at in turns where only its name is looked for', async () => {
    const told: unknown[] = [];
    const { kernel, ids, turns } = parsingKernel(4, 300_000);
    const application = {
      expired: ({ name, info }: { readonly name: string; readonly info: unknown }) => told.push([name, info]),
    };
    const all = { ...kernel, application } as unknown as Kernel;
    await new Recoverer(all, {} as MoveLedger, {} as DeadLetters).tell('redis-consumer-go', ids);
    expect(told).to.deep.equal(ids.map((id) => [`stream of ${id}`, null]));
    expect(turns()).to.equal(4);
  });
});
