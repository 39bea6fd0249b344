import { expect } from 'chai';
import { ratesBetween, type Seen } from '../../../src/cli/status/rates.js';

function seen(
  atMs: number,
  length: number,
  added: number | null,
  delivered: number | null,
  deadLettered: number | null,
): Seen {
  return {
    atMs,
    status: {
      service: 'orders',
      stream: { name: 'orders-input', length },
      group: { name: 'orders-group', created: true, pending: 0, undelivered: 0, stranded: null, vanished: 0 },
      consumers: [],
      balance: null,
      dlq: { name: 'orders-input-dlq', length: 0 },
      delayed: { count: 0, nextMs: null, lateMs: 0 },
      parked: { count: 0, names: 0, hottest: [] },
      paused: { count: 0, names: [] },
      totals: { added, delivered, deadLettered },
    },
  };
}

describe('the rates of a service', () => {
  it('are per second, whatever time lies between two looks', () => {
    const rates = ratesBetween(seen(1_000, 10, 100, 90, 0), seen(3_000, 4, 120, 110, 1));
    expect(rates).to.deep.equal({ announced: 10, delivered: 10, removed: 13, deadLettered: 0.5 });
  });

  it('are unknown where Redis does not count', () => {
    const rates = ratesBetween(seen(0, 1, null, null, null), seen(1_000, 1, null, null, null));
    expect(rates).to.deep.equal({ announced: null, delivered: null, removed: null, deadLettered: null });
  });

  it('are unknown for once when Redis began to count anew', () => {
    const rates = ratesBetween(seen(0, 10, 100, 90, 5), seen(1_000, 1, 2, 1, 0));
    expect(rates).to.deep.equal({ announced: null, delivered: null, removed: null, deadLettered: null });
  });
});
