import { expect } from 'chai';
import type { ServiceStatus } from '../../../src/admin/status/service-status.js';
import { statusInWords } from '../../../src/cli/status/words.js';
import type { MemberRecord } from '../../../src/redis/fleet.js';
import { memberRecord } from '../../support/member-record.js';

function statusOf(...lags: MemberRecord['lag'][]): ServiceStatus {
  return {
    service: 'orders',
    stream: { name: 'orders-input', length: 0 },
    group: { name: 'orders-group', created: true, pending: 0, undelivered: 0, stranded: 0, vanished: 0 },
    consumers: lags.map((lag, at) => ({
      name: `c${at}~00000000`,
      pending: 0,
      presenceMs: 1000,
      idleMs: 0,
      owned: 0,
      handOver: 0,
      process: memberRecord({ lag }),
    })),
    balance: null,
    dlq: { name: 'orders-input-dlq', length: 0 },
    delayed: null,
    parked: null,
    paused: null,
    totals: { added: null, delivered: null, deadLettered: null },
  };
}

describe('the lag in a status', () => {
  it('is that of each process and of all together [C-LAG-4]', () => {
    const text = statusInWords(
      statusOf(
        { entries: 12, ms: 3200, behind: 2 },
        { entries: 1, ms: null, behind: 1 },
        { entries: 0, ms: 0, behind: 0 },
        null,
      ),
      0,
    );
    expect(text).to.include('  lag: 13 entries of 3 streams wait to be dealt with, the oldest for 3.2 s\n');
    expect(text).to.match(/^CONSUMER +STATE +OWNED +LAG +WAITING/m);
    expect(text).to.match(/^c0~00000000 +running +0 of 10000 +12, 3\.2 s +0/m);
    expect(text).to.match(/^c1~00000000 +running +0 of 10000 +1 +0/m);
    expect(text).to.match(/^c2~00000000 +running +0 of 10000 +0 +0/m);
    expect(text).to.match(/^c3~00000000 +running +0 of 10000 +- +0/m);
  });

  it('is said to be none where all is dealt with, and not at all where nothing is read', () => {
    expect(statusInWords(statusOf({ entries: 0, ms: 0, behind: 0 }), 0)).to.include('  lag: none, ');
    expect(statusInWords(statusOf(null), 0)).to.not.match(/lag/i);
  });
});
