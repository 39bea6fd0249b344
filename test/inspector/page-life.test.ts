import { expect } from 'chai';
import type { FleetNamesReply, FleetStreamReply } from '../../src/inspector/protocol.js';
import { useBrowser } from '../support/browser.js';
import { ask, useInspectors } from '../support/inspector.js';
import { useRedis } from '../support/redis.js';
import { useFleet } from '../support/runtimes.js';

describe("a stream's life on the inspector's page", () => {
  const browser = useBrowser();
  const suite = useRedis();
  const fleet = useFleet(suite);
  const inspectors = useInspectors();

  async function inspected(options: object = {}) {
    const { runtime, log } = await fleet().listening({ balance: 'off', ...options });
    const inspector = await inspectors.open();
    inspector.attach(runtime);
    return { runtime, log, inspector };
  }

  it('is told across owners: announced, handed over, failed, dead-lettered, and why [C-ACT-4]', async () => {
    const { runtime, log, inspector } = await inspected({ maxRetries: 0 });
    await fleet().announce(['order-7']);
    await log.count('StreamAdded', 1);
    await runtime.owned('order-7')?.release();
    await log.count('StreamAdded', 2);
    runtime.process(() => {
      throw new TypeError('no such colour');
    });
    await log.count('StreamDeadLettered', 1);
    const page = await browser.open(`${inspector.url}#/fleet?stream=order-7`);
    const life = page.getByRole('region', { name: 'Its life' });
    await life.getByText('Announced').first().waitFor();
    const steps = await life.getByRole('listitem').allInnerTexts();
    expect(steps).to.have.length(3);
    expect(steps[1]).to.match(/Owned by consumer-1~\w+ for .*handed over: no retry spent/s);
    expect(steps[2]).to.match(
      /Owned by consumer-1~\w+ for .*dead-lettered, max retries exceeded.*TypeError: no such colour/s,
    );
    await page.shot('life');
    await page.setViewportSize({ width: 390, height: 800 });
    await page.shot('life-390');
    const source = encodeURIComponent(runtime.consumer);
    const found = await ask(inspector.url, `api/fleets/${source}/stream?name=order-7`);
    const { letters } = found.json<FleetStreamReply>();
    expect(letters?.found[0]).to.deep.include({
      owner: runtime.consumer,
      error: { name: 'TypeError', message: 'no such colour' },
    });
  });

  it('says plainly what is not known where no history is kept [C-ACT-4]', async () => {
    const { log, inspector } = await inspected({ historyKey: undefined });
    await fleet().announce(['order-7']);
    await log.count('StreamAdded', 1);
    const page = await browser.open(`${inspector.url}#/fleet?stream=order-7`);
    const life = page.getByRole('region', { name: 'Its life' });
    await life.getByText(/owns it now/).waitFor();
    await life.getByText(/No history of owners is kept/).waitFor();
  });

  it('is found by a part of its name, among what is pending [C-ACT-4]', async () => {
    const { runtime, log, inspector } = await inspected();
    await fleet().announce(['order-7-of-alice', 'order-8-of-bob', 'invoice-of-alice']);
    await log.count('StreamAdded', 3);
    const source = encodeURIComponent(runtime.consumer);
    const names = async (part: string) =>
      (await ask(inspector.url, `api/fleets/${source}/names?part=${part}`)).json<FleetNamesReply>();
    const alices = await names('ALICE');
    expect(alices).to.deep.include({ looked: 3, hasMore: false });
    expect(alices.names.map(({ name }) => name)).to.deep.equal(['order-7-of-alice', 'invoice-of-alice']);
    expect((await names('nobody')).names).to.deep.equal([]);
    expect((await ask(inspector.url, `api/fleets/${source}/names`)).status).to.equal(400);
    const page = await browser.open(`${inspector.url}#/fleet`);
    await page.getByText(': 1 process, 3 streams owned').waitFor();
    const search = page.getByRole('combobox', { name: 'Find a stream by its name' });
    await search.fill('alice');
    await page.locator('datalist option').nth(1).waitFor({ state: 'attached' });
    await search.press('Enter');
    await page.getByText('Nobody owns it, and nothing announces it.').waitFor();
    await page.getByRole('link', { name: 'order-7-of-alice' }).click();
    await page.getByText('It is owned.').waitFor();
    expect(page.url()).to.include('stream=order-7-of-alice');
  });
});
