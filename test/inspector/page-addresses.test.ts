import { expect } from 'chai';
import { hashOf } from '../../src/inspector/page/model/route.js';
import { type OpenPage, useBrowser } from '../support/browser.js';
import { eventually } from '../support/eventually.js';
import { useInspectors } from '../support/inspector.js';
import { useRedis } from '../support/redis.js';
import { useFleet } from '../support/runtimes.js';

describe("the addresses of the inspector's page", () => {
  const browser = useBrowser();
  const suite = useRedis();
  const fleet = useFleet(suite);
  const inspectors = useInspectors();

  /** Two consumers of one process; the first owns what is announced. */
  async function two(...names: string[]) {
    const { runtime: first, log } = await fleet().listening({ consumerId: 'first' });
    const ids = await fleet().announce(names);
    await log.count('StreamAdded', names.length);
    const second = await fleet().start({ consumerId: 'second' });
    const inspector = await inspectors.open();
    inspector.attach(first);
    inspector.attach(second);
    return { first, second, inspector, ids };
  }

  async function isPressed(page: OpenPage, name: string | RegExp): Promise<boolean> {
    return (await page.getByRole('button', { name }).getAttribute('aria-pressed')) === 'true';
  }

  it('lead back to every view after a reload, with what it was set to', async () => {
    const { inspector, ids } = await two('tenant-1', 'tenant-2');
    const page = await browser.open(inspector.url);
    const reloaded = async (hash: string, check: () => Promise<unknown>) => {
      await page.goto(inspector.url + hash);
      await check();
      await page.reload();
      await check();
      expect(page.url()).to.equal(inspector.url + hash);
    };
    const heading = (name: string) => () => page.getByRole('heading', { name, exact: true }).waitFor();
    await reloaded('#/overview', heading(fleet().service));
    await reloaded('#/topology', heading('Topology'));
    await reloaded('#/recording', heading('Recording'));
    await reloaded('#/dead-letters', heading('Dead letters'));
    await reloaded('#/actors?machine=ownership&state=extending&q=tenant-2', async () => {
      await page.getByRole('treeitem', { name: 'tenant-2' }).waitFor();
      expect(await page.getByRole('treeitem').count()).to.equal(1);
      expect(await isPressed(page, /^ownership/)).to.equal(true);
      expect(await isPressed(page, /^extending/)).to.equal(true);
      expect(await page.getByRole('searchbox').inputValue()).to.equal('tenant-2');
    });
    await reloaded('#/sequence?q=refresh&changes=1', async () => {
      await page.getByRole('searchbox').waitFor();
      expect(await page.getByRole('searchbox').inputValue()).to.equal('refresh');
      expect(await isPressed(page, 'Only changes of state')).to.equal(true);
    });
    const stream = `consumer/ownership/${ids[1] ?? ''}`;
    await reloaded(hashOf({ view: 'actor', actor: stream, params: {} }), async () => {
      await page.getByRole('heading', { name: 'tenant-2' }).waitFor();
      await page.locator('[data-state="extending"][data-active="true"]').waitFor();
    });
    await reloaded(hashOf({ view: 'sequence', actor: null, params: { actor: stream } }), () =>
      page.getByRole('button', { name: `only ${stream}` }).waitFor(),
    );
  });

  it('hold which runtime is looked at, from view to view', async () => {
    const { first, second, inspector } = await two('tenant-1');
    const page = await browser.open(inspector.url);
    const runtime = page.getByRole('combobox', { name: 'Runtime' });
    const shows = (id: string) =>
      eventually(`${id} is shown`, async () => (await runtime.inputValue()) === id);
    await shows(first.consumer);
    await runtime.selectOption(second.consumer);
    await page.getByRole('region', { name: 'Owned streams' }).getByText(/^0 of/).waitFor();
    await page.getByRole('link', { name: 'Actors' }).click();
    await page.getByRole('treeitem', { name: 'consumer/reconciler' }).click();
    await page.getByRole('heading', { name: 'consumer/reconciler' }).waitFor();
    await shows(second.consumer);
    await page.reload();
    await page.getByRole('heading', { name: 'consumer/reconciler' }).waitFor();
    await shows(second.consumer);
    await page.getByRole('link', { name: 'Overview' }).click();
    await page.getByRole('region', { name: 'Owned streams' }).getByText(/^0 of/).waitFor();
    await page.goto(`${inspector.url}#/overview?runtime=nobody`);
    await shows(first.consumer);
  });

  it('are those of the browser: back, forward, and a title for each', async () => {
    const { first, inspector } = await two('tenant-1');
    const page = await browser.open(inspector.url);
    const titled = (words: string) =>
      eventually('it has a title', async () => {
        expect(await page.title()).to.equal(`${words} · ${first.consumer} · streamwarden`);
      });
    await titled('Overview');
    await page.getByRole('link', { name: 'Topology' }).click();
    await titled('Topology');
    await page.getByRole('link', { name: 'live', exact: true }).click();
    await titled('masterSubscription/master');
    await page.goBack();
    await titled('Topology');
    await page.goBack();
    await titled('Overview');
    await page.goForward();
    await titled('Topology');
  });
});
