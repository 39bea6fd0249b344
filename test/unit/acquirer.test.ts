import { expect } from 'chai';
import type { Giver } from '../../src/actors/endings/giver.js';
import { Acquirer } from '../../src/actors/intake/acquirer.js';
import type { Parking } from '../../src/actors/intake/parking.js';
import type { Kernel } from '../../src/actors/kernel.js';
import type { Lease } from '../../src/actors/lease/lease.js';
import type { Marker } from '../../src/actors/lease/marker.js';
import type { Ownerships } from '../../src/actors/ownerships.js';
import type { IdWatch } from '../../src/actors/recovery/id-watch.js';

/** So much may be parsed between two turns of the loop, and one entry more. */
const BYTES_A_TURN = 262_144;

describe('entries that are acquired in one batch', () => {
  /** How many bytes were begun with between each two turns of the loop that others were given. */
  async function bytesATurn(count: number, bytes: number): Promise<number[]> {
    const turns = [0];
    const begun: string[] = [];
    const kernel = {
      settings: { maxEntryBytes: 8_388_608, maxRetries: 3, largeIntegers: 'round' },
      clock: {
        monotonic: () => 0,
        setImmediate(callback: () => void) {
          turns.push(0);
          setImmediate(callback);
        },
      },
      // Somebody else has the locks: all that comes before is what this is about.
      locks: { take: async (keys: readonly string[]) => keys.map(() => false) },
      seam: { emit: () => undefined },
    };
    const ownerships = {
      has: () => false,
      begin({ id }: { readonly id: string }) {
        begun.push(id);
        turns.push((turns.pop() ?? 0) + bytes);
        return { id, lockKey: id, name: id };
      },
      contended: () => undefined,
    };
    const acquirer = new Acquirer(
      kernel as unknown as Kernel,
      {
        lease: {} as Lease,
        ownerships: ownerships as unknown as Ownerships,
        giver: {} as Giver,
        ids: { seen: () => undefined } as unknown as IdWatch,
        marker: { mark: async () => undefined } as unknown as Marker,
        parking: {} as Parking,
      },
      { failed: () => undefined, givenUp: () => undefined, suspects: () => undefined },
    );
    const empty = JSON.stringify({ DataStreamName: 'x', Info: { filling: '' } });
    const payload = empty.replace('""', `"${'x'.repeat(bytes - empty.length)}"`);
    await acquirer.acquire(
      Array.from({ length: count }, (_, at) => ({ id: `${at + 1}-0`, fields: ['lbs-input', payload] })),
    );
    expect(begun).to.have.length(count);
    return turns;
  }

  it('give the loop back between two of them before more is parsed than a heartbeat may wait for [C-SIZE-1]', async () => {
    const turns = await bytesATurn(20, 100_000);
    expect(Math.max(...turns)).to.be.at.most(BYTES_A_TURN);
    expect(turns).to.have.length(10);
  });

  it('wait for nothing where they are small', async () => {
    expect(await bytesATurn(100, 1_000)).to.deep.equal([100_000]);
  });

  it('are parsed one a turn where each is as large as that', async () => {
    expect(await bytesATurn(3, 300_000)).to.deep.equal([0, 300_000, 300_000, 300_000]);
  });
});
