import { expect } from 'chai';
import { UnrecoverableError } from '../../src/index.js';
import { hashOf } from '../../src/inspector/page/model/route.js';
import { useBrowser } from '../support/browser.js';
import { eventually } from '../support/eventually.js';
import { useInspectors } from '../support/inspector.js';
import { useRedis } from '../support/redis.js';
import { useFleet } from '../support/runtimes.js';

describe('a page that is opened when all is over', () => {
  const browser = useBrowser();
  const suite = useRedis();
  const fleet = useFleet(suite);
  const inspectors = useInspectors();

  const actor = (url: string, id: string) =>
    url + hashOf({ view: 'actor', actor: `consumer/ownership/${id}`, params: {} });

  it('shows which streams were lost, and what the handler of one threw, with its stack', async () => {
    const runtime = fleet().create();
    const inspector = await inspectors.open();
    inspector.attach(runtime);
    runtime.process(({ name, signal }) => {
      if (name === 'order-8') throw new UnrecoverableError('no such product: redis://me:secret@shop');
      return new Promise((resolve) => signal.addEventListener('abort', resolve));
    });
    await runtime.start();
    const [kept, thrown] = (await fleet().announce(['order-7', 'order-8'])) as [string, string];
    await eventually('one is owned, one dead-lettered', () => {
      const { counters } = runtime.snapshot();
      expect(counters.deadLettered).to.equal(1);
      expect([...runtime.ownedStreams()].map(({ id }) => id)).to.deep.equal([kept]);
    });
    const { names } = fleet();
    await suite.redis().xclaim(names.lbs, names.group, 'somebody-else', 0, kept);
    await suite.redis().call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await eventually('it is lost', () => runtime.snapshot().owned === 0);

    const page = await browser.open(actor(inspector.url, kept));
    await page.getByRole('heading', { name: 'order-7' }).waitFor();
    await page.locator('[data-state="lost"][data-active="true"]').waitFor();
    await page.getByText('ended', { exact: true }).waitFor();
    await page.goto(actor(inspector.url, thrown));
    const panel = page.getByRole('region', { name: 'What its handler threw' });
    await panel.getByText('no such product').waitFor();
    const text = await panel.textContent();
    expect(text).to.include('page-ended.test.ts').and.not.to.include('secret');
    await page.shot('ended');
  });
});
