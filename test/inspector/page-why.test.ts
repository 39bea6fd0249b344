import { expect } from 'chai';
import { hashOf } from '../../src/inspector/page/model/route.js';
import { useBrowser } from '../support/browser.js';
import { eventually } from '../support/eventually.js';
import { useInspectors } from '../support/inspector.js';
import { useRedis } from '../support/redis.js';
import { useFleet } from '../support/runtimes.js';

describe('a page that is asked why', () => {
  const browser = useBrowser();
  const suite = useRedis();
  const fleet = useFleet(suite);
  const inspectors = useInspectors();

  it('says what a stream is doing, why its handler fails while it is still owned, and what it threw before the retry', async () => {
    const runtime = fleet().create({ handlerBackoff: { initialMs: 60_000, maxMs: 60_000 } });
    const inspector = await inspectors.open();
    inspector.attach(runtime);
    runtime.process(async ({ name, signal }) => {
      if (name === 'order-8') throw new TypeError('no price for this product');
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    });
    await runtime.start();
    await fleet().announce(['order-7', 'order-8'], { customer: 42 });
    const page = await browser.open(`${inspector.url}#/overview`);

    // Among the failures: which stream, and the stack.
    const failures = page.getByRole('region', { name: 'Failures' });
    await failures.getByText('no price for this product').waitFor();
    await failures.getByText('Stack').click();
    await failures.getByText('page-why.test.ts').waitFor();
    await page.shot('why-failures');
    await failures.getByRole('link', { name: 'order-8' }).click();

    await page.getByRole('heading', { name: 'order-8' }).waitFor();
    const doing = page.getByRole('region', { name: 'What it is doing' });
    await doing.getByText(/^threw; it backs off, and a retry is spent at /).waitFor();
    const thrown = page.getByRole('region', { name: 'What its handler threw' });
    expect(await thrown.textContent())
      .to.include('TypeError: no price for this product')
      .and.include('page-why.test.ts');
    await page.shot('why-backing-off');

    await page.getByRole('link', { name: 'Actors', exact: false }).first().click();
    await page.getByRole('treeitem', { name: 'order-7' }).click();
    await doing.getByText(/^runs since /).waitFor();
    await doing.getByText(/^valid until /).waitFor();
    await doing.getByText('Info').click();
    await doing.getByText('customer').waitFor();
    await page.shot('why-running');
    for (const [width, name] of [
      [390, 'why-narrow'],
      [900, 'why-middle'],
    ] as const) {
      await page.setViewportSize({ width, height: 860 });
      await page.shot(name);
    }
  });

  it('lights the one branch whose guard held, and not those beside it', async () => {
    const runtime = fleet().create();
    const inspector = await inspectors.open();
    inspector.attach(runtime);
    await runtime.start();
    const [id] = (await fleet().announce(['order-7'])) as [string];
    await eventually('it is owned', () => runtime.owned('order-7') !== undefined);
    const actor = `consumer/ownership/${id}`;
    const page = await browser.open(inspector.url + hashOf({ view: 'actor', actor, params: {} }));
    await page.locator('[data-state="extending"][data-active="true"]').waitFor();
    await page.locator('[data-step]').first().waitFor();
    await runtime.owned('order-7')?.done();
    await page.locator('[data-state="released"][data-active="true"]').waitFor();
    // `acked` leads to `released` where the lock is released with it, and by way of `releasing` where not.
    const taken = page.locator('.statechart text.is-taken');
    expect(await taken.allTextContents()).to.deep.equal(['acked [isLockReleased]']);
    await page.shot('why-branch');
  });
});
