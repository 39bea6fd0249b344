import { useBrowser } from '../support/browser.js';
import { ready, useCli } from '../support/cli.js';
import { keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { useFleet } from '../support/runtimes.js';

describe("the inspector's page of another process", () => {
  const browser = useBrowser();
  const suite = useRedis();
  const fleet = useFleet(suite);
  const cli = useCli();

  it('shows how a stream was lost to another consumer while its process was stopped', async () => {
    const { service } = fleet();
    const redis = suite.server().url;
    const args = ['--heartbeat', '500', '--inspect'];
    const frozen = cli.spawnConsumer({ redis, service, args });
    const { url } = await frozen.waitFor(({ type }) => type === 'Inspector', { name: 'it serves a page' });
    await ready(frozen);
    const [id] = await fleet().announce(['tenant-1']);
    await frozen.waitFor(({ type }) => type === 'StreamAdded', { name: 'it owns the stream' });
    const page = await browser.open(
      `${String(url)}#/actor/${encodeURIComponent(`consumer/ownership/${id}`)}`,
    );
    await page.locator('[data-state="extending"][data-active="true"]').waitFor();

    frozen.kill('SIGSTOP');
    const { log } = await fleet().listening({ heartbeatMs: keepable(500) });
    await log.count('StreamAdded', 1);
    frozen.kill('SIGCONT');

    await page.locator('[data-step]', { hasText: 'lost' }).waitFor();
    await page.locator('[data-state="lost"][data-active="true"]').waitFor();
    await page.shot('lost');
  });
});
