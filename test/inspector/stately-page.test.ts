import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { StatelyInspectionEvent } from '@statelyai/inspect';
import { expect } from 'chai';
import { useBrowser } from '../support/browser.js';
import { eventually } from '../support/eventually.js';
import { useInspectors } from '../support/inspector.js';
import { useRedis } from '../support/redis.js';
import { useFleet } from '../support/runtimes.js';
import { StatelyView, statelyUrl } from '../support/stately.js';

const REFERENCE = new URL('../../docs/reference/inspector.md', import.meta.url);

/** In the place of Stately's page: says that it is there and keeps what it is told, as the package's `createBrowserReceiver()` does. */
const STAND_IN = `<!doctype html><link rel="icon" href="data:,"><script>
  const told = [];
  addEventListener('message', ({ data }) => { if (typeof data._version === 'string') told.push(data); });
  parent.postMessage({ type: '@statelyai.connected' }, '*');
</script>`;

describe("Stately's page, with the page of the documentation in between", () => {
  const browser = useBrowser();
  const suite = useRedis();
  const fleet = useFleet(suite);
  const inspectors = useInspectors();
  const servers: Server[] = [];
  let documented = '';

  before(async () => {
    [, documented = ''] = /```html\n(.*?)```/s.exec(await readFile(REFERENCE, 'utf8')) ?? [];
    expect(documented)
      .to.include('src="https://stately.ai/inspect"')
      .and.to.include('ws://127.0.0.1:7100/stately');
  });

  afterEach(() => {
    for (const server of servers.splice(0)) server.close().closeAllConnections();
  });

  /** @returns the origin of the page */
  async function serve(html: () => string): Promise<string> {
    const server = createServer((_, response) => response.setHeader('content-type', 'text/html').end(html()));
    servers.push(server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** Three origins: Stately's, that of the page in between, the inspector's. */
  async function opened(isNamed: boolean) {
    const { runtime, log } = await fleet().listening();
    const stately = await serve(() => STAND_IN);
    let html = '';
    const between = await serve(() => html);
    const inspector = await inspectors.open({ stately: true, statelyOrigins: isNamed ? [between] : [] });
    inspector.attach(runtime);
    html = `<!doctype html><link rel="icon" href="data:,">${documented}`
      .replaceAll('https://stately.ai', stately)
      .replace('ws://127.0.0.1:7100/stately', statelyUrl(inspector));
    const page = await browser.open(between);
    // It is of another origin, as it has to be here.
    const elsewhere = page.complaints.splice(0);
    expect(elsewhere).to.deep.equal([`a request went to ${stately}/inspect`]);
    const frame = page.frames().find((one) => one.url() === `${stately}/inspect`);
    if (frame === undefined) throw new Error('expected the page to embed the other one');
    const view = async () => {
      const told = new StatelyView();
      for (const message of (await frame.evaluate('told')) as StatelyInspectionEvent[]) told.take(message);
      return told;
    };
    return { runtime, log, page, view };
  }

  it('shows how streams go, once the origin of that page was named', async () => {
    const { runtime, log, view } = await opened(true);
    await eventually('the runtime is told', async () => (await view()).named('consumer').length === 1);
    await fleet().announce(['one']);
    await log.count('StreamAdded', 1);
    await runtime.owned('one')?.done();
    await eventually('the walk is told', async () => {
      const told = await view();
      expect(told.walkOf(told.sessionsOf('one')[0])).to.deep.equal([
        'acquiring',
        'acquired',
        'extending',
        'acking',
        'released',
      ]);
    });
  });

  it('is told nothing while it was not', async () => {
    const { page, view } = await opened(false);
    await eventually('the browser says so', () => page.complaints.some((words) => /403/.test(words)));
    expect(page.complaints.splice(0)).to.have.length(1);
    expect((await view()).messages).to.deep.equal([]);
  });
});
