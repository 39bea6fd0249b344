import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type OpenPage, useBrowser } from '../support/browser.js';
import { useCli } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { hangingMs } from '../support/pace.js';
import { tasksDuring } from '../support/page-tasks.js';
import { useFolder } from '../support/recordings.js';

const recordings = new URL('../recordings/', import.meta.url);

describe("the inspector's page of a recording", () => {
  const browser = useBrowser();
  const cli = useCli();
  const folder = useFolder();

  async function inspect(file: string): Promise<string> {
    const inspector = cli.start(['inspect', file, '--json']);
    const line = await inspector.waitFor(({ type }) => type === 'Inspector', { name: 'it serves the page' });
    return String(line.url);
  }

  function recorded(name: string): string {
    return fileURLToPath(new URL(`${name}.jsonl`, recordings));
  }

  /** A recording whose consumer came into a state into which its machine would not bring it. */
  function mutant(): string {
    const text = readFileSync(recorded('plain-life'), 'utf8');
    const changed = text.replace('"state":"starting"', '"state":"running"');
    expect(changed).not.to.equal(text);
    writeFileSync(folder('changed.jsonl'), changed);
    return folder('changed.jsonl');
  }

  function timeline(page: OpenPage) {
    return page.getByRole('slider', { name: 'Line of the recording' });
  }

  /** How many lines have been gone through. */
  async function placeOf(page: OpenPage): Promise<number> {
    return Number(await timeline(page).inputValue());
  }

  async function at(page: OpenPage, place: number): Promise<void> {
    await eventually(`line ${place} is shown`, async () => {
      expect(await placeOf(page)).to.equal(place);
    });
  }

  it('opens at the divergence, which the timeline marks, and shows the actor as it stood there', async () => {
    const page = await browser.open(await inspect(mutant()));
    await page.getByRole('heading', { name: 'Recording', exact: true }).waitFor();
    await page.getByText('diverges', { exact: true }).waitFor();
    const found = page.locator('[data-divergence="consumer"]');
    await found.getByText('it came into another state').waitFor();
    await page.locator('[data-timeline-now]', { hasText: 'consumer: start' }).waitFor();
    const there = await placeOf(page);
    expect(there).to.be.greaterThan(0);

    await timeline(page).fill('0');
    await page.getByText('This is the beginning').waitFor();
    await page.getByRole('button', { name: 'consumer diverges at seq' }).click();
    await at(page, there);
    await found.getByRole('link', { name: 'Show the actor there' }).click();
    await page.locator('[data-state="running"][data-active="true"]').waitFor();
    await page.shot('inspect-divergence');
  });

  it('is scrubbed, stepped and played, by mouse and by keys, on every view', async () => {
    const page = await browser.open(await inspect(recorded('zombie.sleeper')));
    await page.getByText('agrees', { exact: true }).waitFor();
    const length = Number(await timeline(page).getAttribute('max'));
    await timeline(page).fill(String(length));
    await page.keyboard.press('2');
    await page.getByText('No actor lives').waitFor();
    await timeline(page).fill('40');
    await page.getByRole('treeitem', { name: 'consumer/leaseKeeper' }).waitFor();
    await page.getByRole('button', { name: 'One line back' }).click();
    await at(page, 39);
    await page.getByRole('heading', { name: 'Actors' }).click();
    await page.keyboard.press('ArrowRight');
    await at(page, 40);
    await page.keyboard.press('Shift+ArrowLeft');
    await at(page, 30);
    await page.keyboard.press('4');
    const arrows = page.locator('.arrow');
    await arrows.first().waitFor();
    await page.getByRole('button', { name: 'To the beginning' }).click();
    await page.getByText('Nobody has told anybody anything yet').waitFor();
    await page.getByRole('combobox', { name: 'Speed' }).selectOption('100');
    await page.getByRole('heading', { name: 'Sequence' }).click();
    await page.keyboard.press('Space');
    await page.getByRole('button', { name: 'Pause' }).waitFor();
    await arrows.first().waitFor();
    await at(page, length);
    await page.getByRole('button', { name: 'Play' }).waitFor();
  });

  it('is opened wherever its file is dropped', async () => {
    const page = await browser.open(`${await inspect(recorded('plain-life'))}#/topology`);
    await page.getByRole('heading', { name: 'Topology' }).waitFor();
    const text = JSON.stringify(readFileSync(recorded('hand-over.giver'), 'utf8'));
    const dataTransfer = await page.evaluateHandle(`(() => {
      const dropped = new DataTransfer();
      dropped.items.add(new File([${text}], 'dropped.jsonl'));
      return dropped;
    })()`);
    await page.dispatchEvent('main', 'drop', { dataTransfer });
    await page.getByRole('heading', { name: 'dropped.jsonl' }).waitFor();
    await page.getByText('agrees', { exact: true }).waitFor();
    expect(page.url()).to.include('#/recording');
  });

  describe('that somebody else has made', () => {
    const header = readFileSync(recorded('plain-life'), 'utf8').split('\n')[0] ?? '';

    async function atRecordings(): Promise<OpenPage> {
      const page = await browser.open(`${await inspect(recorded('plain-life'))}#/recording`);
      await page.getByText('agrees', { exact: true }).waitFor();
      return page;
    }

    async function choose(page: OpenPage, file: string): Promise<void> {
      await page.getByLabel('Recording', { exact: true }).setInputFiles(file);
    }

    async function opened(name: string, content: string | { readonly bytes: number }): Promise<OpenPage> {
      const file = folder(name);
      if (typeof content === 'string') writeFileSync(file, content);
      else {
        writeFileSync(file, `${header}\n`);
        truncateSync(file, content.bytes);
      }
      const page = await atRecordings();
      await choose(page, file);
      return page;
    }

    /** How much of the page's work is done in one go: without being cut into slices nearly all, however fast or busy the machine is. */
    function largestPart(tasks: readonly number[]): number {
      return Math.max(...tasks) / tasks.reduce((sum, task) => sum + task, 0);
    }

    const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
    const spawn = (seq: number, context = '{}') =>
      `{"kind":"spawn","seq":${seq},"at":1,"actor":"consumer/${seq % 100}","machine":"intake","state":"on","context":${context}}`;

    it('and that is larger than can be shown is refused before it is read, and the page goes on', async () => {
      const page = await opened('large.jsonl', { bytes: 200 * 1024 * 1024 });
      const alert = page.getByRole('alert');
      await alert
        .getByText('large.jsonl cannot be shown: expected a recording of at most 128 MB, got: 200 MB')
        .waitFor();
      await page.keyboard.press('2');
      await page.getByRole('heading', { name: 'Actors' }).waitFor();
    });

    it('and that is nested deeper than anything recorded is refused', async () => {
      const page = await opened('deep.jsonl', [header, spawn(1, nested(20_000))].join('\n'));
      await page.getByRole('alert').getByText('expected line 2 to be nested at most 64 deep').waitFor();
    });

    it('and that has too many lines, or very many, does not stop the page: it answers all the while', async () => {
      writeFileSync(folder('long.jsonl'), `${header}\n${`{"kind":"lost","seq":1}\n`.repeat(500_001)}`);
      const lines = Array.from({ length: 40_000 }, (_, index) => spawn(index + 1));
      writeFileSync(folder('fewer.jsonl'), [header, ...lines].join('\n'));
      const page = await atRecordings();
      const refusing = await tasksDuring(page, async () => {
        await choose(page, folder('long.jsonl'));
        await page.getByRole('alert').getByText('at most 500000 lines').waitFor({ timeout: hangingMs() });
      });
      expect(largestPart(refusing)).to.be.below(1 / 3);
      const showing = await tasksDuring(page, async () => {
        await choose(page, folder('fewer.jsonl'));
        await page.getByRole('heading', { name: 'fewer.jsonl' }).waitFor({ timeout: hangingMs() });
      });
      expect(largestPart(showing)).to.be.below(1 / 3);
    });
  });

  it('has none of the controls of what is live', async () => {
    const page = await browser.open(await inspect(recorded('plain-life')));
    await page.getByText('agrees', { exact: true }).waitFor();
    for (const [view, heading] of [
      ['overview', 'plain-life.jsonl'],
      ['actors', 'Actors'],
      ['topology', 'Topology'],
      ['sequence', 'Sequence'],
      ['recording', 'Recording'],
      ['dead-letters', undefined],
    ] as const) {
      await page.getByRole('navigation', { name: 'Views' }).locator(`a[href^="#/${view}"]`).click();
      if (heading === undefined) await page.getByText('A recording holds no dead letters').waitFor();
      else await page.getByRole('heading', { name: heading, exact: true }).first().waitFor();
      const acting = /^(Pause|Resume|Redrive|Delete|Start recording|Stop|Look again)/;
      expect(await page.getByRole('button', { name: acting }).count(), view).to.equal(0);
      // Which stream a sequence is of may be chosen of a recording as well.
      const choices = view === 'sequence' ? 1 : 0;
      expect(await page.getByRole('main').getByRole('combobox').count(), view).to.equal(choices);
      expect(await page.getByText('Live', { exact: true }).count(), view).to.equal(0);
    }
  });

  it('is at the same line, and the same step of the same actor, after a reload', async () => {
    const url = await inspect(recorded('zombie.sleeper'));
    const page = await browser.open(url);
    await page.getByText('agrees', { exact: true }).waitFor();
    await timeline(page).fill('45');
    await page.keyboard.press('2');
    await page.getByRole('treeitem', { name: 'consumer/ownership/' }).first().click();
    const heading = page.getByRole('heading', { level: 1 });
    const actor = (await heading.textContent()) ?? '';
    expect(actor).to.include('consumer/ownership/');
    await eventually('the address says where', () => /[?&]at=45\b/.test(page.url()));
    await page.locator('[data-step]', { hasText: 'acquired' }).first().click();
    const asOf = page.getByText('as of');
    await asOf.waitFor();
    await page.reload();
    await at(page, 45);
    expect(await heading.textContent()).to.equal(actor);
    await asOf.waitFor();
    await page.locator('[data-state="acquired"][data-active="true"]').waitFor();
    await page.getByRole('button', { name: 'Back to now' }).click();
    await asOf.waitFor({ state: 'hidden' });

    await page.getByRole('button', { name: 'Close', exact: true }).click();
    await page.getByText('No recording is open').waitFor();
    expect(page.url()).not.to.include('at=');
  });
});
