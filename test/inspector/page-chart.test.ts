/** Statecharts in a real browser: zoomed and moved in every way, and taken along as files that stand alone. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { hashOf } from '../../src/inspector/page/model/route.js';
import { type OpenPage, useBrowser } from '../support/browser.js';
import { useCli } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { accessibilityTree, unheard, unreadable } from '../support/page-audit.js';

const file = fileURLToPath(new URL('../recordings/zombie.sleeper.jsonl', import.meta.url));

describe("the inspector's statecharts", () => {
  const browser = useBrowser();
  const cli = useCli();

  async function opened(actor: string, width: number, options = {}): Promise<OpenPage> {
    const inspector = cli.start(['inspect', file, '--json']);
    const { url } = await inspector.waitFor(({ type }) => type === 'Inspector', {
      name: 'it serves the page',
    });
    const hash = hashOf({ view: 'actor', actor, params: { at: '45' } });
    const page = await browser.open(`${String(url)}${hash}`, {
      viewport: { width, height: 900 },
      ...options,
    });
    await page.locator('.statechart').waitFor();
    return page;
  }

  const chart = (page: OpenPage) => page.locator('.statechart');
  const frame = (page: OpenPage) => page.getByRole('group', { name: 'Drawing of' });
  const button = (page: OpenPage, name: string) => page.getByRole('button', { name, exact: true });
  const widthOf = async (page: OpenPage) => (await chart(page).boundingBox())?.width ?? 0;
  const scrolled = (page: OpenPage) =>
    page.evaluate<number>('document.querySelector(".chart-scroll").scrollLeft');

  async function becomes(name: string, page: OpenPage, check: (width: number) => boolean): Promise<void> {
    await eventually(name, async () => check(await widthOf(page)));
  }

  it('are zoomed by buttons and keys, fitted, and shown in their own size', async () => {
    const page = await opened('consumer/reconciler', 1100);
    const natural = await page.evaluate<number>(
      'document.querySelector(".statechart").viewBox.baseVal.width',
    );
    await button(page, '1:1').click();
    await becomes('it has its own size', page, (width) => Math.abs(width - natural) < 1);
    await button(page, 'Larger').click();
    await becomes('it is larger', page, (width) => Math.abs(width - natural * 1.25) < 1);
    await button(page, '125 % ✕').waitFor();
    await frame(page).focus();
    await page.keyboard.press('-');
    await becomes('it is smaller', page, (width) => Math.abs(width - natural) < 1);
    await page.keyboard.press('0');
    const room = (await frame(page).boundingBox())?.width ?? 0;
    await becomes('all of it is in sight', page, (width) => width <= room);
    await button(page, '1:1').click();
    await frame(page).focus();
    const before = await scrolled(page);
    const place = await page.getByRole('slider').inputValue();
    for (let press = 0; press < 4; press += 1) await page.keyboard.press('ArrowRight');
    if (natural > room) await eventually('it is moved', async () => (await scrolled(page)) > before);
    // The keys are for the drawing then, and not for the recording.
    expect(await page.getByRole('slider').inputValue()).to.equal(place);
    expect(await unreadable(page)).to.deep.equal([]);
    expect(unheard(await accessibilityTree(page))).to.deep.equal([]);
  });

  it('are zoomed by the wheel around the pointer, and moved by dragging', async () => {
    const page = await opened('consumer/reconciler', 1100);
    await button(page, '1:1').click();
    const box = await frame(page).boundingBox();
    const [x, y] = [(box?.x ?? 0) + 300, (box?.y ?? 0) + 100];
    await page.mouse.move(x, y);
    const before = await widthOf(page);
    await page.keyboard.down('Control');
    await page.mouse.wheel(0, -100);
    await page.keyboard.up('Control');
    await becomes('it is twice as large', page, (width) => Math.abs(width - before * 2) < 2);
    const at = await scrolled(page);
    expect(at).to.be.greaterThan(200);
    await page.mouse.down();
    await page.mouse.move(x - 80, y - 20, { steps: 4 });
    await page.mouse.up();
    await eventually('it is moved', async () => Math.abs((await scrolled(page)) - at - 80) < 3);
  });

  it('are zoomed by two fingers', async () => {
    const page = await opened('consumer/reconciler', 390, { hasTouch: true, isMobile: true });
    await frame(page).scrollIntoViewIfNeeded();
    const before = await widthOf(page);
    const session = await page.context().newCDPSession(page);
    const box = await frame(page).boundingBox();
    const [x, y] = [(box?.x ?? 0) + 120, (box?.y ?? 0) + 120];
    const touch = (type: string, apart: number | null) =>
      session.send('Input.dispatchTouchEvent', {
        type: type as 'touchStart',
        touchPoints:
          apart === null
            ? []
            : [
                { x: x - apart, y, id: 0 },
                { x: x + apart, y, id: 1 },
              ],
      });
    await touch('touchStart', 30);
    await touch('touchMove', 45);
    await touch('touchMove', 60);
    await touch('touchEnd', null);
    await session.detach();
    await becomes('it is larger', page, (width) => width > before * 1.5);
  });

  it('are saved as an SVG that stands alone, and is read on light and on dark', async () => {
    const page = await opened('consumer/leaseKeeper', 1280);
    const download = page.waitForEvent('download');
    await button(page, 'Save SVG').click();
    const svg = await readFile(await (await download).path(), 'utf8');
    expect((await download).suggestedFilename()).to.equal('leaseKeeper.svg');
    expect(svg).to.match(/^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    expect(svg).not.to.match(/href=|url\(|@import/);
    const grounds = [];
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.goto(`data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`);
      const [ground, ink, lit] = await page.evaluate<string[]>(`(() => {
        const style = (one) => getComputedStyle(document.querySelector(one));
        return [style('svg').backgroundColor, style('.name').fill, style('.is-active:not(.is-compound) > rect').stroke];
      })()`);
      const light = (colour: string | undefined) => Number(/\d+/.exec(colour ?? '')?.[0]);
      expect(Math.abs(light(ground) - light(ink)), colorScheme).to.be.greaterThan(150);
      expect(lit).to.match(/^rgb/).and.not.equal(ink);
      grounds.push(light(ground));
      await page.shot(`chart-svg-${colorScheme}`);
    }
    expect(grounds[0]).to.be.greaterThan(grounds[1] ?? 0);
  });

  it('are copied as Mermaid', async () => {
    const page = await opened('consumer/leaseKeeper', 1280, {
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    await button(page, 'Copy Mermaid').click();
    await button(page, 'Copied').waitFor();
    const text = await page.evaluate<string>('navigator.clipboard.readText()');
    expect(text)
      .to.match(/^stateDiagram-v2\n/)
      .and.include('lease_raising_asking')
      .and.match(/ class .* active\n$/);
  });
});
