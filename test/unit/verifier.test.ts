import { expect } from 'chai';
import type { Giver } from '../../src/actors/endings/giver.js';
import type { Kernel } from '../../src/actors/kernel.js';
import type { Adopter } from '../../src/actors/lease/adopter.js';
import type { Lease } from '../../src/actors/lease/lease.js';
import { Verifier } from '../../src/actors/lease/verifier.js';
import type { Ownerships } from '../../src/actors/ownerships.js';
import type { MoveLedger } from '../../src/actors/recovery/move-ledger.js';
import { parsingKernel } from '../support/parsing-kernel.js';

interface World {
  /** Entries that wait for their names. */
  readonly waiting: readonly string[];
  /** Of these, the ones that are on their way back to everyone. */
  readonly moving: readonly string[];
  readonly pending: readonly string[];
}

function verifierOf({ waiting, moving, pending }: World) {
  const lost: [id: string, reason: string][] = [];
  const moved: string[] = [];
  const ownerships = waiting.map((id) => ({
    id,
    name: `stream of ${id}`,
    lockKey: `lock of ${id}`,
    state: 'contended',
    isAtRest: true,
    isWorkedOn: false,
    send: ({ reason }: { reason: string }) => lost.push([id, reason]),
  }));
  const kernel = {
    consumer: 'a',
    group: { pending: async () => pending.map((id) => ({ id })), epoch: async () => 'v1 1' },
    locks: { take: async (keys: readonly string[]) => keys.map(() => true) },
    logger: { warn: () => undefined, debug: () => undefined },
  };
  const registry = {
    get: (id: string) => ownerships.find((ownership) => ownership.id === id),
    [Symbol.iterator]: () => ownerships[Symbol.iterator](),
  };
  const giver = {
    isMoving: (id: string) => moving.includes(id),
    move: async (_reason: string, refs: readonly { id: string }[]) => moved.push(...refs.map(({ id }) => id)),
  };
  const verifier = new Verifier(
    kernel as unknown as Kernel,
    {} as Lease,
    registry as unknown as Ownerships,
    { found: () => 0 } as unknown as Adopter,
    giver as unknown as Giver,
    {} as MoveLedger,
    () => {},
  );
  return { verifier, lost, moved };
}

describe('the verifier, of a waiter that is on its way back to everyone,', () => {
  const world = { waiting: ['1-0', '2-0'], moving: ['1-0'], pending: [] };

  it('leaves it to the answer to that, pending or not; another one that is not pending is lost [C-STOP-1]', async () => {
    const { verifier, lost } = verifierOf(world);
    const verified = await verifier.verifyAll(new AbortController().signal, false);
    expect(lost).to.deep.equal([['2-0', 'takenOver']]);
    expect(verified.lost).to.equal(1);
  });

  it('does not take it for trimmed: its copy has another id [C-STOP-1, C-LOST-6]', () => {
    const { verifier, lost, moved } = verifierOf(world);
    verifier.withoutPayload(['1-0', '2-0']);
    expect(lost).to.deep.equal([['2-0', 'entryGone']]);
    expect(moved).to.deep.equal(['2-0']);
  });

  it('loses it with its group: what is delivered anew under its id may be worked on', async () => {
    const { verifier, lost } = verifierOf(world);
    await verifier.verifyAll(new AbortController().signal, true);
    expect(lost).to.deep.equal([
      ['1-0', 'entryGone'],
      ['2-0', 'entryGone'],
    ]);
  });
});

describe('what is pending unknown at a stop', () => {
  it('is given back by its name, with turns of the loop between payloads [C-SIZE-1]', async () => {
    const { kernel, ids, turns } = parsingKernel(20, 50_000);
    const moved: unknown[] = [];
    const giver = {
      move: async (_reason: string, refs: readonly { id: string; name: string }[]) => {
        moved.push(...refs.map(({ name }) => name));
        return new Map(refs.map(({ id }) => [id, { outcome: 'requeued' }]));
      },
    };
    const group = { pending: async () => ids.map((id) => ({ id })) };
    const verifier = new Verifier(
      {
        ...kernel,
        consumer: 'a',
        group,
        settings: { ...kernel.settings, heartbeatMs: 1000 },
      } as unknown as Kernel,
      {} as Lease,
      { has: () => false } as unknown as Ownerships,
      {} as Adopter,
      giver as unknown as Giver,
      {} as MoveLedger,
      () => {},
    );
    expect(await verifier.giveBackUnknown()).to.equal(20);
    expect(moved).to.deep.equal(ids.map((id) => `stream of ${id}`));
    expect(turns()).to.equal(3);
  });
});
