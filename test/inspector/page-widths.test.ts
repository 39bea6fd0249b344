/** Every view at three widths, light and dark: nothing reaches beyond the window, everything can be hit by a finger. Pictures of all of them are kept. */
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { hashOf } from '../../src/inspector/page/model/route.js';
import { type OpenPage, useBrowser } from '../support/browser.js';
import { useCli } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { useInspectors } from '../support/inspector.js';
import { crowded, unreadable } from '../support/page-audit.js';
import { useRedis } from '../support/redis.js';
import { streamNames, useFleet } from '../support/runtimes.js';

/** A large window, half of one, and a telephone. */
const WIDTHS = [1440, 900, 390] as const;
const SCHEMES = ['light', 'dark'] as const;

type View = readonly [name: string, hash: string, ready: (page: OpenPage) => Promise<unknown>];

const recorded = (name: string) => fileURLToPath(new URL(`../recordings/${name}.jsonl`, import.meta.url));
const actor = (path: string, params = {}) => hashOf({ view: 'actor', actor: path, params });
const heading = (name: string) => (page: OpenPage) =>
  page.getByRole('heading', { name, exact: true }).first().waitFor();

describe("the inspector's page, on windows of every width", () => {
  const browser = useBrowser();
  const suite = useRedis();
  const fleet = useFleet(suite);
  const inspectors = useInspectors();
  const cli = useCli();

  /** Something on every view: two consumers, streams, a failure, dead letters. */
  async function eventful() {
    const other = await fleet().start({ consumerId: 'orders-consumer-7d9f8b6c4-x2x9z' });
    await other.pause();
    const runtime = await fleet().start({ consumerId: 'orders-consumer-7d9f8b6c4-k8v4q' });
    const inspector = await inspectors.open({ actions: true });
    inspector.attach(runtime);
    await fleet().announce(streamNames(30, 'a-tenant-with-a-rather-long-name'));
    const owned = await eventually('some are owned', () => runtime.snapshot().streams[0] ?? false);
    const letter = JSON.stringify({ DataStreamName: 'poison', Info: { region: 'eu', n: 1 } });
    for (const payload of [letter, '{broken']) {
      const fields = ['lbs-input', payload, '_retry_count', '4', '_dlq_reason', 'max_retries_exceeded'];
      await suite.redis().xadd(fleet().names.dlq, '*', ...fields);
    }
    await suite.redis().client('KILL', 'TYPE', 'PUBSUB');
    await eventually('a failure is known', () => runtime.snapshot().failures.length > 0);
    return { url: inspector.url, owned: owned.id };
  }

  function liveViews(owned: string): readonly View[] {
    const first = (selector: string) => (page: OpenPage) => page.locator(selector).first().waitFor();
    return [
      [
        'overview',
        '#/overview',
        async (page) => {
          await page.getByText('2 dead letters of the service').waitFor();
          await eventually('its charts are drawn', async () => (await page.locator('.u-over').count()) === 6);
        },
      ],
      ['actors', '#/actors', (page) => page.getByRole('treeitem').first().waitFor()],
      ['actor', actor('consumer/reconciler'), first('.step-row')],
      ['stream', actor(`consumer/ownership/${owned}`), first('.step-row')],
      ['topology', '#/topology', heading('Topology')],
      ['sequence', '#/sequence', first('.arrow')],
      ['recording', '#/recording', heading('Recording')],
      ['dead-letters', '#/dead-letters', first('[data-letter]')],
      [
        'fleet',
        '#/fleet?stream=a-tenant-with-a-rather-long-name-1',
        async (page) => {
          await page.getByText('It is owned.').waitFor();
          await page.getByRole('button', { name: /^Streams of .*k8v4q/ }).click();
          await page.locator('[data-stream]').first().waitFor();
        },
      ],
    ];
  }

  const recordedViews: readonly View[] = [
    ['recorded-overview', '#/overview?at=330', heading('zombie.sleeper.jsonl')],
    ['recorded-actors', '#/actors?at=330', (page) => page.getByRole('treeitem').first().waitFor()],
    ['recorded-sequence', '#/sequence?at=330', (page) => page.locator('.arrow').first().waitFor()],
    [
      'recorded-actor',
      actor('consumer/leaseKeeper', { at: '330' }),
      (page) => page.getByRole('region', { name: 'What if another event came here?' }).waitFor(),
    ],
  ];

  async function look(page: OpenPage, url: string, views: readonly View[], shape: string): Promise<void> {
    const isTouched = (page.viewportSize()?.width ?? 0) < 500;
    const faults: Record<string, readonly string[]> = {};
    for (const [name, hash, ready] of views) {
      await page.goto(url + hash);
      await ready(page);
      await page.shot(`${name}-${shape}`);
      const small = isTouched ? await crowded(page) : [];
      const found = [...(await unreadable(page)), ...small];
      if (found.length > 0) faults[name] = found;
    }
    expect(faults, shape).to.deep.equal({});
  }

  for (const width of WIDTHS) {
    it(`shows every view of a runtime and of a recording: ${width} pixels`, async () => {
      const { url, owned } = await eventful();
      const inspector = cli.start(['inspect', recorded('zombie.sleeper'), '--json']);
      const line = await inspector.waitFor(({ type }) => type === 'Inspector', {
        name: 'it serves the page',
      });
      for (const colorScheme of SCHEMES) {
        const options = { colorScheme, viewport: { width, height: 844 }, hasTouch: width < 500 };
        const shape = `${width}-${colorScheme}`;
        await look(await browser.open(url, options), url, liveViews(owned), shape);
        await look(await browser.open(String(line.url), options), String(line.url), recordedViews, shape);
      }
    });
  }
});
