import { expect } from 'chai';
import { hashOf } from '../../src/inspector/page/model/route.js';
import { type OpenPage, useBrowser } from '../support/browser.js';
import { useInspectors } from '../support/inspector.js';
import { useRedis } from '../support/redis.js';
import { useFleet } from '../support/runtimes.js';

describe('streams that are acted on from the inspector’s page', () => {
  const browser = useBrowser();
  const suite = useRedis();
  const fleet = useFleet(suite);
  const inspectors = useInspectors();

  async function inspected(actions = true) {
    const { runtime, log } = await fleet().listening({ balance: 'off' });
    const inspector = await inspectors.open({ actions });
    inspector.attach(runtime);
    return { runtime, log, inspector };
  }

  const actions = (page: OpenPage, name: string) => page.getByRole('group', { name: `Actions on ${name}` });

  async function confirm(page: OpenPage, button: string, says: RegExp, name: string): Promise<void> {
    await actions(page, name).getByRole('button', { name: button }).click();
    const dialog = page.getByRole('dialog', { name: `${button}?` });
    await dialog.getByText(name, { exact: true }).waitFor();
    await dialog.getByText(says).waitFor();
    await page.shot(`stream-${button}`);
    await dialog.getByRole('button', { name: button }).click();
  }

  it('are released from the page of their ownership, and say what became of that [C-ACT-3]', async () => {
    const { runtime, log, inspector } = await inspected();
    const [id = ''] = await fleet().announce(['order-1']);
    await log.count('StreamAdded', 1);
    const hash = hashOf({ view: 'actor', actor: `consumer/ownership/${id}`, params: {} });
    const page = await browser.open(inspector.url + hash);
    await confirm(page, 'Release', /No retry is spent/, 'order-1');
    await page.getByText('Released: every process may be given it.').waitFor();
    await log.count('StreamAdded', 2);
    expect(runtime.owned('order-1')?.id).not.to.equal(id);
  });

  it('are paused, resumed, cancelled and claimed where they are found [C-ACT-3]', async () => {
    const { runtime, log, inspector } = await inspected();
    await runtime.pause();
    const other = await fleet().listening({ consumerId: 'other', balance: 'off' });
    await fleet().announce(['order-7']);
    await other.log.count('StreamAdded', 1);
    const page = await browser.open(`${inspector.url}#/fleet?stream=order-7`);
    await confirm(page, 'Pause', /No process is given it from now on/, 'order-7');
    await page.getByText(/^Paused\./).waitFor();
    await page.getByText(/It is paused since/).waitFor();
    await confirm(page, 'Resume', /What was put aside/, 'order-7');
    await page.getByText(/^Resumed\./).waitFor();
    await other.runtime.pause();
    runtime.resume();
    await confirm(page, 'Claim', /other~[0-9a-f]+ is ALIVE, and loses it/, 'order-7');
    await page.getByText(/^Claimed: announced anew as/).waitFor();
    await log.count('StreamAdded', 1);
    await page.getByRole('button', { name: 'Look again' }).click();
    await actions(page, 'order-7').getByRole('button', { name: 'Release' }).waitFor();
    await confirm(page, 'Cancel stream', /Whoever owns it is told to stop/, 'order-7');
    await page.getByText('It is owned: its owner is told to stop, and finishes it.').waitFor();
    await log.count('StreamCancelled', 1);
  });

  it('are only shown where the inspector only shows', async () => {
    const { log, inspector } = await inspected(false);
    await fleet().announce(['order-1']);
    await log.count('StreamAdded', 1);
    const page = await browser.open(`${inspector.url}#/fleet?stream=order-1`);
    await page.getByText('It is owned.').waitFor();
    expect(await actions(page, 'order-1').count()).to.equal(0);
  });
});
