import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { Redis } from 'ioredis';
import { hashOf } from '../../src/inspector/page/model/route.js';
import { arePicturesUpdated, FOR_PICTURES, type OpenPage, PICTURES, useBrowser } from '../support/browser.js';
import { useCli } from '../support/cli.js';
import { type Member, useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { useInspectors } from '../support/inspector.js';
import { keepable } from '../support/pace.js';
import { sizeOf } from '../support/png.js';
import { useRedis } from '../support/redis.js';

const MOST_BYTES = 60_000;
const howTo = new URL('../../docs/how-to/inspect-live.md', import.meta.url);

/** Steps of the life that the overview is a picture of, and how long each takes. For the documents' own long enough to fill its charts. */
const STEPS = arePicturesUpdated ? 240 : 8;
const STEP_MS = 300;

describe('pictures of the inspector for the documents', () => {
  const browser = useBrowser();
  const suite = useRedis();
  const crew = useCrew(suite, { heartbeatMs: keepable(2000), minIdleMs: keepable(6000), capacity: 40 });
  const cli = useCli();
  const inspectors = useInspectors();

  async function deadLetter(redis: Redis, name: string): Promise<void> {
    const payload = JSON.stringify({ DataStreamName: name, Info: { region: 'eu-west', plan: 'trial' } });
    const fields = ['lbs-input', payload, '_retry_count', '4', '_dlq_reason', 'max_retries_exceeded'];
    await redis.xadd(crew.dlq, '*', ...fields);
  }

  /**
   * Streams come in waves, and are finished when more are owned than the wave is high. Half way the last member dies; later the subscriptions
   * of the others are cut off. They go on for a moment after `look`.
   */
  async function live(members: readonly Member[], look: () => Promise<void>): Promise<void> {
    const living = [...members];
    for (let step = 0; step < STEPS; step++) {
      const height = 12 + 8 * Math.sin(step / 25);
      await crew.announce(`tenant-${100 + step}`, `tenant-${500 + step}`);
      for (const { runtime } of living) {
        const some = [...runtime.ownedStreams()];
        await Promise.all(some.slice(0, Math.max(0, some.length - height)).map((stream) => stream.done()));
      }
      if (step === STEPS / 2) await living.pop()?.runtime.stop({ mode: 'abandon' });
      if (step === (STEPS * 3) / 4) await suite.redis().client('KILL', 'TYPE', 'PUBSUB');
      if (step === STEPS - 1) await look();
      await delay(STEP_MS);
    }
  }

  async function ofRecording(
    name: string,
    height = 800,
  ): Promise<{ readonly page: OpenPage; readonly url: string }> {
    const file = fileURLToPath(new URL(`../recordings/${name}.jsonl`, import.meta.url));
    const inspector = cli.start(['inspect', file, '--json']);
    const line = await inspector.waitFor(({ type }) => type === 'Inspector', { name: 'it serves the page' });
    const url = String(line.url);
    const page = await browser.open(url, { ...FOR_PICTURES, viewport: { width: 1200, height } });
    await page.getByText('agrees', { exact: true }).waitFor();
    const slider = page.getByRole('slider');
    await slider.fill((await slider.getAttribute('max')) ?? '');
    return { page, url };
  }

  it('the overview, with a failure that was healed and dead letters', async () => {
    const members = [];
    for (const consumerId of ['orders-0', 'orders-1', 'orders-2'])
      members.push(await crew.start({ consumerId }));
    const inspector = await inspectors.open({ actions: true });
    inspector.attach((members[0] as Member).runtime);
    for (const name of ['tenant-17', 'tenant-42']) await deadLetter(suite.redis(), name);
    await live(members, async () => {
      const page = await browser.open(inspector.url, FOR_PICTURES);
      await page.getByText('2 dead letters of the service').waitFor();
      await page.getByRole('region', { name: 'Failures' }).getByRole('link').first().waitFor();
      await eventually('its charts are drawn', async () => (await page.locator('.u-over').count()) === 6);
      await page.picture('overview');
    });
  });

  it('a stream that was lost, as the recording of its owner tells it', async () => {
    const { page, url } = await ofRecording('zombie.sleeper', 1080);
    await page.keyboard.press('2');
    await page.getByRole('button', { name: /^ended/ }).click();
    const lost = page.getByRole('treeitem', { name: /: ended, lost/ }).first();
    await lost.click();
    await page.locator('[data-state="lost"][data-active="true"]').waitFor();
    await page.picture('lost');

    await page.setViewportSize({ width: 1200, height: 760 });
    const fold = [
      'supervisor',
      'consumer',
      ...['balancer', 'intake', 'masterSubscription/master'].map((name) => `consumer/${name}`),
    ]
      .map(encodeURIComponent)
      .join(',');
    await page.goto(url + hashOf({ view: 'sequence', actor: null, params: { at: '357', fold } }));
    await page.locator('.arrow').first().waitFor();
    await page.picture('sequence');
  });

  it('are there, small, and shown by the document that they are for', async () => {
    const text = await readFile(howTo, 'utf8');
    const shown = [...text.matchAll(/!\[[^\]]{20,}\]\(images\/([\w-]+\.png)\)/g)].map(([, name]) => name);
    expect(await readdir(PICTURES)).to.have.members(shown);
    for (const name of shown) {
      const file = join(PICTURES, name ?? '');
      expect((await stat(file)).size, name).to.be.at.most(MOST_BYTES);
      expect(sizeOf(await readFile(file))[0], name).to.equal(FOR_PICTURES.viewport?.width);
    }
  });
});
