import { expect } from 'chai';
import { type OpenPage, useBrowser } from '../support/browser.js';
import { useInspectors } from '../support/inspector.js';
import { memberRecord } from '../support/member-record.js';
import { unreadable } from '../support/page-audit.js';
import { useRedis } from '../support/redis.js';
import { useFleet } from '../support/runtimes.js';

describe('the tables of the inspector’s page', () => {
  const browser = useBrowser();
  const suite = useRedis();
  const fleet = useFleet(suite);
  const inspectors = useInspectors();

  async function inspected() {
    const { runtime, log } = await fleet().listening({ balance: 'off' });
    const inspector = await inspectors.open({ actions: true });
    inspector.attach(runtime);
    return { runtime, log, inspector };
  }

  const header = (page: OpenPage, name: string) => page.getByRole('columnheader', { name, exact: true });

  async function sortBy(page: OpenPage, name: string, order: 'ascending' | 'descending'): Promise<void> {
    await header(page, name).getByRole('button').press('Enter');
    await page.locator(`th[aria-sort="${order}"]`, { hasText: name }).waitFor();
  }

  it('are sorted by a click on a header, or by a key, and the address keeps that', async () => {
    const { inspector, runtime } = await inspected();
    const { presences, members } = fleet().names;
    for (const [name, owned] of Object.entries({ alpha: 5, beta: 50 })) {
      await suite.redis().zadd(presences, Date.now() + 600_000, `${name}~00000001`);
      await suite.redis().hset(members, `${name}~00000001`, JSON.stringify(memberRecord({ owned })));
    }
    const page = await browser.open(`${inspector.url}#/fleet`);
    const names = async () => await page.locator('[data-process] td:first-child').allInnerTexts();
    await page.locator('[data-process="beta~00000001"]').waitFor();
    await sortBy(page, 'Owned', 'ascending');
    await sortBy(page, 'Owned', 'descending');
    expect(page.url()).to.include('sort=-owned');
    expect((await names()).slice(0, 2)).to.deep.equal(['beta~00000001', 'alpha~00000001']);
    await page.reload();
    await page.locator('th[aria-sort="descending"]').waitFor();
    expect((await names())[0]).to.equal('beta~00000001');
    await page.shot('tables-fleet');

    // Columns are chosen, and that is kept in the browser.
    const menu = page.getByText('Columns', { exact: true });
    await menu.click();
    await page.getByRole('checkbox', { name: 'Host, version, inspector' }).uncheck();
    await header(page, 'Host, version, inspector').waitFor({ state: 'detached' });
    expect(await unreadable(page)).to.deep.equal([]);
    await page.shot('tables-columns');
    await page.reload();
    await page.locator(`[data-process="${runtime.consumer}"]`).waitFor();
    expect(await header(page, 'Host, version, inspector').count()).to.equal(0);
    await menu.click();
    await page.getByRole('checkbox', { name: 'Host, version, inspector' }).check();
    await header(page, 'Host, version, inspector').waitFor();
  });

  it('are sorted likewise of dead letters, of streams and of the group', async () => {
    const { inspector, log, runtime } = await inspected();
    for (const [n, name] of ['order-10', 'order-9', 'order-8'].entries()) {
      const payload = JSON.stringify({ DataStreamName: name });
      await suite.redis().xadd(fleet().names.dlq, '*', 'lbs-input', payload, '_retry_count', String(n));
    }
    await fleet().announce(['tenant-10', 'tenant-9']);
    await log.count('StreamAdded', 2);
    const page = await browser.open(`${inspector.url}#/dead-letters`);
    const letters = async () => await page.locator('[data-letter] td:nth-child(3)').allInnerTexts();
    await page.locator('[data-letter]').first().waitFor();
    expect(await letters()).to.deep.equal(['order-8', 'order-9', 'order-10']);
    await sortBy(page, 'Retries', 'ascending');
    expect(await letters()).to.deep.equal(['order-10', 'order-9', 'order-8']);
    await sortBy(page, 'Stream', 'ascending');
    expect(await letters()).to.deep.equal(['order-8', 'order-9', 'order-10']);
    await page.goto(`${inspector.url}#/fleet`);
    await page.getByRole('button', { name: `Streams of ${runtime.consumer}` }).click();
    await page.locator('[data-stream]').first().waitFor();
    await sortBy(page, 'Stream', 'ascending');
    const streams = await page.locator('[data-stream] td:first-child').allInnerTexts();
    expect(streams).to.deep.equal(['tenant-9', 'tenant-10']);
    await page.goto(`${inspector.url}#/overview`);
    await sortBy(page, 'Consumer', 'ascending');
    expect(page.url()).to.include('consumers=name');
  });

  it('of actors are sorted as a list, and their search finds who has ended', async () => {
    const { inspector, log, runtime } = await inspected();
    await fleet().announce(['tenant-1', 'tenant-2']);
    await log.count('StreamAdded', 2);
    const page = await browser.open(`${inspector.url}#/actors`);
    await page.locator('.tree-row', { hasText: 'tenant-1' }).waitFor();
    await runtime.owned('tenant-1')?.done();
    await page
      .getByText(/1 ended/)
      .first()
      .waitFor();
    await page.getByRole('searchbox').fill('tenant');
    const gone = page.getByRole('treeitem', { name: /^tenant-1, .*: ended, / });
    await gone.waitFor();
    await page.getByRole('treeitem', { name: /^tenant-2, / }).waitFor();
    await sortBy(page, 'Actor', 'ascending');
    await page.shot('tables-actors');
    await gone.click();
    await page.getByRole('heading', { name: 'tenant-1' }).waitFor();
    await page.getByText('ended', { exact: true }).waitFor();
  });
});
