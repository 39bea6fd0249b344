/**
 * An incident as it comes: a process stands still and loses its streams, a handler fails, a poison kills who begins with it, a process is killed and started
 * again under the open page. A person answers by clicks: which streams were lost, to whom, why did this handler fail, where is order-7 now?
 */
import { expect } from 'chai';
import { createAdmin } from '../../src/index.js';
import { type OpenPage, useBrowser } from '../support/browser.js';
import { eventually } from '../support/eventually.js';
import { type Incident, IncidentPlace } from '../support/incident-process.js';
import { hangingMs, keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { useFleet } from '../support/runtimes.js';

const FROZEN_MS = 4_500;
const OPENED_LATER_MS = 12_000;
const ORDERS = Array.from({ length: 14 }, (_, n) => `order-${n + 1}`);

describe('an incident, looked into afterwards by clicks', () => {
  const browser = useBrowser();
  const suite = useRedis();
  const fleet = useFleet(suite);
  const places: IncidentPlace[] = [];

  afterEach(async () => {
    await Promise.all(places.splice(0).map((place) => place.end()));
  });

  async function place(): Promise<IncidentPlace> {
    const { service } = fleet();
    const incident: Incident = {
      options: {
        redis: suite.server().url,
        service,
        consumerId: `shop-${places.length + 1}`,
        heartbeatMs: keepable(500),
        reconcileEveryMs: 60_000,
        maxRetries: 1,
        handlerBackoff: { initialMs: 60_000, maxMs: 60_000 },
        balance: 'off',
      },
      poison: 'poison',
      failing: 'bad-',
      killsAfterMs: 100,
    };
    const started = await IncidentPlace.start(incident);
    places.push(started);
    return started;
  }

  /** Who Redis says owns a stream. */
  async function ownerOf(name: string): Promise<string | null> {
    await using admin = createAdmin({ redis: suite.server().url, service: fleet().service });
    const ownership = await admin.owner(name);
    return ownership.state === 'owned' ? ownership.owner : null;
  }

  async function whoHas(page: OpenPage, name: string): Promise<string> {
    const found = page.getByRole('region', { name: 'Found stream' });
    await found.getByText(name, { exact: true }).waitFor();
    await found.getByText('Owner', { exact: true }).waitFor();
    return (await found.locator('dt:text-is("Owner") + dd').first().textContent()) ?? '';
  }

  it('says which streams were lost and to whom, why a handler failed, and where order-7 is now', async () => {
    const first = await place();
    await fleet().announce(ORDERS);
    const sleeper = first.process;
    await sleeper.awaitNews('StreamAdded', ORDERS.length);

    const frozenAt = Date.now();
    await sleeper.freeze();
    const second = await place();
    const heir = second.process;
    await heir.awaitNews('StreamAdded', ORDERS.length);
    await eventually('it has been frozen for long enough', () => Date.now() - frozenAt >= FROZEN_MS);
    sleeper.thaw();
    await sleeper.awaitNews('StreamDisowned', ORDERS.length);
    const lostAt = Date.now();

    // Meanwhile a handler fails, of the process that has nothing else to do.
    await fleet().announce(['bad-1', 'bad-2', 'bad-3', 'bad-4', 'bad-5', 'bad-6']);
    const [failed] = await sleeper.awaitNews('StreamFailed', 1);
    await eventually('nobody looks for a while', () => Date.now() - lostAt >= OPENED_LATER_MS);

    // Which streams were lost, and to whom?
    const page = await browser.open(`${sleeper.url}#/overview`, { viewport: { width: 1440, height: 900 } });
    const news = page.getByRole('region', { name: 'News' });
    await news.getByRole('button', { name: /^lost / }).click();
    await news.getByText(/^14 streams \(takenOver\): /).click();
    const lost = news.locator('.lost-streams tbody tr');
    expect(await lost.locator('td:nth-child(1)').allTextContents()).to.have.members(ORDERS);
    expect(new Set(await lost.locator('td:nth-child(2)').allTextContents())).to.deep.equal(
      new Set([heir.consumer]),
    );
    await page.shot('incident-lost');

    // What became of order-7 here?
    await lost.getByRole('link', { name: 'order-7', exact: true }).click();
    await page.getByRole('heading', { name: 'order-7' }).waitFor();
    await page.locator('[data-state="lost"][data-active="true"]').waitFor();
    await page.getByText('takenOver').first().waitFor();
    await page.goBack();

    // Where is it now?
    await news.getByText(/^14 streams \(takenOver\): /).click();
    await news.getByRole('link', { name: 'Who has order-7 now' }).click();
    expect(await whoHas(page, 'order-7')).to.include(`${heir.consumer} alive`);
    await page.shot('incident-now');

    // Why did this handler fail?
    await page.getByRole('link', { name: /^Overview/ }).click();
    const failures = page.getByRole('region', { name: 'Failures' });
    const row = failures.getByRole('row').filter({ hasText: failed?.stream ?? '' });
    await row.getByText('Stack').click();
    await row.getByText(/at priceOf /).waitFor();
    await row.getByRole('link', { name: failed?.stream ?? '' }).click();
    await page.getByText(/^threw; it backs off, and a retry is spent at /).waitFor();
    const thrown = await page.getByRole('region', { name: 'What its handler threw' }).textContent();
    expect(thrown).to.include(`TypeError: no price for ${failed?.stream}`).and.include('at priceOf');
    await page.shot('incident-why');

    // A poison; and the process is killed under the page, by that or by us, and started again.
    await fleet().announce(['poison']);
    await eventually(
      'the poison is dead-lettered',
      async () =>
        (await suite.redis().xrange(fleet().names.dlq, '-', '+')).some((letter) =>
          JSON.stringify(letter).includes('poison'),
        ),
      { timeoutMs: hangingMs(120_000), everyMs: 250 },
    );
    if (first.deaths === 0) await sleeper.kill();
    await eventually('it is started again', () => first.deaths > 0 && first.process !== sleeper);
    const banner = page.locator('[data-banner]');
    await banner.getByText(`with ${sleeper.consumer} is gone`).waitFor();
    // The old picture has it all still.
    expect(thrown).to.equal(await page.getByRole('region', { name: 'What its handler threw' }).textContent());
    await page.getByRole('link', { name: /^Overview/ }).click();
    await news.getByRole('button', { name: /^lost / }).click();
    await news.getByText(/^14 streams \(takenOver\): /).waitFor();
    await page
      .getByRole('region', { name: 'Consumer', exact: true })
      .getByText('ended', { exact: true })
      .waitFor();
    await page.shot('incident-old');

    // And the new process knows of the present.
    await banner.getByRole('link', { name: /^Show / }).click();
    expect(await banner.textContent()).to.equal('');
    await page.getByRole('link', { name: /^Dead letters/ }).click();
    await page.getByRole('row').filter({ hasText: 'poison' }).first().waitFor();
    await page.shot('incident-letters');
    await page.getByRole('link', { name: /^Fleet/ }).click();
    const search = page.getByLabel('Find a stream by its name');
    await eventually('somebody has order-7', async () => (await ownerOf('order-7')) !== null);
    await search.fill('order-7');
    await page.getByRole('button', { name: 'Find' }).click();
    expect(await whoHas(page, 'order-7')).to.include(String(await ownerOf('order-7')));
    // What browsers say when a server is gone.
    page.complaints.splice(0);
  });
});
