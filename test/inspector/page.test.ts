import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { createProducer } from '../../src/index.js';
import { hashOf } from '../../src/inspector/page/model/route.js';
import type { InspectOptions } from '../../src/runtime/inspect-options.js';
import { type OpenPage, useBrowser } from '../support/browser.js';
import { eventually } from '../support/eventually.js';
import { useInspectors } from '../support/inspector.js';
import { useRedis } from '../support/redis.js';
import { type FleetOptions, streamNames, type TestRuntime, useFleet } from '../support/runtimes.js';

const recordings = new URL('../recordings/', import.meta.url);

describe("the inspector's page", () => {
  const browser = useBrowser();
  const suite = useRedis();
  const fleet = useFleet(suite);
  const inspectors = useInspectors();

  async function watched(
    options: FleetOptions<Readonly<Record<string, unknown>>> = {},
    inspect: InspectOptions = {},
  ) {
    const { runtime, log } = await fleet().listening(options);
    const inspector = await inspectors.open(inspect);
    inspector.attach(runtime);
    return { runtime, log, inspector };
  }

  function addressOf(url: string, actor: string): string {
    return url + hashOf({ view: 'actor', actor, params: {} });
  }

  /** What the history on an actor's page says: event, and the states before and after. */
  async function historyOf(page: OpenPage): Promise<string[]> {
    const rows = await page.locator('[data-step]').all();
    return Promise.all(
      rows.map(async (row) => (await row.locator('> *').allInnerTexts()).slice(2, 4).join(': ').trim()),
    );
  }

  async function activeStates(page: OpenPage): Promise<string[]> {
    const active = await page.locator('[data-active="true"]').all();
    const paths = await Promise.all(active.map((state) => state.getAttribute('data-state')));
    return paths.filter((path) => path !== null && path !== '') as string[];
  }

  /** The statechart is lit there, and nowhere else. */
  async function inState(page: OpenPage, state: string): Promise<void> {
    await eventually(`${state} is lit`, async () => {
      expect(await activeStates(page)).to.deep.equal([state]);
    });
  }

  async function finish(runtime: TestRuntime, name: string): Promise<void> {
    const stream = [...runtime.ownedStreams()].find((one) => one.name === name);
    if (stream === undefined) throw new Error(`expected ${name} to be owned`);
    await stream.done();
  }

  it('shows a stream on its way from acquired to released, in its history and in its statechart', async () => {
    const { runtime, log, inspector } = await watched();
    const page = await browser.open(`${inspector.url}#/actors`);
    await page.getByText('leaseKeeper', { exact: true }).waitFor();
    await fleet().announce(['tenant-1']);
    await log.count('StreamAdded', 1);
    await page.locator('.tree-row', { hasText: 'tenant-1' }).click();
    await page.getByRole('heading', { name: 'tenant-1' }).waitFor();
    await eventually('it is held', async () => (await activeStates(page)).includes('extending'));
    await finish(runtime, 'tenant-1');
    await eventually('its end is told', async () => {
      return (await historyOf(page)).at(-1)?.includes('released') === true;
    });

    const history = await historyOf(page);
    expect(history[0]).to.include('acquiring');
    const walk = history.map((line) => line.split(/\s+/).at(-1));
    expect(history.join('\n')).to.include('extending → acking').and.to.include('acking → released');
    expect(walk.indexOf('acquired')).to.be.lessThan(walk.indexOf('extending'));
    await inState(page, 'released');
    expect(await page.locator('.edge.is-taken').count()).to.equal(1);
    expect(await page.locator('.actor-context').textContent()).to.include('"tenant-1"');
    await page.shot('actor');

    // What was there at an earlier step.
    await page.locator('[data-step]', { hasText: 'done.requested' }).click();
    await inState(page, 'acking');
    await page.getByRole('button', { name: 'Back to now' }).click();
    await inState(page, 'released');
  });

  it('lists a subscription that was killed, its failure, and that it was started again', async () => {
    const { runtime, inspector } = await watched();
    const page = await browser.open(inspector.url);
    const failures = page.getByRole('region', { name: 'Failures' });
    await failures.getByText('Nothing has failed').waitFor();
    expect(await suite.redis().client('KILL', 'TYPE', 'PUBSUB')).to.equal(1);
    const child = 'masterSubscription/master';
    await failures.getByRole('link', { name: child }).waitFor();
    const supervised = page.getByRole('region', { name: 'Supervision' }).getByRole('row', { name: child });
    await supervised.getByText('running').waitFor();
    await supervised.getByRole('cell', { name: '1', exact: true }).waitFor();
    await page.getByRole('region', { name: 'News' }).getByText('failed', { exact: true }).waitFor();
    await page.shot('overview');

    await failures.getByRole('link', { name: child }).click();
    await page.getByText('restarted 1 ×').waitFor();
    await eventually('it is live', async () => (await activeStates(page)).includes('live'));
    await eventually('the runtime is well', () => runtime.state === 'running');
  });

  it('shows how the consumer stands, who else there is, and charts', async () => {
    const other = await fleet().start({ consumerId: 'other' });
    const { runtime, log, inspector } = await watched();
    await other.pause();
    await fleet().announce(streamNames(5));
    await log.count('StreamAdded', 5);
    const page = await browser.open(inspector.url);
    await page.getByRole('region', { name: 'Owned streams' }).getByText(/^5 of/).waitFor();
    await page.getByRole('region', { name: 'Consumer', exact: true }).getByText('running').waitFor();
    const group = page.getByRole('region', { name: 'Consumers of the group' });
    await group.getByRole('row', { name: other.consumer }).getByText('alive').waitFor();
    await group.getByRole('row', { name: runtime.consumer }).getByText('this one').waitFor();
    expect(await page.locator('.u-over').count()).to.equal(6);
  });

  it('shows which streams are suspects, how often one has been touched, and which are due next', async () => {
    const { names } = fleet();
    await suite.redis().xgroup('CREATE', names.lbs, names.group, '0', 'MKSTREAM');
    const counts = ['_retry_count', '3', '_deaths', '3', '_trial', '1'];
    await suite.redis().xadd(names.lbs, '*', 'lbs-input', '{"DataStreamName":"blamed"}', ...counts);
    const { log, inspector } = await watched();
    await using producer = createProducer({ redis: suite.server().url, service: names.service });
    const page = await browser.open(inspector.url);
    await log.first('StreamAdded', 'blamed');
    const noted = page.getByRole('region', { name: 'Streams of note' });
    const rowOf = (name: string) => noted.getByRole('row', { name });
    await rowOf('blamed').getByText('suspect', { exact: true }).waitFor();

    await producer.ensure('sought');
    await log.first('StreamAdded', 'sought');
    await producer.ensure('sought');
    await producer.ensure('sought');
    await producer.add('later', null, { delayMs: 3_600_000 });
    await rowOf('sought').getByText('touched 2 ×').waitFor();
    await rowOf('later')
      .getByText(/due in/)
      .waitFor();
    await noted.getByText('1 suspect, 1 touched, 1 delayed').waitFor();
    await page.shot('streams-of-note');
    await rowOf('sought').getByRole('link').click();
    await page.getByRole('heading', { name: 'sought' }).waitFor();
  });

  it('shows how far the process and its streams are behind [C-LAG-4]', async () => {
    for (const n of ['1', '2', '3']) await suite.redis().xadd('slow', '*', 'n', n);
    const { runtime, inspector } = await watched();
    runtime.process(async (stream) => {
      for await (const _ of stream.entries())
        await new Promise((resolve) => stream.signal.addEventListener('abort', resolve));
    });
    const page = await browser.open(inspector.url);
    await fleet().announce(['slow']);
    await page
      .getByRole('region', { name: 'Owned streams' })
      .getByText(/^lag 3 entries, .*, of 1 stream$/)
      .waitFor();
    const noted = page.getByRole('region', { name: 'Streams of note' });
    await noted
      .getByRole('row', { name: 'slow' })
      .getByText(/behind by 3 entries, /)
      .waitFor();
    await page.goto(`${inspector.url}#/fleet`);
    await page
      .getByRole('row', { name: runtime.consumer })
      .getByText(/^3 entries, /)
      .waitFor();
  });

  it('shows how far a stream has come that nobody owns, and what is behind that [C-ADM-12]', async () => {
    const { names } = fleet();
    const { runtime, inspector } = await watched();
    await runtime.start();
    const first = await suite.redis().xadd('left', '*', 'n', '1');
    await suite.redis().xadd('left', '*', 'n', '2');
    const content = JSON.stringify({ v: { page: 3 }, p: { left: first } });
    await suite.redis().hset(names.checkpoints, 'left', `v1 7-0 4 ${Date.now()} ${content}`);
    const page = await browser.open(`${inspector.url}#/fleet?stream=left`);
    const found = page.getByRole('region', { name: 'Found stream' });
    await found.getByText(/number 4 of its owner, written/).waitFor();
    await found.getByText(/^1 entry, .* behind it$/).waitFor();
    await found.getByText('{"page":3}').waitFor();
  });

  it('redrives and deletes dead letters after asking, and only where that is allowed', async () => {
    const { runtime, log, inspector } = await watched({}, { actions: true });
    const add = (name: string, ...more: string[]) =>
      suite
        .redis()
        .xadd(
          fleet().names.dlq,
          '*',
          'lbs-input',
          JSON.stringify({ DataStreamName: name, Info: { colour: 'green' } }),
          '_retry_count',
          '4',
          '_dlq_reason',
          'max_retries_exceeded',
          ...more,
        );
    await add('doomed');
    await add('poison', '_dlq_error', '{"name":"TypeError","message":"no such colour","stack":null}');
    const page = await browser.open(`${inspector.url}#/dead-letters`);
    const row = page.locator('[data-letter]', { hasText: 'poison' });
    await row.getByText('max retries exceeded').waitFor();
    await row.getByText('TypeError: no such colour').waitFor();
    const search = page.getByRole('searchbox', { name: 'Find by name, reason, owner or error' });
    await search.fill('such colour');
    await page.locator('[data-letter]', { hasText: 'doomed' }).waitFor({ state: 'detached' });
    await search.fill('');
    await page.locator('[data-letter]', { hasText: 'doomed' }).waitFor();
    await row.getByRole('button', { name: 'Payload' }).click();
    await page.locator('.json').getByText('"green"').waitFor();
    await row.getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Redrive' }).click();
    const dialog = page.getByRole('dialog', { name: 'Redrive 1 dead letter?' });
    await page.shot('dead-letters');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    expect(await suite.redis().xlen(fleet().names.dlq)).to.equal(2);

    await page.getByRole('button', { name: 'Redrive' }).click();
    await dialog.getByRole('button', { name: 'Redrive' }).click();
    await page.getByText('1 redriven').waitFor();
    await log.count('StreamAdded', 1);
    expect([...runtime.ownedStreams()].map(({ name }) => name)).to.deep.equal(['poison']);

    await page.getByRole('checkbox', { name: 'Choose doomed' }).check();
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('There are no dead letters').waitFor();

    const readOnly = await inspectors.open();
    readOnly.attach(runtime);
    const other = await browser.open(`${readOnly.url}#/dead-letters`);
    await other.getByText('Read only: the inspector').waitFor();
    expect(await other.getByRole('button', { name: /Redrive|Delete/ }).count()).to.equal(0);
  });

  it('records, and goes through a recording back and forth with the same views', async () => {
    const { runtime, log, inspector } = await watched({}, { actions: true });
    const page = await browser.open(`${inspector.url}#/recording`);
    await page.getByRole('button', { name: 'Start recording' }).click();
    await page.getByText('recording', { exact: true }).waitFor();
    const [id = ''] = await fleet().announce(['tenant-1']);
    await log.count('StreamAdded', 1);
    await finish(runtime, 'tenant-1');
    expect([...runtime.ownedStreams()]).to.deep.equal([]);
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByRole('link', { name: 'Download' }).waitFor();
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download' }).click();
    const file = await readFile(await (await download).path(), 'utf8');
    expect(JSON.parse(file.split('\n')[0] ?? '')).to.include({ kind: 'header', consumer: runtime.consumer });

    await page.getByRole('button', { name: 'Open' }).click();
    await page.getByText('agrees').waitFor();
    await page.shot('recording');
    await page.goto(addressOf(inspector.url, `consumer/ownership/${id}`));
    const timeline = page.getByRole('slider', { name: 'Line of the recording' });
    await eventually('it is at its end', async () => (await activeStates(page)).includes('released'));
    await page.getByRole('button', { name: 'its previous event' }).click();
    await inState(page, 'acking');
    await eventually('its history ends there', async () => {
      expect((await historyOf(page)).at(-1)).to.include('acking');
    });
    const inBetween = await timeline.inputValue();
    await page.getByRole('button', { name: 'its next event' }).click();
    await inState(page, 'released');
    await timeline.fill(inBetween);
    await inState(page, 'acking');
    await timeline.fill('0');
    await page.getByText('No such actor').waitFor();
    await page.locator('body').press('ArrowRight');
    await eventually('it is one line on', async () => (await timeline.inputValue()) === '1');
    await page.getByRole('button', { name: 'Close', exact: true }).first().click();
    await page.getByText('Live', { exact: true }).waitFor();
  });

  it('marks where a recording that is dropped in diverges, and goes there', async () => {
    const { inspector } = await watched();
    const text = await readFile(new URL('plain-life.jsonl', recordings), 'utf8');
    const changed = text.replace('"state":"starting"', '"state":"running"');
    expect(changed).not.to.equal(text);
    const page = await browser.open(`${inspector.url}#/recording`);
    const open = (name: string, content: string) =>
      page
        .getByLabel('Recording', { exact: true })
        .setInputFiles({ name, mimeType: 'application/x-ndjson', buffer: Buffer.from(content) });
    await open('changed.jsonl', changed);
    await page.getByText('diverges', { exact: true }).waitFor();
    await page.locator('[data-divergence="consumer"]').getByText('it came into another state').waitFor();
    await page.shot('divergence');
    await page.getByRole('button', { name: 'consumer diverges at seq' }).click();
    await page.locator('[data-timeline-now]', { hasText: 'consumer: start' }).waitFor();
    await page.getByRole('link', { name: 'Show the actor there' }).click();
    await inState(page, 'running');

    await page.goto(`${inspector.url}#/recording`);
    await open('letter.txt', 'Dear all,\n');
    await page.getByText('letter.txt cannot be shown').waitFor();
  });

  it('draws who told whom what, pauses, filters, and exports it', async () => {
    const { runtime, log, inspector } = await watched();
    const page = await browser.open(`${inspector.url}#/sequence`);
    await page.getByText('Live', { exact: true }).waitFor();
    await fleet().announce(['tenant-1', 'tenant-2']);
    await log.count('StreamAdded', 2);
    await page.getByLabel(/Filter/).fill('tenant-1');
    await page.locator('.arrow', { hasText: 'StreamAdded tenant-1' }).waitFor();
    expect(await page.locator('.arrow', { hasText: 'tenant-2' }).count()).to.equal(0);
    await page.shot('sequence');
    await page.getByRole('button', { name: 'Pause' }).click();
    await finish(runtime, 'tenant-1');
    await finish(runtime, 'tenant-2');
    await page.getByText('paused').waitFor();
    expect(await page.locator('.arrow', { hasText: 'released' }).count()).to.equal(0);
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.locator('.arrow', { hasText: 'released' }).waitFor();
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save as Mermaid' }).click();
    const text = await readFile(await (await download).path(), 'utf8');
    expect(text)
      .to.match(/^sequenceDiagram\n/)
      .and.to.include('StreamAdded (tenant-1)')
      .and.not.to.include('tenant-2');
  });

  it('opens the row that was pressed, also when one above it goes before it is let go', async () => {
    const { runtime, log, inspector } = await watched();
    await fleet().announce(['tenant-1', 'tenant-2', 'tenant-3']);
    await log.count('StreamAdded', 3);
    const page = await browser.open(`${inspector.url}#/actors?machine=ownership`);
    const row = page.getByRole('treeitem', { name: 'tenant-2' });
    const before = await row.boundingBox();
    await row.hover();
    await page.mouse.down();
    await finish(runtime, 'tenant-1');
    await eventually('it moves up', async () => Number((await row.boundingBox())?.y) < Number(before?.y));
    await page.mouse.up();
    await page.getByRole('heading', { name: 'tenant-2' }).waitFor();
  });

  it('opens the row that was pressed on its state, also when that changes before it is let go', async () => {
    const { inspector } = await watched();
    const page = await browser.open(`${inspector.url}#/actors`);
    const row = page.getByRole('treeitem', { name: 'consumer/reconciler' });
    await row.locator('.badge').first().hover();
    await page.mouse.down();
    const told = async () => Number(await row.locator('.num').last().textContent());
    const before = await told();
    await eventually('it has been in other states', async () => (await told()) > before + 1);
    await page.mouse.up();
    await page.getByRole('heading', { name: 'consumer/reconciler' }).waitFor();
  });

  it('finds its way by keys, by the address bar, and in both colour schemes', async () => {
    const { log, inspector } = await watched();
    await fleet().announce(streamNames(300, 'tenant'));
    await log.count('StreamAdded', 300);
    const page = await browser.open(inspector.url, {
      colorScheme: 'dark',
      viewport: { width: 1024, height: 768 },
    });
    await page.getByRole('heading', { name: fleet().service }).waitFor();
    await page.keyboard.press('2');
    await page.getByRole('tree', { name: 'Actors' }).waitFor();
    // Of three hundred only those in sight are in the document.
    expect(await page.locator('.tree-row').count()).to.be.lessThan(60);
    await page.keyboard.press('/');
    await page.keyboard.type('tenant-300');
    await eventually('one is found', async () => (await page.locator('.tree-row').count()) === 1);
    expect(page.url()).to.include('q=tenant-300');
    await page.keyboard.press('Escape');
    await page.reload();
    await eventually('one is found again', async () => (await page.locator('.tree-row').count()) === 1);
    await page.shot('actors-dark-1024');
    await page.getByRole('tree', { name: 'Actors' }).focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'tenant-300' }).waitFor();
    const isWide = await page.evaluate('document.documentElement.scrollWidth > innerWidth');
    expect(isWide, 'the page is wider than the window').to.equal(false);
    const ground = await page.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(ground).to.equal('rgb(17, 20, 26)');
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor({ state: 'hidden' });
  });

  it('says in words that there is no runtime, that one ended, that nobody answers, and is live again when somebody does', async () => {
    const inspector = await inspectors.open();
    const page = await browser.open(inspector.url);
    await page.getByText('No runtime is running in this process').waitFor();
    const runtime = await fleet().start();
    inspector.attach(runtime);
    await page.getByRole('region', { name: 'Consumer', exact: true }).getByText('running').waitFor();
    await runtime.stop();
    await page.getByText(`${runtime.consumer} was stopped`).waitFor();
    await page.getByText('You see how it stood last').waitFor();
    await inspector.close();
    await page.getByText('Disconnected since').waitFor();
    await page.shot('disconnected');
    const again = await inspectors.open({ port: Number(new URL(inspector.url).port) });
    again.attach(await fleet().start());
    await page.getByText('Live', { exact: true }).waitFor();
    await page.getByText('Disconnected since').waitFor({ state: 'hidden' });
    await page.getByRole('region', { name: 'Consumer', exact: true }).getByText('running').waitFor();
    // That is what it says on its console, as browsers do: nobody answers, or the runtime or the inspector ended just as something was asked for.
    const refused = page.complaints.filter((complaint) =>
      /ERR_(CONNECTION|INCOMPLETE|EMPTY)|status of (404|410|503)/.test(complaint),
    );
    expect(page.complaints).to.deep.equal(refused);
    page.complaints.length = 0;
  });
});
