import { expect } from 'chai';
import { useBrowser } from '../support/browser.js';
import { useInspectors } from '../support/inspector.js';
import { useRedis } from '../support/redis.js';
import { useFleet } from '../support/runtimes.js';

describe('dead letters on the inspector’s page', () => {
  const browser = useBrowser();
  const suite = useRedis();
  const fleet = useFleet(suite);
  const inspectors = useInspectors();

  async function write(count: number, errorName: string, reason: string, id = '*') {
    const pipeline = suite.redis().pipeline();
    for (let n = 0; n < count; n += 1) {
      const error = JSON.stringify({ name: errorName, message: 'no such colour', stack: null });
      const payload = JSON.stringify({ DataStreamName: `${errorName}-${n}` });
      pipeline.xadd(fleet().names.dlq, id, 'lbs-input', payload, '_dlq_reason', reason, '_dlq_error', error);
    }
    await pipeline.exec();
  }

  async function inspected(actions = true) {
    const runtime = await fleet().start();
    await runtime.pause();
    const inspector = await inspectors.open({ actions });
    inspector.attach(runtime);
    return { runtime, inspector };
  }

  it('are narrowed down by clicks, counted, and redriven all at once, with progress that every page shows [C-ACT-1, C-ACT-2]', async () => {
    await write(214, 'TypeError', 'max_retries_exceeded');
    await write(900, 'RangeError', 'rejected');
    const { inspector } = await inspected();
    const page = await browser.open(`${inspector.url}#/dead-letters`);
    const matching = page.locator('[data-matching]');
    await matching.getByText('1,000 of the newest 1,000 letters match').waitFor();
    await page.getByRole('button', { name: 'Count all 1,114' }).click();
    await matching.getByText('1,114 letters match').waitFor();
    await page.getByRole('combobox', { name: 'Age' }).selectOption('Older than a day');
    await page.getByText('No dead letter matches').waitFor();
    await page.getByRole('combobox', { name: 'Age' }).selectOption('Of any age');
    const errors = page.getByRole('group', { name: 'Errors' });
    await errors.getByRole('button', { name: 'TypeError' }).click();
    await page.getByRole('button', { name: 'Count all 1,114' }).click();
    await matching.getByText('214 letters match').waitFor();
    await errors.getByRole('button', { name: 'RangeError 900' }).waitFor();
    expect(page.url()).to.include('error=TypeError');
    await page.getByRole('button', { name: 'Choose all that match' }).click();
    await page.shot('letters-chosen');
    await page.getByRole('button', { name: 'Redrive 214' }).click();
    const dialog = page.getByRole('dialog', { name: 'Redrive 214 dead letters?' });
    await dialog.getByRole('button', { name: 'Redrive' }).click();
    const job = page.getByRole('region', { name: 'Job on dead letters' });
    await job.getByText('Done: 214 of 214 redriven.').waitFor();
    await page.getByText('No dead letter matches').waitFor();
    expect(await suite.redis().xlen(fleet().names.lbs)).to.equal(214);
    expect(await suite.redis().xlen(fleet().names.dlq)).to.equal(900);

    // It is there after a reload, and on another page.
    await page.reload();
    await job.getByText('Done: 214 of 214 redriven.').waitFor();
    await job.getByRole('button', { name: 'Close' }).click();
    await job.waitFor({ state: 'detached' });
    const other = await browser.open(`${inspector.url}#/dead-letters`);
    await other.getByText('Redrive: error TypeError').waitFor();
  });

  it('are deleted in a job that anybody may stop [C-ACT-2]', async () => {
    await write(6_000, 'TypeError', 'rejected');
    const { inspector } = await inspected();
    const page = await browser.open(`${inspector.url}#/dead-letters`);
    const other = await browser.open(`${inspector.url}#/dead-letters`);
    await page.getByRole('button', { name: 'Choose all that match' }).click();
    await page.getByRole('button', { name: 'Delete all' }).click();
    const dialog = page.getByRole('dialog', { name: 'Delete all dead letters that match?' });
    await dialog.getByRole('button', { name: 'Delete' }).click();
    const job = other.getByRole('region', { name: 'Job on dead letters' });
    await job.getByRole('progressbar', { name: 'Letters dealt with' }).waitFor();
    await other.shot('letters-job');
    await job.getByRole('button', { name: 'Stop' }).click();
    await page.getByText(/^Stopped: [\d,]+ of 6,000 deleted\.$/).waitFor();
    expect(await suite.redis().xlen(fleet().names.dlq)).to.be.within(1, 6_000);
  });

  it('are only counted where the inspector only shows', async () => {
    await write(3, 'TypeError', 'rejected');
    const { inspector } = await inspected(false);
    const page = await browser.open(`${inspector.url}#/dead-letters?reason=rejected`);
    await page.getByText('3 letters match').waitFor();
    await page.getByRole('button', { name: 'rejected 3', pressed: true }).waitFor();
    expect(await page.getByRole('button', { name: 'Choose all that match' }).count()).to.equal(0);
  });
});
