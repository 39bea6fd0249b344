/** Events that are tried in the page of a recording: what they would lead to, and why not. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { hashOf } from '../../src/inspector/page/model/route.js';
import type { Line } from '../../src/replay/format.js';
import { type OpenPage, useBrowser } from '../support/browser.js';
import { useCli } from '../support/cli.js';
import { accessibilityTree, unheard, unreadable } from '../support/page-audit.js';

const file = fileURLToPath(new URL('../recordings/zombie.sleeper.jsonl', import.meta.url));
const [, ...lines] = readFileSync(file, 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Line);

/** How many lines lead to an ownership being in a state, and which one that is. */
function placeOf(state: string): { readonly actor: string; readonly at: string } {
  const place = lines.findIndex(
    (line) => line.kind === 'event' && line.machine === 'ownership' && line.state === state,
  );
  return { actor: (lines[place] as { actor: string }).actor, at: String(place + 1) };
}

describe("the inspector's page, asked what another event would lead to", () => {
  const browser = useBrowser();
  const cli = useCli();

  async function at(state: string, width = 1280): Promise<OpenPage> {
    const inspector = cli.start(['inspect', file, '--json']);
    const { url } = await inspector.waitFor(({ type }) => type === 'Inspector', {
      name: 'it serves the page',
    });
    const { actor, at: place } = placeOf(state);
    const hash = hashOf({ view: 'actor', actor, params: { at: place } });
    const page = await browser.open(`${String(url)}${hash}`, { viewport: { width, height: 900 } });
    await page.locator(`[data-state="${state}"][data-active="true"]`).waitFor();
    return page;
  }

  const panel = (page: OpenPage) => page.getByRole('region', { name: 'What if another event came here?' });
  const result = (page: OpenPage, event: string) =>
    page.getByRole('region', { name: `What ${event} would lead to` });
  const json = (page: OpenPage) => page.getByLabel('The event, as JSON');
  const tryIt = (page: OpenPage) => page.getByRole('button', { name: 'Try it' }).click();

  it('shows the state after, what is asked for in order, and what changes in the context', async () => {
    const page = await at('extending');
    await panel(page).getByRole('button', { name: 'lost', exact: true }).click();
    expect(JSON.parse(await json(page).inputValue())).to.deep.include({ type: 'lost' });
    await panel(page)
      .getByText(/^As it came/)
      .waitFor();
    await json(page).fill('{"type": "lost", "reason": "entryGone"}');
    await tryIt(page);
    await page.locator('[data-state="lost"][data-active="true"]').waitFor();
    const found = result(page, 'lost');
    await found.getByText('disown').waitFor();
    await found.getByText('reason: null → "entryGone"').waitFor();
    await found.getByText('extending: taken, it has no guard, → lost').waitFor();
    await panel(page).getByText('It has ended in lost').waitFor();
    expect(await unreadable(page)).to.deep.equal([]);
    expect(unheard(await accessibilityTree(page))).to.deep.equal([]);
    await page.shot('trial');
    await page.getByRole('button', { name: 'Back to what was' }).click();
    await page.locator('[data-state="extending"][data-active="true"]').waitFor();
    await page.getByRole('button', { name: 'Take it back' }).click();
    await found.waitFor({ state: 'detached' });
  });

  it('goes on from there, and says which guard decided', async () => {
    const page = await at('extending');
    const choose = (name: RegExp) => panel(page).getByRole('button', { name }).click();
    await choose(/^done.requested/);
    await tryIt(page);
    await page.locator('[data-state="acking"][data-active="true"]').waitFor();
    await choose(/^ack.refused/);
    await json(page).fill('{"type": "ack.refused", "wasUncertain": true}');
    await json(page).press('Control+Enter');
    await page.locator('[data-state="uncertain"][data-active="true"]').waitFor();
    const found = result(page, 'ack.refused');
    await found.getByText('acking: wasUncertain holds, → uncertain').waitFor();
    await found.getByText('acking: no guard was not asked: one before it was taken').waitFor();
  });

  it('says why an event is not taken, and what it lacks', async () => {
    const page = await at('extending');
    await panel(page).getByText('events that other states take').click();
    await panel(page).getByRole('button', { name: 'verified', exact: true }).click();
    await tryIt(page);
    await result(page, 'verified')
      .getByText('ownership takes verified in acquiring, not in extending')
      .waitFor();
    await panel(page).getByRole('button', { name: 'lost', exact: true }).click();
    await json(page).fill('{"type": "losst"}');
    await tryIt(page);
    await result(page, 'losst').getByText('did you mean lost?').waitFor();
    await json(page).fill('{"type": "lost"');
    await tryIt(page);
    await panel(page).getByRole('alert').getByText('JSON').waitFor();
    await json(page).fill('{"type": "lost"}');
    await tryIt(page);
    await result(page, 'lost').getByText('does not have: reason').waitFor();
  });
});
