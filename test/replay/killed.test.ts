/** What a SIGKILL costs a recording: at most what was heard in the last twentieth of a second, and in the turn of the event loop that it ended. */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { createProducer } from '../../src/index.js';
import { loadRecording } from '../../src/replay/recording.js';
import { useConsumerProcesses } from '../support/consumer-process.js';
import { eventually } from '../support/eventually.js';
import { describePace, hangingMs, keepable } from '../support/pace.js';
import { createStage, useFolder } from '../support/recordings.js';
import { useRedis } from '../support/redis.js';

const STREAMS = 4_000;
/** Of these a process that is killed in the midst of its work has told of most. */
const KILLED_AT = 2_000;
const GATHER_MS = 50;

describe('the recording of a process that is killed', () => {
  const folder = useFolder();
  const suite = useRedis();
  const spawn = useConsumerProcesses();

  it('is written while the event loop does not turn', async () => {
    const stage = createStage();
    const recording = stage.record({ file: folder('busy.jsonl') });
    const actor = stage.own('1-0');
    const written = () => readFileSync(file, 'utf8');
    let file = '';
    await eventually('what there is to write is written', () => {
      const { files, bytes } = recording.report;
      [file = ''] = files;
      return file !== '' && written().includes('"spawn"') && written().length === bytes;
    });
    const began = performance.now();
    const spin = (ms: number) => {
      while (performance.now() - began < ms);
    };
    actor.send({ type: 'verified' });
    spin(GATHER_MS + 5);
    // Within the same turn: no timer rings, and no promise goes on.
    actor.send({ type: 'handed' });
    const deadline = began + hangingMs();
    while (!written().includes('"verified"')) {
      if (performance.now() > deadline) expect.fail('nothing is written before the event loop turns');
    }
    // What was being processed when that was written comes with the next write, and whole.
    await recording.stop();
    const { lines } = await loadRecording(file);
    expect(lines.map((line) => (line.kind === 'event' ? line.state : line.kind))).to.deep.equal([
      'spawn',
      'acquired',
      'extending',
      'end',
    ]);
  });

  it(`lacks a twentieth of a second, in the midst of taking ${STREAMS} streams`, async () => {
    const service = 'orders';
    const file = folder('killed.jsonl');
    const victim = await spawn({
      redis: suite.server().url,
      service,
      consumerId: 'victim',
      heartbeatMs: keepable(2_000),
      notificationBuffer: 2 * STREAMS,
      lockKeys: false,
      record: { file },
    });
    await victim.start();
    const producer = createProducer({ redis: suite.server().url, service });
    const announced = producer.addMany(Array.from({ length: STREAMS }, (_, at) => ({ name: `order-${at}` })));
    const isAdded = ({ type }: { type: string }) => type === 'StreamAdded';
    await eventually('it works', () => victim.news.filter(isAdded).length >= KILLED_AT);
    await victim.kill();
    await announced;
    await producer.close();

    const { lines, cut } = await loadRecording(file);
    expect(lines.at(-1)?.kind, 'without its end').not.to.equal('end');
    const recorded = new Set(
      lines.flatMap((line) => (line.kind === 'notification' ? [String(line.notification.id)] : [])),
    );
    const told = victim.news.filter((news) => news.type === 'StreamAdded');
    const lacking = told.filter(({ id }) => !recorded.has(id));
    const lostMs = lacking.length === 0 ? 0 : (told.at(-1)?.at ?? 0) - (lacking[0]?.at ?? 0);
    expect(told.length - lacking.length, `recorded, cut at ${cut?.line}`).to.be.above(0);
    expect(lostMs, `${lacking.length} lacking; ${describePace()}`).to.be.at.most(keepable(2 * GATHER_MS));
  });
});
