import { expect } from 'chai';
import { type OpenPage, useBrowser } from '../support/browser.js';
import { useCli } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { useInspectors } from '../support/inspector.js';
import { memberRecord } from '../support/member-record.js';
import { useRedis } from '../support/redis.js';
import { streamNames, useFleet } from '../support/runtimes.js';

const HOSTILE = '<img src=x onerror="document.title=1">\u202e&amp;';

describe('the page Fleet of the inspector', () => {
  const browser = useBrowser();
  const suite = useRedis();
  const fleet = useFleet(suite);
  const inspectors = useInspectors();
  const cli = useCli();
  const balance = { everyMs: 200, settleMs: 400 };

  /** Two processes, one of which has all streams. */
  async function watched(count: number) {
    const { runtime, log } = await fleet().listening({
      consumerId: 'first',
      balance,
      notificationBuffer: 1000,
    });
    await fleet().announce(streamNames(count, 'tenant'));
    await log.count('StreamAdded', count);
    runtime.process(
      ({ signal }) =>
        new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })),
    );
    const inspector = await inspectors.open();
    inspector.attach(runtime);
    return { runtime, inspector };
  }

  const processOf = (page: OpenPage, name: string) => page.locator(`[data-process="${name}"]`);

  it('shows every process, one that joins, and the streams that move to it [C-FLT-1, C-FLT-3, C-FLT-4]', async () => {
    const { runtime, inspector } = await watched(40);
    const page = await browser.open(`${inspector.url}#/fleet`);
    const first = processOf(page, runtime.consumer);
    await first.getByText('this one').waitFor();
    await first.getByText('alive').waitFor();
    await first.getByText('40 of 10,000').waitFor();
    await first.getByRole('link', { name: `Inspector of ${runtime.consumer}` }).waitFor();
    await page.getByText(': 1 process, 40 streams owned').waitFor();

    const second = await fleet().start({ consumerId: 'second', balance, weight: 3 });
    await processOf(page, second.consumer).getByText('running').waitFor();
    const moves = page.getByRole('region', { name: 'Moves' });
    await moves
      .getByRole('row', { name: second.consumer })
      .getByText(/^\+\d+/)
      .first()
      .waitFor();
    await moves
      .getByRole('row', { name: runtime.consumer })
      .getByText(/^-\d+ \(-\d+ ordered\)/)
      .first()
      .waitFor();
    await page.getByText(': 2 processes, 40 streams owned').waitFor();
    await processOf(page, second.consumer).getByText('share 30').waitFor();
    await page
      .locator('[data-balance]')
      .getByText(/from the fair share/)
      .waitFor();
    await page.shot('fleet');

    await page.getByRole('button', { name: `Streams of ${second.consumer}` }).click();
    const streams = page.getByRole('region', { name: `Streams of ${second.consumer}` });
    await streams.getByText('owned', { exact: true }).first().waitFor();
    await eventually('all that it has are there', async () => {
      await streams.getByRole('button', { name: 'Look again' }).click();
      return (await streams.locator('[data-stream]').count()) >= 25;
    });
    await second.stop();
    await processOf(page, second.consumer).waitFor({ state: 'detached' });
  });

  it('finds any stream of the fleet: its owner, its token, and who had it before [C-FLT-4]', async () => {
    const { inspector } = await watched(3);
    const other = await fleet().listening({ consumerId: 'other', balance: 'off' });
    const page = await browser.open(inspector.url);
    await page.getByText('Live', { exact: true }).waitFor();
    await page.keyboard.press('7');
    await page.getByRole('heading', { name: 'Fleet' }).waitFor();
    const owner = await suite.redis().hget(fleet().names.owners, 'tenant-2');
    await page.keyboard.press('/');
    await page.keyboard.type('tenant-2');
    await page.keyboard.press('Enter');
    const found = page.getByRole('region', { name: 'Found stream' });
    await found.getByText('It is owned.').waitFor();
    expect(await found.textContent())
      .to.include('first~')
      .and.to.include(owner);
    await found
      .getByRole('region', { name: 'Its life' })
      .getByText(/^Owned by first~/)
      .waitFor();
    expect(page.url()).to.include('stream=tenant-2');

    await page.getByRole('combobox', { name: 'Find a stream by its name' }).fill('nobody-has-it');
    await page.getByRole('button', { name: 'Find' }).click();
    await found.getByText('Nobody owns it, and nothing announces it.').waitFor();
    expect(other.runtime.state).to.equal('running');
  });

  it('shows as text whatever streams and processes are named, and leads only to pages of the web', async () => {
    const { runtime, inspector } = await watched(0);
    const { names } = fleet();
    await fleet().announce([HOSTILE]);
    const page = await browser.open(`${inspector.url}#/fleet?stream=${encodeURIComponent(HOSTILE)}`);
    const liar = `${HOSTILE}~00000001`;
    const record = memberRecord({ host: HOSTILE, version: HOSTILE, inspector: 'javascript:alert(1)' });
    await suite.redis().zadd(names.presences, Date.now() + 60_000, liar);
    await suite.redis().hset(names.members, liar, JSON.stringify(record));
    const row = page.locator('[data-process]', { hasText: 'onerror' });
    await row.getByText('javascript:alert(1)').waitFor();
    expect(await row.getByRole('link').count()).to.equal(0);
    await page.getByRole('region', { name: 'Found stream' }).getByText('It is owned.').waitFor();
    await page.getByRole('button', { name: `Streams of ${runtime.consumer}` }).click();
    await page.locator('[data-stream]', { hasText: 'onerror' }).waitFor();
    expect(await page.locator('main img').count()).to.equal(0);
    expect(await page.title()).to.include('Fleet');
  });

  it('shows a hundred processes of a large fleet, and more when asked to', async () => {
    const { runtime, inspector } = await watched(0);
    const { presences, members } = fleet().names;
    const record = JSON.stringify(memberRecord());
    for (let n = 100; n < 250; n += 1) {
      await suite.redis().zadd(presences, Date.now() + 600_000, `many-${n}~00000${n}`);
      await suite.redis().hset(members, `many-${n}~00000${n}`, record);
    }
    const page = await browser.open(`${inspector.url}#/fleet`);
    await page.getByText('100 of 151 are shown').waitFor();
    await processOf(page, runtime.consumer).waitFor();
    expect(await page.locator('[data-process]').count()).to.equal(100);
    await page.getByRole('button', { name: 'Show more' }).click();
    await processOf(page, 'many-249~00000249').waitFor();
    expect(await page.locator('[data-process]').count()).to.equal(151);
  });

  it('is all there is to see where no runtime is in the process [C-FLT-4]', async () => {
    const { runtime } = await watched(2);
    const redis = suite.server().url;
    const inspect = cli.start(['inspect', '--redis', redis, '--service', fleet().service, '--json']);
    const { url } = await inspect.waitFor(({ type }) => type === 'Inspector', { name: 'it serves a page' });
    const page = await browser.open(String(url));
    await page.getByRole('heading', { name: 'Fleet' }).waitFor();
    await processOf(page, runtime.consumer).getByText('2 of 10,000').waitFor();
    const link = processOf(page, runtime.consumer).getByRole('link', { name: /^Inspector of/ });
    await link.waitFor();
    const nav = page.getByRole('navigation', { name: 'Views' });
    expect(await nav.getByRole('link').allInnerTexts()).to.have.length(1);
    await page.getByText('Live', { exact: true }).waitFor();
    // An address of another view leads here as well.
    await page.goto(`${String(url)}#/actors`);
    await page.getByRole('heading', { name: 'Fleet' }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('tenant-1');
    await page.keyboard.press('Enter');
    await page.getByText('It is owned.').waitFor();
    await page.shot('fleet-alone');
    expect(await page.title()).to.equal(`Fleet · ${fleet().service} · streamwarden`);
    inspect.kill('SIGTERM');
    expect((await inspect.exit).code).to.equal(0);
    page.complaints.length = 0;
  });

  it('says that the service cannot be asked while Redis does not answer, and keeps what was seen last', async () => {
    const { runtime, inspector } = await watched(2);
    const page = await browser.open(`${inspector.url}#/fleet`);
    await processOf(page, runtime.consumer).getByText('2 of 10,000').waitFor();
    await suite.server().pause();
    try {
      await page.locator('.view-head .badge').waitFor();
      await processOf(page, runtime.consumer).getByText('2 of 10,000').waitFor();
    } finally {
      suite.server().resume();
    }
    await page.locator('.view-head .badge').waitFor({ state: 'detached' });
    page.complaints.splice(
      0,
      page.complaints.length,
      ...page.complaints.filter((one) => !/status of 50[23]/.test(one)),
    );
  });
});
