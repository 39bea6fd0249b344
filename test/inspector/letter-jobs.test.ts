import { expect } from 'chai';
import type {
  DeadLettersReply,
  ErrorReply,
  LetterGroupsReply,
  LetterJob,
  LetterJobRequest,
} from '../../src/inspector/protocol.js';
import { eventually } from '../support/eventually.js';
import { ask, useInspectors, type View } from '../support/inspector.js';
import { useRedis } from '../support/redis.js';
import { type TestRuntime, useFleet } from '../support/runtimes.js';

const HOUR = 3_600_000;

describe('dead letters of the inspector, all that match', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);
  const inspectors = useInspectors();

  const pathTo = ({ consumer }: TestRuntime, rest: string) =>
    `api/runtimes/${encodeURIComponent(consumer)}/dead-letters${rest}`;

  async function write(count: number, errorName: string, reason = 'max_retries_exceeded', ageMs = 0) {
    const [seconds] = await suite.redis().time();
    const at = Number(seconds) * 1_000 - ageMs;
    const pipeline = suite.redis().pipeline();
    for (let n = 0; n < count; n += 1) {
      const error = JSON.stringify({ name: errorName, message: `no colour ${n}`, stack: null });
      const payload = JSON.stringify({ DataStreamName: `${errorName}-${n}` });
      const fields = ['lbs-input', payload, '_dlq_reason', reason, '_dlq_error', error];
      pipeline.xadd(fleet().names.dlq, `${at}-*`, ...fields);
    }
    await pipeline.exec();
  }

  async function inspected(log: unknown[] = []) {
    const note = (fields: object) => log.push(...('audit' in fields ? [fields.audit] : []));
    const logger = { debug: () => {}, info: note, warn: () => {}, error: () => {} };
    const runtime = await fleet().start({ logger });
    await runtime.pause();
    const inspector = await inspectors.open({ actions: true });
    inspector.attach(runtime);
    const post = async (rest: string, body: unknown) =>
      await ask(inspector.url, pathTo(runtime, rest), { method: 'POST', body });
    const groups = async (query = {}) => {
      const address = pathTo(runtime, `/groups?${new URLSearchParams(query)}`);
      return (await ask(inspector.url, address)).json<LetterGroupsReply>();
    };
    const jobOf = async (request: Partial<LetterJobRequest>) => {
      const { range } = await groups();
      return await post('/jobs', { action: 'redrive', filter: {}, range, ...request });
    };
    return { runtime, inspector, post, groups, jobOf };
  }

  function jobIn(view: View): LetterJob | undefined {
    return view.messages.filter((message) => message.kind === 'letterJob').at(-1)?.job;
  }

  async function ended(view: View, id = 1): Promise<LetterJob> {
    return await eventually('the job ends', () => {
      const job = jobIn(view);
      return job?.id === id && job.endedAt !== null && job;
    });
  }

  it('counts letters by reason and by the name of their error, a thousand at a time [C-ACT-1]', async () => {
    await write(3, 'RangeError', 'rejected', 3 * HOUR);
    await write(1_200, 'TypeError');
    const { groups, runtime, inspector } = await inspected();
    const first = await groups();
    expect(first).to.deep.include({ length: 1_203, looked: 1_000, matching: 1_000 });
    expect(first.errors).to.deep.equal([{ name: 'TypeError', count: 1_000 }]);
    await write(1, 'SyntaxError');
    const { newest } = first.range;
    const rest = await groups({ newest, after: first.after });
    expect(rest).to.deep.include({ looked: 203, matching: 203, after: null });
    expect(rest.reasons).to.deep.equal([
      { name: 'max_retries_exceeded', count: 200 },
      { name: 'rejected', count: 3 },
    ]);
    // Each group is counted as if nothing of its kind were chosen.
    const old = await groups({ olderMs: HOUR, errorName: 'TypeError' });
    expect(old).to.deep.include({ looked: 3, matching: 0, reasons: [] });
    expect(old.errors).to.deep.equal([{ name: 'RangeError', count: 3 }]);
    const page = async (query: Record<string, string>) => {
      const reply = await ask(inspector.url, pathTo(runtime, `?${new URLSearchParams(query)}`));
      return reply.json<DeadLettersReply>().letters.map(({ stream }) => stream);
    };
    expect(await page({ olderMs: String(HOUR) })).to.deep.equal([
      'RangeError-2',
      'RangeError-1',
      'RangeError-0',
    ]);
    expect(await page({ newerMs: String(HOUR), errorName: 'SyntaxError' })).to.deep.equal(['SyntaxError-0']);
    expect(await page({ reason: 'rejected', find: 'COLOUR 1', count: '100' })).to.deep.equal([
      'RangeError-1',
    ]);
  });

  it('redrives all that match, tells every viewer how far it is, also one that comes later, and logs it [C-ACT-2]', async () => {
    const log: unknown[] = [];
    await write(450, 'TypeError');
    await write(20, 'RangeError');
    const { runtime, inspector, jobOf } = await inspected(log);
    const view = await inspectors.view(inspector);
    const other = await inspectors.view(inspector);
    await Promise.all([view.ready(runtime), other.ready(runtime)]);
    const started = (await jobOf({ filter: { errorName: 'TypeError' } })).json<LetterJob>();
    expect(started).to.deep.include({ id: 1, phase: 'counting', by: '127.0.0.1', endedAt: null });
    // What comes from now on is not meant.
    await write(1, 'TypeError');
    const job = await ended(view);
    expect(job).to.deep.include({ phase: 'done', matching: 450, changed: 450, gone: 0, errors: [] });
    expect(await ended(other)).to.deep.equal(job);
    expect(await suite.redis().xlen(fleet().names.dlq)).to.equal(21);
    expect(await suite.redis().xlen(fleet().names.lbs)).to.equal(450);
    const late = await inspectors.view(inspector);
    await late.ready(runtime);
    expect(jobIn(late)).to.deep.equal(job);
    expect(log).to.have.length(2);
    expect(log[1]).to.deep.include({ command: 'dlq redrive', by: '127.0.0.1', result: 'done', changed: 450 });
  });

  it('does one job at a time, and stops it where it is asked to [C-ACT-2]', async () => {
    await write(3_000, 'TypeError');
    const { runtime, inspector, jobOf, post } = await inspected();
    const view = await inspectors.view(inspector);
    await view.ready(runtime);
    await jobOf({ action: 'delete' });
    const refused = await jobOf({ action: 'delete' });
    expect([refused.status, refused.json<ErrorReply>().error.code]).to.deep.equal([409, 'Busy']);
    await eventually('it deletes', () => jobIn(view)?.phase === 'acting');
    const stopped = (await post('/jobs/stop', {})).json<LetterJob>();
    expect(stopped.phase).to.equal('stopped');
    expect(stopped.changed).to.be.within(0, 2_900);
    expect(await suite.redis().xlen(fleet().names.dlq)).to.equal(3_000 - stopped.changed);
    expect((await post('/jobs/stop', {})).status).to.equal(404);
    expect((await jobOf({ action: 'delete' })).status).to.equal(200);
    const job = await ended(view, 2);
    expect(job).to.deep.include({ phase: 'done', changed: 3_000 - stopped.changed });
  });

  it('names what Redis refuses, and gives up when it refuses everything [C-ACT-2]', async () => {
    await write(30, 'TypeError');
    const { runtime, inspector, jobOf } = await inspected();
    const view = await inspectors.view(inspector);
    await view.ready(runtime);
    const { lbs } = fleet().names;
    await suite.redis().rename(lbs, `${lbs}:aside`);
    await suite.redis().set(lbs, 'no stream');
    await jobOf({});
    const job = await ended(view);
    expect(job).to.deep.include({ phase: 'failed', matching: 30, changed: 0, refused: 10 });
    expect(job.errors[0]?.message).to.match(/WRONGTYPE|wrong kind/);
    expect(job.errors[0]?.count).to.equal(10);
    expect(await suite.redis().xlen(fleet().names.dlq)).to.equal(30);
    await suite.redis().rename(`${lbs}:aside`, lbs);
  });

  it('is refused where the inspector only shows, and where it is not asked as it should be [C-ACT-2]', async () => {
    await write(2, 'TypeError');
    const { runtime, post } = await inspected();
    for (const body of [{}, { action: 'drop', filter: {}, range: {} }, { action: 'delete', filter: {} }]) {
      expect((await post('/jobs', body)).status).to.equal(400);
    }
    const readOnly = await inspectors.open();
    readOnly.attach(runtime);
    const range = { newest: null, fromMs: null, toMs: null };
    for (const [rest, body] of [
      ['/jobs', { action: 'delete', filter: {}, range }],
      ['/jobs/stop', {}],
    ] as const) {
      const reply = await ask(readOnly.url, pathTo(runtime, rest), { method: 'POST', body });
      expect(reply.json<ErrorReply>().error.code).to.equal('ActionsNotAllowed');
    }
    expect(await suite.redis().xlen(fleet().names.dlq)).to.equal(2);
  });

  it('ends with its runtime', async () => {
    await write(5_000, 'TypeError');
    const { runtime, inspector, jobOf } = await inspected();
    const view = await inspectors.view(inspector);
    await view.ready(runtime);
    await jobOf({ action: 'delete' });
    await runtime.stop();
    await eventually('its end is told', () => view.of(runtime).hasEnded);
    expect((await suite.redis().xlen(fleet().names.dlq)) > 0).to.equal(true);
  });
});
