import { expect } from 'chai';
import { useBrowser } from '../support/browser.js';
import { ready, useCli } from '../support/cli.js';
import { useRedis } from '../support/redis.js';
import { useFleet } from '../support/runtimes.js';

describe("the inspector's page of a process that is killed and started again", () => {
  const browser = useBrowser();
  const suite = useRedis();
  const fleet = useFleet(suite);
  const cli = useCli();

  it('keeps the old picture, says that it is another process, and has the new one beside it', async () => {
    const { service } = fleet();
    const redis = suite.server().url;
    const start = async (port: string) => {
      const consumer = cli.spawnConsumer({ redis, service, consumerId: 'orders', args: ['--inspect', port] });
      const { url } = await consumer.waitFor(({ type }) => type === 'Inspector', {
        name: 'it serves a page',
      });
      return { consumer, name: await ready(consumer), url: String(url) };
    };
    const first = await start('0');
    await fleet().announce(['order-7']);
    await first.consumer.waitFor(({ type }) => type === 'StreamAdded', { name: 'it owns the stream' });
    const page = await browser.open(`${first.url}#/actors`);
    await page.getByRole('treeitem', { name: 'order-7' }).click();
    await page.getByRole('heading', { name: 'order-7' }).waitFor();
    await page.locator('[data-state="extending"][data-active="true"]').waitFor();
    const steps = page.locator('[data-step]');
    await steps.first().waitFor();

    first.consumer.kill('SIGKILL');
    await first.consumer.exit;
    await page.getByText('Disconnected since').waitFor();
    const second = await start(new URL(first.url).port);
    const banner = page.locator('[data-banner]');
    await banner.getByText(`with ${first.name} is gone`).waitFor();
    // What was known is still there: the stream, and what had happened to it.
    await page.getByRole('heading', { name: 'order-7' }).waitFor();
    expect(await steps.count()).to.be.at.least(1);
    await page.shot('restarted-old');
    const choice = page.getByLabel('Runtime');
    expect(await choice.inputValue()).to.equal(first.name);
    expect(await choice.locator('option').allTextContents()).to.deep.equal([
      `${first.name} (ended, pid ${first.consumer.pid})`,
      second.name,
    ]);

    await page.keyboard.press('1');
    const state = page.getByRole('region', { name: 'Consumer', exact: true });
    await state.getByText('ended', { exact: true }).waitFor();
    await state.getByText('running when it was last heard').waitFor();
    await page.keyboard.press('2');

    await banner.getByRole('link', { name: `Show ${second.name}` }).click();
    await page.getByRole('treeitem', { name: 'leaseKeeper' }).waitFor();
    expect(await banner.textContent()).to.equal('');
    expect(await choice.inputValue()).to.equal(second.name);
    await choice.selectOption(first.name);
    await page.getByRole('treeitem', { name: 'order-7' }).waitFor();
    await banner.getByText(`with ${first.name} is gone`).waitFor();
    page.complaints.splice(0);
  });
});
