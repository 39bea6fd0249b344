import { expect } from 'chai';
import type { Giver } from '../../src/actors/endings/giver.js';
import type { Kernel } from '../../src/actors/kernel.js';
import { LockKeeper } from '../../src/actors/lease/lock-keeper.js';
import type { Lease } from '../../src/actors/lease/lease.js';
import type { Ownerships } from '../../src/actors/ownerships.js';
import { manualClock } from '../support/manual-clock.js';

const HEARTBEAT_MS = 1_000;

describe('the wheel that keeps lock keys', () => {
  it('sends no more than four waves ahead of their answers: a heartbeat is sent behind them [C-SIZE-1]', async () => {
    const clock = manualClock();
    const waiting: (() => void)[] = [];
    let sent = 0;
    const kernel = {
      clock,
      settings: { heartbeatMs: HEARTBEAT_MS, lockKeys: true },
      commands: { isUp: true },
      seam: { emit: () => {}, actorStarted: () => {}, actorEnded: () => {} },
      locks: {
        extend: (keys: readonly string[]) => {
          sent += keys.length;
          return new Promise((resolve) => waiting.push(() => resolve([])));
        },
      },
    };
    const held = Array.from({ length: 40 }, (_, n) => ({
      lockKey: `${n}`.padStart(60_000, 'n'),
      hasEnded: false,
    }));
    const ownerships = Object.assign([...held], { waiting: [] });
    const lease = { isConfirmed: true, verify: () => {} };
    const keeper = new LockKeeper(
      kernel as unknown as Kernel,
      lease as unknown as Lease,
      ownerships as unknown as Ownerships,
      {} as Giver,
    );
    const { stop } = keeper.start((error) => expect.fail(String(error)));
    clock.advance(5 * HEARTBEAT_MS);
    // Long ones go one by one, four to a wave.
    expect(sent).to.equal(16);

    for (const answer of waiting.splice(0)) answer();
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(HEARTBEAT_MS);
    expect(sent).to.equal(32);
    stop();
  });
});
