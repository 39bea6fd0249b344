import { hostname } from 'node:os';
import { expect } from 'chai';
import { addressForOthers } from '../../src/inspector/own-address.js';
import { eventually } from '../support/eventually.js';
import { useInspectors } from '../support/inspector.js';
import { useRedis } from '../support/redis.js';
import { type TestRuntime, useFleet } from '../support/runtimes.js';

const TOKEN = 'a-token-that-is-long-enough';

describe("the address of a runtime's inspector", () => {
  const suite = useRedis();
  const fleet = useFleet(suite);
  const inspectors = useInspectors();

  async function told(by: TestRuntime, of: TestRuntime): Promise<string | null | undefined> {
    const members = await by.fleet();
    return members.find(({ name }) => name === of.consumer)?.process?.inspector;
  }

  it('is known to the other processes for as long as its page shows it, without the token [C-FLT-2]', async () => {
    const shown = await fleet().start();
    const other = await fleet().start();
    const becomes = (address: string | null) =>
      eventually(`the others know ${address}`, async () => (await told(other, shown)) === address);
    await becomes(null);
    const inspector = await inspectors.open({ token: TOKEN });
    const leave = inspector.attach(shown);
    await becomes(inspector.url);
    expect(inspector.url).not.to.include(TOKEN);
    expect(await told(other, other)).to.equal(null);

    // Of several the latest, and then again the one before.
    const own = await shown.inspect();
    await becomes(own.url);
    await own.close();
    await becomes(inspector.url);
    leave();
    await becomes(null);
  });

  it('leads there from elsewhere: a name where it listens on every address [C-FLT-2]', () => {
    expect(addressForOthers('0.0.0.0', 7100)).to.equal(`http://${hostname()}:7100/`);
    expect(addressForOthers('::', 7100)).to.equal(`http://${hostname()}:7100/`);
    expect(addressForOthers('192.0.2.7', 7100)).to.equal('http://192.0.2.7:7100/');
    expect(addressForOthers('2001:db8::1', 7100)).to.equal('http://[2001:db8::1]:7100/');
  });
});
