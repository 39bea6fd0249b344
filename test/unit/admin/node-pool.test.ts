import { expect } from 'chai';
import { NodePool } from '../../../src/admin/topology/node-pool.js';
import { systemClock } from '../../../src/core/clock.js';
import { rejection } from '../../support/rejection.js';

describe('connections to nodes that are looked at', () => {
  it('are none any more once nobody looks, also for a look that is under way', async () => {
    let made = 0;
    const pool = new NodePool(
      () => {
        made += 1;
        throw new Error('expected no connection to be made');
      },
      1,
      systemClock,
    );
    pool[Symbol.dispose]();
    const error = await rejection(pool.commandsAt('127.0.0.1:1'));
    expect(error).to.have.property('message', 'nobody looks any more');
    expect(made).to.equal(0);
  });
});
