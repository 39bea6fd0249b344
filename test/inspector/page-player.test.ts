/** A recording as it is played: in time, from where something happened, and from where a link leads. */
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type OpenPage, useBrowser } from '../support/browser.js';
import { useCli } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { accessibilityTree, unheard, unreadable } from '../support/page-audit.js';

function recorded(name: string): string {
  return fileURLToPath(new URL(`../recordings/${name}.jsonl`, import.meta.url));
}

describe("the inspector's player of recordings", () => {
  const browser = useBrowser();
  const cli = useCli();

  async function inspect(...files: string[]): Promise<string> {
    const inspector = cli.start(['inspect', ...files, '--json']);
    const { url } = await inspector.waitFor(({ type }) => type === 'Inspector', {
      name: 'it serves the page',
    });
    return String(url);
  }

  async function opened(url: string): Promise<OpenPage> {
    const page = await browser.open(url);
    await page.getByText('agrees', { exact: true }).waitFor();
    return page;
  }

  const slider = (page: OpenPage) => page.getByRole('slider', { name: 'Line of the recording' });
  const placeOf = async (page: OpenPage) => Number(await slider(page).inputValue());
  const why = (page: OpenPage) => page.locator('.timeline-why');

  async function dragTo(page: OpenPage, fraction: number): Promise<void> {
    const box = await page.locator('.timeline-track').boundingBox();
    if (box === null) throw new Error('expected a time line');
    await page.mouse.click(box.x + box.width * fraction, box.y + 16);
  }

  it('opens where something happened and says what, and goes from one such place to the next', async () => {
    const page = await opened(await inspect(recorded('zombie.sleeper')));
    await why(page).getByText('Here: the lease became uncertain').waitFor();
    const first = await placeOf(page);
    expect(first).to.be.greaterThan(0);
    await page.keyboard.press('n');
    await why(page).getByText('the process stood still for').waitFor();
    await page.keyboard.press('p');
    expect(await placeOf(page)).to.equal(first);
    const next = page.getByRole('button', { name: 'Where something happened next' });
    while (await next.isEnabled()) await next.click();
    await why(page).getByText('2 streams were lost, one, two: takenOver').waitFor();
    await page.keyboard.press('2');
    await page.keyboard.press('ArrowLeft');
    await why(page).waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: '2 streams were lost, one, two: takenOver' }).click();
    await page.locator('[data-timeline-now]', { hasText: 'lost' }).waitFor();
    expect(await unreadable(page)).to.deep.equal([]);
    expect(unheard(await accessibilityTree(page))).to.deep.equal([]);
    await page.shot('player');
  });

  it('says so where nothing is of note', async () => {
    const page = await opened(await inspect(recorded('parked')));
    await why(page).getByText('nothing of note in it').waitFor();
  });

  it('shows time in real distances: half of the line is half of the time, wherever the lines are', async () => {
    const page = await opened(await inspect(recorded('zombie.sleeper')));
    await dragTo(page, 0.5);
    await page.locator('[data-elapsed]', { hasText: /^5\.\d s \/ 10 s$/ }).waitFor();
    const half = await placeOf(page);
    await dragTo(page, 0.999);
    await eventually('all of it has passed', async () => (await placeOf(page)) > half);
    await page.locator('[data-elapsed]', { hasText: /^10 s \/ 10 s$/ }).waitFor();
  });

  it('is played as fast as one wants, and jumps over quiet time unless one wants to wait', async () => {
    const page = await opened(await inspect(recorded('zombie.sleeper')));
    const length = Number(await slider(page).getAttribute('max'));
    await page.getByRole('button', { name: 'To the beginning' }).click();
    const skip = page.getByRole('button', { name: 'Skip quiet' });
    expect(await skip.getAttribute('aria-pressed')).to.equal('true');
    await page.getByRole('combobox', { name: 'Speed' }).selectOption('0.1');
    await page.getByRole('button', { name: 'Play' }).click();
    await page.locator('[data-elapsed]', { hasNotText: /^0 ms/ }).waitFor();
    expect(await placeOf(page)).to.be.below(length);
    await page.getByRole('combobox', { name: 'Speed' }).selectOption('100');
    await page.getByRole('button', { name: 'Play' }).waitFor();
    expect(await placeOf(page)).to.equal(length);
  });

  it('shows several processes on one axis of time, told apart', async () => {
    const page = await opened(await inspect(recorded('zombie.sleeper'), recorded('zombie.heir')));
    await page.getByText('2 processes').waitFor();
    await page.keyboard.press('2');
    await slider(page).fill('400');
    const tree = page.getByRole('tree', { name: 'Actors' });
    for (const process of ['sleeper', 'heir']) {
      const name = (actor: string) => new RegExp(`^${process}~\\w+:${actor}: `);
      await tree.getByRole('treeitem', { name: name('supervisor') }).waitFor();
      await tree.getByRole('treeitem', { name: name('consumer') }).waitFor();
    }
    // In a list of one kind each says whose it is.
    await page.getByRole('button', { name: 'leaseKeeper 2' }).click();
    const keepers = page.locator('[data-actor$="consumer/leaseKeeper"]');
    await keepers.filter({ hasText: 'sleeper~' }).waitFor();
    await keepers.filter({ hasText: 'heir~' }).waitFor();
    await page.locator('[data-timeline-now]', { hasText: /(sleeper|heir)~/ }).waitFor();
    expect(await unreadable(page)).to.deep.equal([]);
    await page.shot('merged');
  });

  it('keeps the moment in the address, and goes where a link or the way back leads', async () => {
    const url = await inspect(recorded('zombie.sleeper'));
    const page = await opened(url);
    await slider(page).fill('45');
    await eventually('the address says where', () => /[?&]at=45\b/.test(page.url()));
    await page.evaluate("location.hash = '#/actors?at=60'");
    await eventually('it is there', async () => expect(await placeOf(page)).to.equal(60));
    await page.goBack();
    await eventually('it is back', async () => expect(await placeOf(page)).to.equal(45));
    const other = await browser.open(`${url}#/sequence?at=70`);
    await other.locator('.arrow').first().waitFor();
    expect(await placeOf(other)).to.equal(70);
    expect(await why(other).count()).to.equal(0);
  });
});
