import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { inspectFile } from '../../src/inspector/inspector.js';
import type {
  DeadLettersOutcome,
  DeadLettersReply,
  ErrorReply,
  GroupReply,
  MachinesReply,
  RecordingInfo,
  ReplayReport,
} from '../../src/inspector/protocol.js';
import { parseRecording } from '../../src/replay/recording.js';
import { eventually } from '../support/eventually.js';
import { ask, useInspectors } from '../support/inspector.js';
import { keepable } from '../support/pace.js';
import { useFolder } from '../support/recordings.js';
import { useRedis } from '../support/redis.js';
import { type TestRuntime, useFleet } from '../support/runtimes.js';

describe('what the inspector is asked', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);
  const inspectors = useInspectors();
  const folder = useFolder();

  function pathTo({ consumer }: TestRuntime, rest: string): string {
    return `api/runtimes/${encodeURIComponent(consumer)}/${rest}`;
  }

  /** Folders of inspectors in which something of this runtime is: others have theirs beside them. */
  async function foldersOf({ consumer }: TestRuntime): Promise<string[]> {
    const all = (await readdir(tmpdir())).filter((name) => name.startsWith('streamwarden-inspector-'));
    const found: string[] = [];
    for (const name of all.map((one) => join(tmpdir(), one))) {
      const files = await readdir(name).catch(() => []);
      if (files.some((file) => file.startsWith(consumer.replace('~', '_')))) found.push(name);
    }
    return found;
  }

  async function codeOf(reply: ReturnType<typeof ask>): Promise<string> {
    const { status, json } = await reply;
    return `${status} ${json<ErrorReply>().error.code}`;
  }

  /** A runtime and letters `one` to `three`, and one that cannot be parsed. */
  async function withLetters() {
    const runtime = await fleet().start();
    await runtime.pause();
    const { dlq } = fleet().names;
    const ids: string[] = [];
    for (const name of ['one', 'two', 'three']) {
      const payload = JSON.stringify({ DataStreamName: name, Info: { secret: 'x'.repeat(10_000) } });
      const fields = ['lbs-input', payload, '_retry_count', '4', '_dlq_reason', 'max_retries_exceeded'];
      ids.push(String(await suite.redis().xadd(dlq, '*', ...fields)));
    }
    ids.push(String(await suite.redis().xadd(dlq, '*', 'lbs-input', 'junk', '_dlq_reason', 'unparseable')));
    return { runtime, ids };
  }

  it('draws every machine that there is', async () => {
    const { url } = await inspectors.open();
    const { machines } = (await ask(url, 'api/machines')).json<MachinesReply>();
    expect(machines.map(({ id }) => id)).to.include.members([
      'consumer',
      'ownership',
      'leaseKeeper',
      'supervisor',
    ]);
    const ownership = machines.find(({ id }) => id === 'ownership');
    expect(ownership?.root).to.include({ path: '', type: 'compound', initial: 'acquiring' });
    const extending = ownership?.root.states.find(({ key }) => key === 'extending');
    expect(extending?.transitions).to.deep.include({
      on: { kind: 'event', event: 'lost' },
      event: 'lost',
      guard: null,
      actions: ['recordReason', 'disown'],
      targets: ['lost'],
      reenter: false,
    });
    const reconciler = JSON.stringify(machines.find(({ id }) => id === 'reconciler'));
    expect(reconciler)
      .to.match(/"kind":"after","delay":"\w+"/)
      .and.to.match(/"kind":"invokeDone"/);
    expect(JSON.stringify(machines)).not.to.match(/"inline"|\[object|xstate\.(raise|cancel)/);
  });

  it('shows why and from whose hands letters came, and finds them by that [C-POI-9]', async () => {
    const { runtime, ids } = await withLetters();
    const error = { name: 'TypeError', message: 'no such order', stack: null };
    const facts = {
      _failures: '4',
      _deaths: '1',
      _dlq_error: JSON.stringify(error),
      _dlq_owner: 'pod-a~00000001',
    };
    const fields = ['lbs-input', '{"DataStreamName":"four"}', ...Object.entries(facts).flat()];
    const failed = String(await suite.redis().xadd(fleet().names.dlq, '*', ...fields));
    const inspector = await inspectors.open();
    inspector.attach(runtime);
    const found = async (find: string, more: Record<string, string> = {}) => {
      const query = new URLSearchParams({ find, count: '1', ...more });
      const reply = await ask(inspector.url, pathTo(runtime, `dead-letters?${query}`));
      return reply.json<DeadLettersReply>();
    };
    const { length, letters } = await found('SUCH order');
    expect(length).to.equal(5);
    expect(letters).to.have.length(1);
    expect(letters[0]).to.deep.include({
      id: failed,
      failures: 4,
      deaths: 1,
      owner: 'pod-a~00000001',
      error,
    });
    expect((await found('pod-a')).letters.map(({ id }) => id)).to.deep.equal([failed]);
    expect((await found('unpars')).letters.map(({ id }) => id)).to.deep.equal([ids[3]]);
    const page = await found('max_retries', { count: '2' });
    expect(page.letters.map(({ id }) => id)).to.deep.equal([ids[2], ids[1]]);
    expect(page.after).to.equal(ids[1]);
    const rest = await found('max_retries', { count: '2', after: ids[1] ?? '' });
    expect({ ids: rest.letters.map(({ id }) => id), after: rest.after }).to.deep.equal({
      ids: [ids[0]],
      after: null,
    });
    expect((await found('two')).letters.map(({ id }) => id)).to.deep.equal([ids[1]]);
    expect(await found('nothing')).to.deep.include({ length: 5, letters: [], after: null });
  });

  it('shows integers in letters that no number can hold as texts of their digits [C-POI-8]', async () => {
    const runtime = await fleet().start();
    const large = '{"DataStreamName":"one","Info":{"id":9007199254740993,"small":42}}';
    await suite.redis().xadd(fleet().names.dlq, '*', 'lbs-input', large);
    const inspector = await inspectors.open();
    inspector.attach(runtime);
    const page = await ask(inspector.url, pathTo(runtime, 'dead-letters?count=1'));
    const [letter] = page.json<DeadLettersReply>().letters;
    expect(letter?.info).to.deep.equal({ id: '9007199254740993', small: 42 });
    expect(letter?.fields[0]?.value).to.equal(large);
  });

  it('shows dead letters page by page, long values cut', async () => {
    const { runtime, ids } = await withLetters();
    const inspector = await inspectors.open();
    inspector.attach(runtime);
    const first = await ask(inspector.url, pathTo(runtime, 'dead-letters?count=3'));
    const { length, letters, after } = first.json<DeadLettersReply>();
    expect({ length, after }).to.deep.equal({ length: 4, after: ids[1] });
    expect(letters.map(({ id }) => id)).to.deep.equal([ids[3], ids[2], ids[1]]);
    expect(letters[0]).to.include({ reason: 'unparseable', stream: null });
    expect(letters[1]).to.include({ reason: 'max_retries_exceeded', retryCount: 4, stream: 'three' });
    expect(letters[1]?.at).to.be.closeTo(Date.now(), 60_000);
    expect(letters[1]?.fields[0]).to.include({ name: 'lbs-input', cut: true });
    expect(letters[1]?.fields[0]?.value).to.have.length(8192);
    const rest = await ask(inspector.url, pathTo(runtime, `dead-letters?count=3&after=${after}`));
    expect(rest.json<DeadLettersReply>().letters.map(({ id }) => id)).to.deep.equal([ids[0]]);
    for (const query of ['count=0', 'count=x', 'after=x', 'count=101', `find=${'x'.repeat(1025)}`]) {
      const bad = ask(inspector.url, pathTo(runtime, `dead-letters?${query}`));
      expect(await codeOf(bad), query).to.equal('400 Malformed');
    }
  });

  it('redrives and deletes them, each with an outcome of its own', async () => {
    const { runtime, ids } = await withLetters();
    const inspector = await inspectors.open({ actions: true });
    inspector.attach(runtime);
    const redriven = await ask(inspector.url, pathTo(runtime, 'dead-letters/redrive'), {
      method: 'POST',
      body: { ids: [ids[0], '1-1', ids[0]] },
    });
    expect(redriven.json<DeadLettersOutcome>().outcomes).to.deep.equal({
      [ids[0] as string]: 'redriven',
      '1-1': 'gone',
    });
    const deleted = await ask(inspector.url, pathTo(runtime, 'dead-letters/delete'), {
      method: 'POST',
      body: { ids: [ids[1], ids[3]] },
    });
    expect(Object.values(deleted.json<DeadLettersOutcome>().outcomes)).to.deep.equal(['deleted', 'deleted']);
    expect(await suite.redis().xlen(fleet().names.dlq)).to.equal(1);
    const log = fleet().listen(runtime);
    runtime.resume();
    await log.count('StreamAdded', 1);
    expect(runtime.owned('one')).to.include({ retryCount: 0 });
    const none = ask(inspector.url, pathTo(runtime, 'dead-letters/delete'), {
      method: 'POST',
      body: { ids: [] },
    });
    expect(await codeOf(none)).to.equal('400 Malformed');
  });

  it('only shows unless actions are allowed', async () => {
    const { runtime, ids } = await withLetters();
    const inspector = await inspectors.open();
    inspector.attach(runtime);
    const view = await inspectors.view(inspector);
    expect(view.hello.actions).to.equal(false);
    for (const path of ['dead-letters/redrive', 'dead-letters/delete', 'recordings', 'recordings/1/stop']) {
      const reply = ask(inspector.url, pathTo(runtime, path), { method: 'POST', body: { ids } });
      expect(await codeOf(reply), path).to.equal('403 ActionsNotAllowed');
    }
    expect(await suite.redis().xlen(fleet().names.dlq)).to.equal(4);
  });

  it('says who else is in the group, from their presence', async () => {
    const runtime = await fleet().start();
    const other = await fleet().start();
    await suite.redis().xgroup('CREATECONSUMER', fleet().names.lbs, fleet().names.group, 'of-the-go-client');
    const inspector = await inspectors.open();
    inspector.attach(runtime);
    const { consumers } = (await ask(inspector.url, pathTo(runtime, 'group'))).json<GroupReply>();
    const byName = new Map(consumers.map((member) => [member.name, member]));
    expect(byName.get(runtime.consumer)).to.include({ self: true, keepsPresence: true, pending: 0 });
    expect(byName.get(other.consumer)).to.include({ self: false, keepsPresence: true });
    expect(byName.get(other.consumer)?.presenceMs).to.be.within(1, keepable(1000));
    expect(byName.get('of-the-go-client')).to.include({ keepsPresence: false, presenceMs: null });
    // However many ask, Redis is asked once a second.
    await other.stop();
    const again = (await ask(inspector.url, pathTo(runtime, 'group'))).json<GroupReply>();
    expect(again.consumers).to.deep.equal(consumers);
    await eventually('it has left', async () => {
      const reply = (await ask(inspector.url, pathTo(runtime, 'group'))).json<GroupReply>();
      return reply.consumers.length === 2;
    });
  });

  it('says what nobody will work on: stranded entries, payloads that are gone, ids ahead of the clock', async () => {
    const { lbs, group } = fleet().names;
    const runtime = await fleet().start({ capacity: 1 });
    const inspector = await inspectors.open();
    inspector.attach(runtime);
    const reply = async () => (await ask(inspector.url, pathTo(runtime, 'group'))).json<GroupReply>();
    expect(await reply()).to.deep.include({
      entries: { pending: 0, undelivered: 0, stranded: 0, vanished: 0 },
      delayed: { count: 0, nextMs: null, first: [] },
      noted: { touched: 0, suspects: 0, behind: 0, streams: [] },
      ids: null,
    });
    await runtime.pause();
    const late = `${Date.now() + 48 * 3_600_000}`;
    for (let n = 0; n < 4; n += 1)
      await suite.redis().xadd(lbs, `${late}-${n}`, 'lbs-input', JSON.stringify({ DataStreamName: `s${n}` }));
    await suite.redis().xreadgroup('GROUP', group, 'gone~0123abcd', 'COUNT', 3, 'STREAMS', lbs, '>');
    await suite.redis().xgroup('DELCONSUMER', lbs, group, 'gone~0123abcd');
    await eventually('they are told', async () => {
      const { entries } = await reply();
      return entries?.stranded === 3 && entries.undelivered === 1;
    });
    runtime.resume();
    await eventually('its ids are told, once it is given one', async () =>
      /48 hours ahead/.test((await reply()).ids ?? ''),
    );
  });

  it('says that Redis does not answer', async () => {
    const runtime = fleet().create({ redis: 'redis://127.0.0.1:1' });
    const inspector = await inspectors.open();
    inspector.attach(runtime);
    expect(await codeOf(ask(inspector.url, pathTo(runtime, 'group')))).to.equal('503 RedisUnavailable');
    expect(await codeOf(ask(inspector.url, pathTo(runtime, 'dead-letters')))).to.equal(
      '503 RedisUnavailable',
    );
  });

  it('records, one recording at a time, and throws away what it kept', async () => {
    const runtime = await fleet().start();
    const inspector = await inspectors.open({ actions: true });
    inspector.attach(runtime);
    const view = await inspectors.view(inspector);
    await view.ready(runtime);
    const post = (path: string) => ask(inspector.url, pathTo(runtime, path), { method: 'POST', body: {} });
    const started = (await post('recordings')).json<RecordingInfo>();
    expect(started).to.include({ id: '1', active: true });
    expect(started.name).to.match(/^consumer-1_[0-9a-f]{8}-.*\.jsonl$/);
    expect(await codeOf(post('recordings'))).to.equal('409 Busy');
    expect(await codeOf(ask(inspector.url, pathTo(runtime, 'recordings/1')))).to.equal('409 Busy');
    await runtime.pause();
    const stopped = (await post('recordings/1/stop')).json<RecordingInfo>();
    expect(stopped).to.include({ id: '1', active: false, error: null });
    await eventually('the viewers know', () => {
      const last = view.messages.filter((message) => message.kind === 'recordings').at(-1);
      return last?.recordings[0]?.active === false;
    });
    const file = await ask(inspector.url, pathTo(runtime, 'recordings/1'));
    expect(file.headers['content-disposition']).to.equal(`attachment; filename="${started.name}"`);
    expect(parseRecording(file.text).header.consumer).to.equal(runtime.consumer);
    expect(await codeOf(post('recordings/2/stop'))).to.equal('404 NotFound');
    for (let count = 0; count < 5; count++) {
      const { id } = (await post('recordings')).json<RecordingInfo>();
      await post(`recordings/${id}/stop`);
    }
    expect(await codeOf(ask(inspector.url, pathTo(runtime, 'recordings/1')))).to.equal('404 NotFound');
    const [kept] = await foldersOf(runtime);
    expect(await readdir(kept as string)).to.have.length(5);
    await inspector.close();
    expect(await foldersOf(runtime)).to.deep.equal([]);
  });

  it('replays what it is sent, and says where it diverges', async () => {
    const runtime = await fleet().start({ record: { file: folder('a.jsonl') } });
    await runtime.stop();
    const text = await readFile(folder('a.jsonl'), 'utf8');
    const { url } = await inspectors.open();
    const replay = (body: string, type = 'application/x-ndjson') =>
      ask(url, 'api/replay', { method: 'POST', headers: { 'content-type': type }, body });
    const agrees = (await replay(text)).json<ReplayReport>();
    expect(agrees).to.include({ agrees: true, complete: true, diverged: 0 });
    const changed = text.replace('"state":"running"', '"state":"degraded"');
    const diverges = (await replay(changed)).json<ReplayReport>();
    const culprit = diverges.actors.find(({ verdict }) => verdict === 'diverges');
    expect(culprit).to.include({ actor: 'consumer' });
    expect(culprit?.divergence).to.include({ reason: 'state' });
    const cut = (await replay(text.slice(0, -20))).json<ReplayReport>();
    expect(cut.cut).to.include({ line: text.split('\n').length - 1 });
    expect(await codeOf(replay('{}\n'))).to.equal('422 RecordingMalformed');
    expect(await codeOf(replay(''))).to.equal('422 RecordingMalformed');
    expect(await codeOf(replay(text, 'text/plain'))).to.equal('415 Malformed');
  });

  it('shows a recording that it was started with', async () => {
    const runtime = await fleet().start({ record: { file: folder('a.jsonl') } });
    await runtime.stop();
    const text = await readFile(folder('a.jsonl'), 'utf8');
    const inspector = await inspectFile(folder('a.jsonl'));
    try {
      const view = await inspectors.view(inspector);
      expect(view.hello.file).to.deep.equal({ name: 'a.jsonl', bytes: Buffer.byteLength(text) });
      expect(view.hello.runtimes).to.deep.equal([]);
      expect((await ask(inspector.url, 'api/file')).text).to.equal(text);
      expect((await ask(inspector.url, 'api/file/report')).json<ReplayReport>()).to.include({ agrees: true });
      view.close();
    } finally {
      await inspector.close();
    }
    const missing = await inspectFile(folder('none.jsonl')).catch((error: unknown) => error);
    expect(missing).to.have.property('code', 'RecordingUnreadable');
    const { url } = await inspectors.open();
    expect(await codeOf(ask(url, 'api/file'))).to.equal('404 NotFound');
  });
});
