import { statSync } from 'node:fs';
import * as chai from 'chai';
import { expect } from 'chai';
import { loadRecording, recordings, replay } from '../../src/testing/index.js';
import { eventually } from '../support/eventually.js';
import { useFolder } from '../support/recordings.js';
import { useRedis } from '../support/redis.js';
import { streamNames, useFleet } from '../support/runtimes.js';

chai.use(recordings);

describe('recording a runtime', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);
  const folder = useFolder();

  it('records from the first moment to the last, and replays', async () => {
    const runtime = await fleet().start({ record: { file: folder('a.jsonl') } });
    runtime.process(async () => {});
    await fleet().announce(streamNames(50), { secret: 'info' });
    await eventually('all are done', async () => (await suite.redis().xlen(fleet().names.lbs)) === 0);
    await runtime.stop();

    // Nothing is left to be written when the runtime has stopped.
    const recording = await loadRecording(folder('a.jsonl'));
    expect(runtime.recording?.report).to.deep.include({ files: [folder('a.jsonl')], lost: 0, error: null });
    expect(recording).to.replay();
    expect(recording.header).to.include({ service: fleet().service, consumer: runtime.consumer });
    expect(recording.lines[0]).to.include({ kind: 'spawn', seq: 0, actor: 'supervisor' });
    const told = recording.lines.filter((line) => line.kind === 'notification');
    expect(told.at(-1)?.notification).to.include({ type: 'StreamTerminated', reason: 'stopped' });
    expect(told).to.have.length(51);
    expect(JSON.stringify(recording.lines)).not.to.include('secret');
    expect(recording.lines.at(-1)).to.include({ kind: 'end', why: 'closed', lost: 0 });
    expect(recording).to.visitInOrder(['idle', 'starting', 'recovering', 'running', 'draining', 'stopped']);
    const { machines } = replay(recording);
    expect(machines.find(({ machine }) => machine === 'ownership')).to.include({ actors: 50, diverged: 0 });
  });

  it('begins at any time, with everything that lives', async () => {
    const { runtime, log } = await fleet().listening();
    await fleet().announce(streamNames(3));
    await log.count('StreamAdded', 3);
    expect(runtime.recording).to.equal(undefined);
    const recording = runtime.record({ file: folder('late.jsonl') });
    for (const stream of runtime.ownedStreams()) await stream.done();
    const report = await recording.stop();
    await runtime.stop();

    const late = await loadRecording(report.files[0] as string);
    expect(late).to.replay();
    const met = late.lines.filter((line) => line.kind === 'join').map(({ actor }) => actor);
    expect(met).to.include.members(['supervisor', 'consumer', 'consumer/leaseKeeper', 'consumer/reconciler']);
    expect(met.filter((actor) => actor.startsWith('consumer/ownership/'))).to.have.length(3);
    expect(late).to.visitInOrder(['extending', 'released'], { machine: 'ownership' });
    expect(() => runtime.record({ file: folder('after.jsonl') }))
      .to.throw()
      .with.property('code', 'RuntimeStopped');
  });

  it('has a flight recorder write when a stream is disowned', async () => {
    const ring = { dumpOn: ['StreamDisowned'] };
    const { runtime, log } = await fleet().listening({ record: { file: folder('incident.jsonl'), ring } });
    await fleet().announce(['a', 'b']);
    await log.count('StreamAdded', 2);
    // As if somebody else had been given it.
    await suite.redis().del(fleet().names.lbs);
    await log.count('StreamDisowned', 1);
    await eventually('it has written', () => (runtime.recording?.report.files.length ?? 0) > 0);
    expect(statSync(folder('incident.jsonl')).mode & 0o777, 'for its owner alone').to.equal(0o600);
    const incident = await loadRecording(folder('incident.jsonl'));
    expect(incident.header.why).to.equal('StreamDisowned');
    expect(incident).to.replay();
    expect(incident).to.reach('lost', { machine: 'ownership' });
  });

  for (const [what, ring] of [
    ['recording', undefined],
    ['flight recorder', { dumpOn: ['StreamTerminated'] }],
  ] as const) {
    it(`costs no heartbeat with a ${what}, however long a name is that looks like many URLs`, async () => {
      const file = folder('long.jsonl');
      const name = 'a://'.repeat(16_000);
      const runtime = await fleet().start({ record: ring === undefined ? { file } : { file, ring } });
      const seen: string[] = [];
      runtime.process((stream) => {
        seen.push(stream.name);
      });
      await fleet().announce([name]);
      await eventually('it is done', async () => (await suite.redis().xlen(fleet().names.lbs)) === 0);
      const { lapses } = runtime.snapshot().lease;
      await runtime.stop();
      expect(seen).to.deep.equal([name]);
      expect(lapses).to.equal(0);
      expect(await loadRecording(file)).to.replay();
    });
  }

  it('does not hold the runtime up when it cannot be written', async () => {
    const runtime = await fleet().start({ record: { file: '/dev/null/a.jsonl' } });
    await runtime.stop();
    expect(runtime.recording?.report.error).to.include({ code: 'RecordingFailed' });
  });

  it('refuses options that are wrong, naming them', () => {
    const refused = (record: unknown) => () => fleet().create({ record: record as { file: string } });
    expect(refused({})).to.throw('expected record.file to be a non-empty string, got: undefined');
    expect(refused({ file: 'a', maxMs: 0 })).to.throw(
      'expected record.maxMs to be an integer from 1 to 86400000, got: 0',
    );
    expect(refused({ file: 'a', ring: { last: 1 } })).to.throw(
      'unknown option record.ring.last; did you mean lastMs?',
    );
    expect(refused({ file: 'a', ring: { dumpOn: ['StreamLost'] } })).to.throw(
      /expected record\.ring\.dumpOn/,
    );
  });
});
