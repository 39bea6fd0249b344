import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { hashOf } from '../../src/inspector/page/model/route.js';
import { type OpenPage, useBrowser } from '../support/browser.js';
import { eventually } from '../support/eventually.js';
import { useInspectors } from '../support/inspector.js';
import { accessibilityTree, all, unheard, unreadable } from '../support/page-audit.js';
import { useRedis } from '../support/redis.js';
import { streamNames, useFleet } from '../support/runtimes.js';

const SMALLEST = { width: 1024, height: 768 };
const recording = new URL('../recordings/partial-keyspace.jsonl', import.meta.url);

describe("the inspector's page, for everybody", () => {
  const browser = useBrowser();
  const suite = useRedis();
  const fleet = useFleet(suite);
  const inspectors = useInspectors();

  /** A runtime with something to show on every view: two consumers, a failure, dead letters. */
  async function eventful() {
    const other = await fleet().start({ consumerId: 'orders-consumer-7d9f8b6c4-x2x9z' });
    await other.pause();
    const runtime = await fleet().start({ consumerId: 'orders-consumer-7d9f8b6c4-k8v4q' });
    const inspector = await inspectors.open({ actions: true });
    // Before anything is owned: an ownership makes its steps when it begins, and none for as long as all goes well.
    inspector.attach(runtime);
    await fleet().announce(streamNames(30, 'a-tenant-with-a-rather-long-name'));
    const [owned] = await eventually('some are owned', () => {
      const { streams } = runtime.snapshot();
      return streams.length > 0 && streams;
    });
    const letter = JSON.stringify({ DataStreamName: 'poison', Info: { region: 'eu', n: 1 } });
    for (const payload of [letter, '{broken']) {
      const fields = ['lbs-input', payload, '_retry_count', '4', '_dlq_reason', 'max_retries_exceeded'];
      await suite.redis().xadd(fleet().names.dlq, '*', ...fields);
    }
    await suite.redis().client('KILL', 'TYPE', 'PUBSUB');
    await eventually('a failure is known', () => runtime.snapshot().failures.length > 0);
    return { inspector, owned: owned?.id ?? '' };
  }

  /** Every view, opened, and what to wait for until it is there. */
  function views(
    owned: string,
  ): readonly (readonly [hash: string, ready: (page: OpenPage) => Promise<void>])[] {
    const actor = (path: string) => hashOf({ view: 'actor', actor: path, params: {} });
    const heading = (name: string) => (page: OpenPage) =>
      page.getByRole('heading', { name, exact: true }).waitFor();
    return [
      [
        '#/overview',
        async (page) => {
          await page.getByRole('region', { name: 'Consumers of the group' }).getByText('this one').waitFor();
          await page.getByText('2 dead letters of the service').waitFor();
        },
      ],
      ['#/actors', (page) => page.getByRole('treeitem').first().waitFor()],
      ['#/actors?machine=ownership', (page) => page.getByRole('treeitem').first().waitFor()],
      [actor('consumer/leaseKeeper'), (page) => page.locator('.step-row').first().waitFor()],
      [actor(`consumer/ownership/${owned}`), (page) => page.locator('.step-row').first().waitFor()],
      [actor('consumer/toucher'), (page) => page.getByText('This child is no machine').waitFor()],
      [actor('nobody'), (page) => page.getByText('No such actor').waitFor()],
      ['#/topology', heading('Topology')],
      ['#/sequence', (page) => page.locator('.arrow').first().waitFor()],
      ['#/recording', heading('Recording')],
      [
        '#/fleet?stream=a-tenant-with-a-rather-long-name-1',
        async (page) => {
          await page.getByText('It is owned.').waitFor();
          await page.getByRole('button', { name: /^Streams of .*k8v4q/ }).click();
          await page.locator('[data-stream]').first().waitFor();
        },
      ],
      ['#/dead-letters', (page) => page.locator('[data-letter]').first().waitFor()],
    ];
  }

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`can be read on a window 1024 pixels wide, on every view: ${colorScheme}`, async () => {
      const { inspector, owned } = await eventful();
      const page = await browser.open(inspector.url, { colorScheme, viewport: SMALLEST });
      for (const [hash, ready] of views(owned)) {
        await page.goto(inspector.url + hash);
        await ready(page);
        expect(await unreadable(page), hash).to.deep.equal([]);
      }
      await page.locator('[data-letter] [type="checkbox"]').first().check();
      await page.getByRole('button', { name: 'Payload' }).first().click();
      await page.getByRole('button', { name: 'Delete' }).click();
      await page.getByRole('dialog').waitFor();
      expect(await unreadable(page), 'a question').to.deep.equal([]);
    });

    it(`can be read with a recording open, on every view: ${colorScheme}`, async () => {
      const inspector = await inspectors.open();
      const page = await browser.open(`${inspector.url}#/recording`, { colorScheme, viewport: SMALLEST });
      const text = (await readFile(recording, 'utf8')).replace('"state":"starting"', '"state":"running"');
      const file = {
        name: 'a-recording-with-a-rather-long-name.jsonl',
        mimeType: 'application/x-ndjson',
        buffer: Buffer.from(text),
      };
      await page.getByLabel('Recording', { exact: true }).setInputFiles(file);
      await page.getByText('diverges', { exact: true }).waitFor();
      await page.getByRole('slider').fill('60');
      for (const [key, view] of ['overview', 'actors', 'topology', 'sequence', 'recording'].entries()) {
        await page.keyboard.press(String(key + 1));
        await eventually(`${view} is shown`, () => page.url().includes(`#/${view}`));
        expect(await unreadable(page), view).to.deep.equal([]);
        expect(unheard(await accessibilityTree(page)), view).to.deep.equal([]);
      }
    });
  }

  it('tells names and roles of everything that it shows, on every view', async () => {
    const { inspector, owned } = await eventful();
    const page = await browser.open(inspector.url);
    for (const [hash, ready] of views(owned)) {
      await page.goto(inspector.url + hash);
      await ready(page);
      const told = await accessibilityTree(page);
      expect(unheard(told), hash).to.deep.equal([]);
      expect(await unreadable(page), hash).to.deep.equal([]);
      expect(all(told).filter(({ role, name }) => role === 'navigation' && name === 'Views')).to.have.length(
        1,
      );
    }
  });

  it('says in words what charts and statecharts draw', async () => {
    const { inspector } = await eventful();
    const page = await browser.open(inspector.url);
    const owned = page.getByRole('region', { name: 'Streams', exact: true });
    await owned.getByText(/^In the last .*: owned: from \d+ to \d+; waiting: from \d+ to \d+\.$/).waitFor();
    await page.goto(inspector.url + hashOf({ view: 'actor', actor: 'consumer/reconciler', params: {} }));
    await page.getByRole('img', { name: /^Statechart of reconciler, in .*waiting/ }).waitFor();
    await page.goto(`${inspector.url}#/actors`);
    const tree = page.getByRole('tree', { name: 'Actors' });
    const consumer = tree.getByRole('treeitem', { name: /^consumer: running/, expanded: true, level: 2 });
    await consumer.waitFor();
    await tree
      .getByRole('treeitem', { name: /^a-tenant-with-a-rather-long-name-\d+, .*: extending/ })
      .first()
      .waitFor();
  });

  it('is gone through by keys alone, and shows where the focus is', async () => {
    const { inspector } = await eventful();
    const page = await browser.open(`${inspector.url}#/actors`);
    const tree = page.getByRole('tree', { name: 'Actors' });
    await tree.waitFor();
    const focused = async () => {
      const words = 'document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent';
      const ring = await page.evaluate<string>('getComputedStyle(document.activeElement).outlineStyle');
      expect(ring, await page.evaluate<string>(words)).to.equal('solid');
      return (await page.evaluate<string>(words)).trim();
    };
    const order: string[] = [];
    while (order.at(-1) !== 'Actors' && order.length < 40) {
      await page.keyboard.press('Tab');
      order.push(await focused());
    }
    // First what is looked at and where one can go, then what the view is set to, then what it shows.
    expect(order.slice(1, 7).map((words) => words.replace(/\s*\d+$/, ''))).to.deep.equal([
      'Overview',
      'Actors',
      'Topology',
      'Sequence',
      'Recording',
      'Dead letters',
    ]);
    expect(order.at(-1)).to.equal('Actors');
    expect(order).to.include('Search paths, streams, states, events');

    const isSelected = (name: RegExp) => tree.getByRole('treeitem', { name, selected: true }).waitFor();
    await page.keyboard.press('ArrowDown');
    await isSelected(/^supervisor:/);
    await page.keyboard.press('ArrowRight');
    await isSelected(/^consumer:/);
    await page.keyboard.press('ArrowLeft');
    await tree.getByRole('treeitem', { name: /^consumer:/, expanded: false }).waitFor();
    await page.keyboard.press('ArrowLeft');
    await isSelected(/^supervisor:/);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'consumer', exact: true }).waitFor();
    // What had the focus is gone: it is on the view now, and goes on from there.
    await eventually('the view has the focus', async () => {
      expect(await page.evaluate('document.activeElement.tagName')).to.equal('MAIN');
    });
    await page.keyboard.press('Tab');
    expect(await focused()).to.equal('Actors');
    await page.keyboard.press('Tab');
    expect(await focused()).to.equal('Its sequence');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'only consumer' }).waitFor();
  });

  it('moves nothing for those who asked for that', async () => {
    const { inspector } = await eventful();
    const keeper = inspector.url + hashOf({ view: 'actor', actor: 'consumer/leaseKeeper', params: {} });
    const animated = async (reducedMotion: 'reduce' | 'no-preference') => {
      const page = await browser.open(keeper, { reducedMotion });
      await page.locator('.is-flash').first().waitFor();
      return await page.evaluate<string>(
        "getComputedStyle(document.querySelector('.is-flash')).animationName",
      );
    };
    expect(await animated('no-preference')).to.equal('flash');
    expect(await animated('reduce')).to.equal('none');
  });
});
