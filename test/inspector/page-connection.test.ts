import { expect } from 'chai';
import { PROTOCOL_VERSION } from '../../src/inspector/protocol.js';
import type { InspectOptions } from '../../src/runtime/inspect-options.js';
import { type OpenPage, useBrowser } from '../support/browser.js';
import { eventually } from '../support/eventually.js';
import { useInspectors } from '../support/inspector.js';
import { useRedis } from '../support/redis.js';
import { useFleet } from '../support/runtimes.js';

const TOKEN = 'a-token-that-is-long-enough';
const OTHER_TOKEN = 'another-token-that-is-long';
const MOST_VIEWERS = 16;

describe("the inspector's page and its connection", () => {
  const browser = useBrowser();
  const suite = useRedis();
  const fleet = useFleet(suite);
  const inspectors = useInspectors();

  async function watched(inspect: InspectOptions = {}) {
    const runtime = await fleet().start();
    const inspector = await inspectors.open(inspect);
    inspector.attach(runtime);
    return { runtime, inspector };
  }

  function live(page: OpenPage) {
    return page.getByRole('status').getByText('Live', { exact: true });
  }

  /** What browsers write on their console when a server is gone or refuses. */
  function forgive(page: OpenPage): void {
    const others = page.complaints.filter(
      (complaint) => !/ERR_(CONNECTION|INCOMPLETE|EMPTY)|status of (401|503)/.test(complaint),
    );
    expect(others).to.deep.equal([]);
    page.complaints.length = 0;
  }

  it('says in words that the token is missing, or is another one', async () => {
    const { inspector } = await watched({ token: TOKEN });
    for (const address of [inspector.url, `${inspector.url}?token=${OTHER_TOKEN}`]) {
      const page = await browser.open(address);
      await page.getByRole('heading', { name: 'The inspector refuses this page' }).waitFor();
      await page.getByText('expected the token: open the page once with ?token=…').waitFor();
      expect(await page.content()).not.to.include(OTHER_TOKEN);
      forgive(page);
    }
  });

  it('takes the token out of the address bar, and needs it only once', async () => {
    const { inspector } = await watched({ token: TOKEN });
    const page = await browser.open(`${inspector.url}?token=${TOKEN}#/topology`);
    await page.getByRole('heading', { name: 'Topology' }).waitFor();
    await live(page).waitFor();
    expect(page.url()).to.equal(`${inspector.url}#/topology`);
    await page.reload();
    await page.getByRole('region', { name: 'Masters' }).waitFor();
    const other = await page.context().newPage();
    await other.goto(inspector.url);
    await other.getByRole('heading', { name: fleet().service }).waitFor();
  });

  it('says why it is refused when the inspector comes back with another token, and keeps what it showed', async () => {
    const { inspector, runtime } = await watched({ token: TOKEN });
    const port = Number(new URL(inspector.url).port);
    const page = await browser.open(`${inspector.url}?token=${TOKEN}`);
    await live(page).waitFor();
    await inspector.close();
    await page.getByText('Disconnected since').waitFor();
    const stricter = await inspectors.open({ port, token: OTHER_TOKEN });
    stricter.attach(runtime);
    const banner = page.locator('[data-banner]');
    await banner.getByText('The inspector refuses this page: expected the token').waitFor();
    expect(await banner.getAttribute('aria-live')).to.equal('assertive');
    await page.getByRole('heading', { name: fleet().service }).waitFor();

    await page.goto(`${inspector.url}?token=${OTHER_TOKEN}`);
    await live(page).waitFor();
    expect(await banner.textContent()).to.equal('');
    forgive(page);
  });

  it('says that too many look already, and comes in when one has gone', async () => {
    const { inspector } = await watched();
    const views = await Promise.all(Array.from({ length: MOST_VIEWERS }, () => inspectors.view(inspector)));
    const page = await browser.open(inspector.url);
    await page.getByText(`refuses this page: expected at most ${MOST_VIEWERS} viewers`).waitFor();
    views[0]?.close();
    await live(page).waitFor();
    forgive(page);
  });

  it('says that it was dropped, connects again by itself, and is up to date', async () => {
    const limits = { maxWaiting: 8 * 1024 * 1024, maxStallMs: 60_000 };
    const { runtime, log } = await fleet().listening();
    const inspector = await inspectors.open({}, { viewerLimits: limits });
    inspector.attach(runtime);
    const page = await browser.open(`${inspector.url}#/actors`);
    await live(page).waitFor();
    // Whatever is sent to it is too much from here on, as for a page that reads nothing.
    limits.maxWaiting = 0;
    await page.getByText('Disconnected since').waitFor();
    limits.maxWaiting = 8 * 1024 * 1024;
    await fleet().announce(['tenant-1']);
    await log.count('StreamAdded', 1);

    await page.getByText('did not read fast enough and was dropped').waitFor();
    await page.getByText('It is up to date again').waitFor();
    await live(page).waitFor();
    await page.getByRole('treeitem', { name: 'tenant-1' }).waitFor();
    forgive(page);
  });

  it('does not guess at what a server of another version says', async () => {
    const { inspector } = await watched();
    const page = await browser.open(inspector.url);
    await live(page).waitFor();
    const hello = { kind: 'hello', protocol: PROTOCOL_VERSION + 1, runtimes: [{ id: 'from-the-future' }] };
    await page.route('**/api/live', (route) =>
      route.fulfill({ contentType: 'text/event-stream', body: `data: ${JSON.stringify(hello)}\n\n` }),
    );
    let asked = 0;
    page.on('request', (request) => {
      if (request.url().endsWith('/api/live')) asked += 1;
    });
    await page.reload();
    const words = `This page speaks version ${PROTOCOL_VERSION} and the inspector version ${PROTOCOL_VERSION + 1}`;
    await page.getByText(words).waitFor();
    await page.getByText('Not connected').waitFor();
    await page.getByRole('status').getByText('Another version').waitFor();
    expect(await page.content()).not.to.include('from-the-future');
    expect(asked).to.equal(1);

    await page.unroute('**/api/live');
    await page.reload();
    await live(page).waitFor();
  });

  it('keeps the views of a server that is gone, and says since when', async () => {
    const { inspector } = await watched();
    const page = await browser.open(`${inspector.url}#/actors`);
    await page.getByRole('treeitem', { name: 'leaseKeeper' }).waitFor();
    await inspector.close();
    await page.getByText(/Disconnected since \d\d:\d\d:\d\d: what you see is how it stood then/).waitFor();
    await page.getByRole('treeitem', { name: 'leaseKeeper' }).waitFor();
    for (const [key, name] of [
      ['1', fleet().service],
      ['3', 'Topology'],
      ['4', 'Sequence'],
      ['5', 'Recording'],
    ] as const) {
      await page.keyboard.press(key);
      await page.getByRole('heading', { name, exact: true }).waitFor();
      await page.getByText('Disconnected since').waitFor();
    }
    await page.keyboard.press('6');
    await page.getByRole('alert').getByText('the inspector does not answer').waitFor();
    await eventually('it has tried again', () => page.complaints.length > 1);
    forgive(page);
  });
});
