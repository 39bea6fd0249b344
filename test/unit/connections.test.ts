import { expect } from 'chai';
import { systemClock } from '../../src/core/clock.js';
import { silentLogger } from '../../src/core/logger.js';
import { createConnections } from '../../src/redis/connections.js';
import { freePort } from '../../src/testing/free-port.js';

describe('connections that are closed while Redis refuses them', () => {
  it('leave no timer that would hold the process', async () => {
    const original = globalThis.setTimeout;
    const timers: {
      readonly timer: NodeJS.Timeout & { readonly _destroyed?: boolean };
      readonly ms: number;
    }[] = [];
    globalThis.setTimeout = ((callback: () => void, ms = 0) => {
      const timer = original(callback, ms);
      timers.push({ timer, ms });
      return timer;
    }) as typeof setTimeout;
    try {
      const connections = createConnections({
        target: `redis://127.0.0.1:${await freePort()}`,
        clock: systemClock,
        logger: silentLogger,
        heartbeatMs: 1_000,
        connectionName: 'test',
        home: 'orders-input',
      });
      let refused = 0;
      for (const link of [connections.commands, connections.reader]) {
        link.listen({ up: () => {}, down: () => (refused += 1) });
        link.open();
      }

      while (refused < 4) await new Promise((resolve) => setImmediate(resolve));
      connections.close();
      await new Promise((resolve) => setImmediate(resolve));
      const left = timers.filter(({ timer, ms }) => ms > 1 && timer._destroyed !== true).map(({ ms }) => ms);
      expect(left).to.deep.equal([]);
    } finally {
      globalThis.setTimeout = original;
    }
  });
});
