import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type OpenPage, useBrowser } from '../support/browser.js';
import { useCli } from '../support/cli.js';
import { accessibilityTree, unheard, unreadable } from '../support/page-audit.js';

function recorded(name: string): string {
  return fileURLToPath(new URL(`../recordings/${name}.jsonl`, import.meta.url));
}

describe("the inspector's sequence of a recording", () => {
  const browser = useBrowser();
  const cli = useCli();

  async function opened(width: number, params: string, ...names: string[]): Promise<OpenPage> {
    const inspector = cli.start(['inspect', ...names.map(recorded), '--json']);
    const { url } = await inspector.waitFor(({ type }) => type === 'Inspector', {
      name: 'it serves the page',
    });
    const page = await browser.open(`${String(url)}#/sequence?${params}`, {
      viewport: { width, height: 800 },
    });
    await page.locator('.arrow').first().waitFor();
    return page;
  }

  const list = (page: OpenPage) => page.getByRole('listbox', { name: 'Messages, the latest last' });
  const heads = (page: OpenPage) => page.locator('.lanes button');

  it('has no lane that is cut off: all are scrolled to, with times and heads in sight', async () => {
    const page = await opened(900, 'at=372', 'zombie.sleeper');
    const sequence = page.locator('.sequence');
    const cut =
      '[...document.querySelectorAll(".lanes button")].filter((one) => one.scrollWidth > one.clientWidth).length';
    expect(await page.evaluate(cut)).to.equal(0);
    const last = heads(page).last();
    await last.scrollIntoViewIfNeeded();
    expect(await page.evaluate<number>('document.querySelector(".sequence").scrollLeft')).to.be.greaterThan(
      0,
    );
    const box = await sequence.boundingBox();
    const time = await page.locator('.lane-time').nth(3).boundingBox();
    const end = await last.boundingBox();
    expect(time?.x).to.be.within(box?.x ?? 0, (box?.x ?? 0) + 20);
    expect((end?.x ?? 0) + (end?.width ?? 0)).to.be.at.most((box?.x ?? 0) + (box?.width ?? 0) + 1);
    expect(await unreadable(page)).to.deep.equal([]);
  });

  it('folds lanes, and keeps that in the address', async () => {
    const page = await opened(900, 'at=372', 'zombie.sleeper');
    const reconciler = page.getByRole('button', { name: 'reconciler', exact: true });
    const wide = (await reconciler.boundingBox())?.width ?? 0;
    await reconciler.click();
    expect(await reconciler.getAttribute('aria-expanded')).to.equal('false');
    expect((await reconciler.boundingBox())?.width).to.be.below(wide / 2);
    await page.reload();
    expect(await reconciler.getAttribute('aria-expanded')).to.equal('false');
    await reconciler.press('Enter');
    expect(await reconciler.getAttribute('aria-expanded')).to.equal('true');
    expect(unheard(await accessibilityTree(page))).to.deep.equal([]);
  });

  it('shows quiet time with its length, and is narrowed to a stream and to kinds', async () => {
    const page = await opened(1200, 'at=372&changes=1', 'zombie.sleeper');
    await page.getByRole('combobox', { name: 'Stream' }).selectOption('one');
    await list(page)
      .getByRole('option', { name: /^\d.* s, \d+ messages left out by the filter$/ })
      .first()
      .waitFor();
    expect(await list(page).getByRole('option', { name: / two/ }).count()).to.equal(0);
    await list(page)
      .getByRole('option', { name: /outside to streams: lost one, now lost/ })
      .waitFor();
    await page.getByRole('button', { name: /^events/ }).click();
    await list(page)
      .getByRole('option', { name: /now lost/ })
      .waitFor({ state: 'detached' });
    await list(page)
      .getByRole('option', { name: /StreamDisowned one/ })
      .waitFor();
    await page.reload();
    await list(page)
      .getByRole('option', { name: /StreamDisowned one/ })
      .waitFor();
    expect(await page.getByRole('button', { name: /^events/ }).getAttribute('aria-pressed')).to.equal(
      'false',
    );
    expect(await unreadable(page)).to.deep.equal([]);
    await page.shot('sequence-quiet');
  });

  it('keeps several processes apart', async () => {
    const page = await opened(1400, 'at=400', 'zombie.sleeper', 'zombie.heir');
    for (const process of ['sleeper', 'heir']) {
      await page.locator('.is-process', { hasText: new RegExp(`${process}~\\w+`) }).waitFor();
      await page.getByRole('button', { name: new RegExp(`^${process}~\\w+: leaseKeeper$`) }).waitFor();
      await page.getByRole('button', { name: new RegExp(`^${process}~\\w+: application$`) }).waitFor();
    }
    expect(await unreadable(page)).to.deep.equal([]);
    await page.shot('sequence-merged');
  });
});
