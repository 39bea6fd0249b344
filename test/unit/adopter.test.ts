import { expect } from 'chai';
import type { Giver } from '../../src/actors/endings/giver.js';
import type { Acquirer } from '../../src/actors/intake/acquirer.js';
import type { Kernel } from '../../src/actors/kernel.js';
import { Adopter } from '../../src/actors/lease/adopter.js';
import type { Lease } from '../../src/actors/lease/lease.js';
import type { Ownerships } from '../../src/actors/ownerships.js';
import type { ReadEntry } from '../../src/redis/entry-reader.js';
import { eventually } from '../support/eventually.js';

/** An adopter that reads a page of one entry at a time; `whileRead` is called while a page is on its way. */
function adopterOf(whileRead: (adopter: Adopter, id: string) => void) {
  const owned = new Set<string>();
  const aside: string[] = [];
  const asked: string[][] = [];
  async function* pages(ids: readonly string[]): AsyncGenerator<readonly ReadEntry[]> {
    asked.push([...ids]);
    for (const id of ids) {
      whileRead(adopter, id);
      await Promise.resolve();
      yield [
        id.startsWith('large') ? { outcome: 'tooLarge', id, bytes: 1 } : { outcome: 'read', id, fields: [] },
      ];
    }
  }
  const kernel = { entries: { pages }, settings: { maxEntryBytes: 1 }, ended: { aborted: false } };
  const acquirer = {
    isStopped: false,
    isInHand: () => false,
    isHeldBack: () => false,
    acquire: async (entries: readonly ReadEntry[]) => {
      for (const { id } of entries) owned.add(id);
    },
    setAside: (entries: readonly ReadEntry[]) => {
      for (const { id } of entries) {
        aside.push(id);
        owned.add(id);
      }
    },
  };
  const adopter = new Adopter(
    kernel as unknown as Kernel,
    { confirmed: async () => undefined } as unknown as Lease,
    { has: (id: string) => owned.has(id) } as unknown as Ownerships,
    acquirer as unknown as Acquirer,
    { isMoving: () => false } as unknown as Giver,
    { failed: () => undefined, leftBehind: () => undefined },
  );
  return { adopter, owned, aside, asked };
}

describe('the adopter', () => {
  it('adopts what it has read although it was looked again meanwhile, each time: a page may take longer than that', async () => {
    const all = ['1-0', 'large-0', '2-0'];
    const { adopter, owned, aside, asked } = adopterOf((self) => self.found(all));
    adopter.found(all);
    await eventually('all are known', () => owned.size === all.length);
    expect(aside).to.deep.equal(['large-0']);
    expect(asked[0]).to.deep.equal(all);
  });

  it('leaves alone what was taken away while it was read, and adopts what was found instead', async () => {
    const { adopter, owned } = adopterOf((self, id) => {
      if (id === '1-0') self.found(['2-0']);
    });
    adopter.found(['1-0']);
    await eventually('the other one is adopted', () => owned.has('2-0'));
    expect([...owned]).to.deep.equal(['2-0']);
  });
});
