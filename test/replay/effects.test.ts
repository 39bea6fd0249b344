import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { createMachine } from 'xstate';
import { effectOf, wordsOfEffects } from '../../src/replay/effects.js';
import { fingerprintOfContext } from '../../src/replay/fingerprint.js';
import type { EventLine, Line, SpawnLine } from '../../src/replay/format.js';
import { machinesById, presentMachines } from '../../src/replay/machines.js';
import { loadRecording, type Recording } from '../../src/replay/recording.js';
import { replay } from '../../src/replay/replayer.js';
import { scenario } from '../../src/replay/scenario.js';
import { stateMachine } from '../../src/replay/state-machine.js';

function words(action: Parameters<typeof effectOf>[0], after: unknown): readonly string[] {
  const effect = effectOf(action);
  return wordsOfEffects(effect === undefined ? [] : [effect], after, 2);
}

describe('what a machine asks for', () => {
  const context = { b: 1, a: { d: 2, c: 3 } };
  const info = { context };

  it('is an action with its parameters, whatever their order', () => {
    expect(words({ type: 'prove', info }, context)).to.deep.equal(['prove']);
    const params = { error: new Error('AUTH secret'), doing: 'raise' };
    expect(words({ type: 'report', params, info }, context)).to.deep.equal([
      'report {"doing":"raise","error":{"$error":{"message":"AUTH ***","name":"Error"}}}',
    ]);
  });

  it('is an actor with its input, and a timer with its time', () => {
    const invoked = { type: 'xstate.spawnChild', params: { id: 'raise', input: { generation: 1 } }, info };
    expect(words(invoked, context)).to.deep.equal(['invoke raise {"generation":1}']);
    const timer = { delay: 25, event: { type: 'xstate.after.retryDelay.x' } };
    expect(words({ type: 'xstate.raise', params: timer, info }, context)).to.deep.equal([
      'after retryDelay 25',
    ]);
  });

  it('is nothing that follows from the states', () => {
    for (const type of ['xstate.stopChild', 'xstate.cancel'])
      expect(words({ type, info }, context)).to.deep.equal([]);
    const within = { event: { type: 'doubt.arisen' } };
    expect(words({ type: 'xstate.raise', params: within, info }, context)).to.deep.equal([]);
  });

  it('tells of a context that is not the one that the step ends with', () => {
    const after = { ...context, b: 2 };
    expect(words({ type: 'prove', info }, after)).to.deep.equal([`prove @${fingerprintOfContext(context)}`]);
    const same = { a: { c: 3, d: 2 }, b: 1 };
    expect(words({ type: 'prove', info }, same)).to.deep.equal(['prove']);
  });

  it('holds nothing of the actor that asks', () => {
    const params = { id: 'raise', actorRef: {}, src: 'raise' };
    expect(Object.keys(effectOf({ type: 'xstate.spawnChild', params, info }) ?? {})).to.have.members([
      'what',
      'data',
      'context',
    ]);
  });
});

describe('a replay compares', () => {
  const keeper = scenario('outage')
    .actor('consumer/leaseKeeper', { input: { heartbeatMs: 1000 } })
    .send('connection.up')
    .fail('raise', new Error('gone'))
    .recording();
  const lost = scenario('lost')
    .actor('consumer/ownership/1-0', { input: { id: '1-0', name: 'one', retryCount: 0 } })
    .send('verified', 'handed', { type: 'lost', reason: 'takenOver' } as { type: string })
    .recording();
  const failing = scenario('failing')
    .actor('supervisor', { input: { keep: 5 } })
    .send(
      {
        type: 'child.started',
        spec: { id: 'a', restart: 'permanent', maxRestarts: 1, withinMs: 10, backoffMs: 1, maxBackoffMs: 9 },
      } as { type: string },
      { type: 'child.failed', child: 'a', error: { code: 'X', message: 'x' }, at: 1, chance: 0 } as {
        type: string;
      },
    )
    .recording();

  /** The machine with its definition as JSON has it, a text in it replaced. */
  function effectsWith(recording: Recording, id: string, from: string, to: string) {
    const original = stateMachine(presentMachines.get(id) as never);
    const keep = new Map<string, unknown>();
    const text = JSON.stringify(original.config, (_, value: unknown) => {
      if (typeof value !== 'function') return value;
      keep.set(`function ${keep.size}`, value);
      return `function ${keep.size - 1}`;
    });
    expect(text).to.include(from);
    const config = JSON.parse(text.replaceAll(from, to), (_, value: unknown) =>
      typeof value === 'string' && keep.has(value) ? keep.get(value) : value,
    ) as object;
    const changed = createMachine(config as never, original.implementations as never);
    const machines = new Map([...presentMachines, ...machinesById([changed as never])]);
    const [found] = replay(recording, { machines }).actors;
    return found?.divergence;
  }

  const order = '["recordReason","disown"]';

  it('the order of an action and an assignment', () => {
    const found = effectsWith(lost, 'ownership', order, '["disown","recordReason"]');
    expect(found?.reason).to.equal('effects');
    expect(found?.effects?.recorded).to.deep.equal(['disown']);
    expect(found?.effects?.replayed[0]).to.match(/^disown @[0-9a-f]{8}$/);
  });

  it('what was judged when it is carried out', () => {
    const found = effectsWith(failing, 'supervisor', '["judge","carryOut"]', '["carryOut","judge"]');
    expect(found).to.include({ reason: 'effects', seq: 2 });
  });

  it('names', () => {
    const found = effectsWith(keeper, 'leaseKeeper', '"type":"report"', '"type":"complain"');
    expect(found).to.include({ reason: 'effects', seq: 2 });
  });

  it('parameters', () => {
    const [spawn, up, failed, ...rest] = keeper.lines;
    const effects =
      (failed as EventLine).effects?.map((words) => words.replace('"raise"', '"refresh"')) ?? [];
    const [found] = replay({
      ...keeper,
      lines: [spawn, up, { ...failed, effects } as Line, ...rest] as Line[],
    }).actors;
    expect(found?.divergence).to.deep.include({ reason: 'effects', seq: 2 });
    expect(found?.divergence?.effects?.replayed[0]).to.match(/^report {"doing":"raise","error":/);
  });

  it('what was asked for at the beginning', () => {
    const watched = scenario('begins')
      .actor('topologyWatcher', { input: { calmMs: 1, restlessMs: 1 } })
      .recording();
    const [spawn] = watched.lines as [SpawnLine];
    expect(spawn.effects).to.deep.equal(['invoke ask']);
    expect(replay(watched).agrees).to.equal(true);
    const { effects: _, ...without } = spawn;
    const [found] = replay({ ...watched, lines: [without, ...watched.lines.slice(1)] }).actors;
    expect(found?.divergence).to.deep.include({
      reason: 'effects',
      step: 0,
      effects: { recorded: [], replayed: ['invoke ask'] },
    });
  });
});

describe('a recording of version 1', () => {
  const file = fileURLToPath(new URL('./version-1.jsonl', import.meta.url));

  it('replays: what it lacks is not compared', async () => {
    const recording = await loadRecording(file);
    expect(recording.header.version).to.equal(1);
    expect(replay(recording)).to.include({ agrees: true, complete: true });
  });

  it('is found out where it says something else', async () => {
    const recording = await loadRecording(file);
    const lines = recording.lines.map((line) =>
      line.kind === 'event' && line.effects !== undefined ? { ...line, effects: ['something'] } : line,
    );
    expect(replay({ ...recording, lines }).agrees).to.equal(false);
  });
});
