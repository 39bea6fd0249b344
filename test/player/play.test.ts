/** The player: recordings as tests of an application's handler. */
import { expect } from 'chai';
import { isStreamwardenError, type StreamHandler } from '../../src/index.js';
import { type PlayStage, type Played, play } from '../../src/testing/index.js';
import { BEGAN, Recorded } from '../support/recorded.js';
import { rejection } from '../support/rejection.js';

const codeOf = async (call: Promise<unknown>) => ((await rejection(call)) as { code?: unknown }).code;

const kinds = (played: Played) => played.steps.map(({ kind }) => kind);

/** Works in steps of 100 ms until it is told to stop. */
const steady: (stream: Parameters<StreamHandler>[0], stage: PlayStage) => Promise<void> = async (
  { signal },
  { sleep, note },
) => {
  while (!signal.aborted) {
    note('works');
    await sleep(100);
  }
};

describe('play()', () => {
  it('gives the handler what was recorded: name, token, retries, and at that time [C-PLAY-1]', async () => {
    const recording = new Recorded('a')
      .assigned(50, '5-0', 'order-1', { retryCount: 2 })
      .lost(400, '5-0')
      .end(500);
    const seen: unknown[] = [];
    const played = await play(recording.recording, {
      handler: ({ name, id, fencingToken, retryCount, info, failures, deaths, checkpoint }, { clock }) => {
        seen.push({
          name,
          id,
          fencingToken,
          retryCount,
          info,
          failures,
          deaths,
          checkpoint,
          at: clock.now(),
        });
      },
    });
    expect(seen).to.deep.equal([
      {
        name: 'order-1',
        id: '5-0',
        fencingToken: '5-0',
        retryCount: 2,
        info: null,
        failures: 0,
        deaths: 0,
        checkpoint: undefined,
        at: BEGAN + 50,
      },
    ]);
    expect(played.assignments).to.have.length(1);
    expect(played.of('order-1')[0]).to.include({
      consumer: 'a',
      outcome: 'returned',
      timing: 'earlier',
      isDone: true,
    });
  });

  it('aborts the signal where the stream was lost, with the code that the runtime has [C-PLAY-2]', async () => {
    const recording = new Recorded('a').assigned(0, '1-0', 'order-1').lost(250, '1-0').end(300).recording;
    let reason: unknown;
    const played = await play(recording, {
      handler: async (stream, stage) => {
        await steady(stream, stage);
        reason = stream.signal.reason;
        expect(await rejection(stream.done())).to.include({ code: 'StreamNotOwned' });
      },
    });
    expect(isStreamwardenError(reason, 'StreamNotOwned')).to.equal(true);
    const [assignment] = played.assignments;
    expect(assignment).to.deep.include({
      outcome: 'returned',
      timing: 'same',
      ignoredAbort: false,
      isDone: false,
      recorded: { ending: 'lost', seq: 5, ms: 250 },
      abort: { ms: 250, seq: 5, code: 'StreamNotOwned', returnedAfterMs: 50 },
    });
    expect(kinds(played)).to.deep.equal(['begin', 'note', 'note', 'note', 'lost', 'done', 'return']);
  });

  it('says what a handler does, in order, and after which recorded event [C-PLAY-3]', async () => {
    const recording = new Recorded('a')
      .assigned(0, '1-0', 'order-1')
      .proven(100, 1_000)
      .done(300, '1-0', 310)
      .end(400).recording;
    const played = await play(recording, {
      handler: async ({ save, done }, { sleep, note }) => {
        await sleep(150);
        await save('half');
        note('half', 1);
        await sleep(150);
        await done();
      },
    });
    expect(played.steps.map(({ kind, ms, seq, text }) => [kind, ms, seq, text])).to.deep.equal([
      ['begin', 0, 4, ''],
      ['save', 150, 5, ''],
      ['note', 152, 5, 'half'],
      ['done', 302, 6, ''],
      ['return', 312, 7, ''],
    ]);
    expect(played.assignments[0]).to.deep.include({
      timing: 'same',
      isDone: true,
      recorded: { ending: 'done', seq: 6, ms: 300 },
    });
    expect(played.transcript()[1]).to.equal('     150 #5 a order-1 save');
  });

  it('tells a handler that ends sooner than recorded, later, or never [C-PLAY-3]', async () => {
    const { recording } = new Recorded('a')
      .assigned(0, '1-0', 'order-1')
      .done(1_000, '1-0', 1_010)
      .end(2_000);
    const lasting = async (ms: number) => {
      const played = await play(recording, {
        handler: async (_, { sleep }) => await sleep(ms),
        within: '5 s',
      });
      const [{ timing, outcome, isDone } = {}] = played.assignments;
      return { timing, outcome, isDone };
    };
    expect(await lasting(500)).to.deep.equal({ timing: 'earlier', outcome: 'returned', isDone: true });
    expect(await lasting(950)).to.deep.equal({ timing: 'same', outcome: 'returned', isDone: true });
    expect(await lasting(1_200)).to.deep.equal({ timing: 'later', outcome: 'returned', isDone: true });
    expect(await lasting(60_000)).to.deep.equal({ timing: 'later', outcome: 'running', isDone: false });
  });

  it('tells a handler that ignores its signal [C-PLAY-3]', async () => {
    const { recording } = new Recorded('a').assigned(0, '1-0', 'order-1').lost(100, '1-0').end(200);
    const deaf = async (ms: number) => {
      const played = await play(recording, {
        handler: async (_, { sleep }) => await sleep(ms),
        grace: '1 s',
      });
      return played.assignments[0]?.ignoredAbort;
    };
    expect(await deaf(900)).to.equal(false);
    expect(await deaf(1_200)).to.equal(true);
    expect(await deaf(600_000)).to.equal(true);
  });

  it('tells what a handler throws, whether the recorded one did or not [C-PLAY-3]', async () => {
    const error = new Error('not today');
    const { recording } = new Recorded('a').assigned(0, '1-0', 'order-1').lost(100, '1-0').end(200);
    const played = await play(recording, {
      handler: async () => {
        throw error;
      },
    });
    expect(played.assignments[0]).to.include({ outcome: 'threw', error, isDone: false });
    expect(played.steps[1]).to.include({ kind: 'throw', text: 'Error: not today', detail: error });
  });

  it('retries as recorded where the handler throws again, and not where it does not [C-PLAY-4]', async () => {
    const { recording } = new Recorded('a')
      .assigned(0, '1-0', 'order-1')
      .failed(10, '1-0', 100)
      .assigned(120, '2-0', 'order-1', { retryCount: 1 })
      .done(200, '2-0', 210)
      .end(300);
    const codes: unknown[] = [];
    const failing = await play(recording, {
      handler: async ({ retryCount, signal }) => {
        signal.addEventListener('abort', () => codes.push((signal.reason as { code: string }).code));
        if (retryCount === 0) throw new Error('no');
      },
    });
    expect(codes).to.deep.equal(['StreamReleased']);
    expect(failing.assignments.map(({ outcome, timing }) => [outcome, timing])).to.deep.equal([
      ['threw', 'same'],
      ['returned', 'same'],
    ]);
    const mended = await play(recording, { handler: () => {} });
    expect(mended.assignments.map(({ id, isDone, abort }) => ({ id, isDone, abort }))).to.deep.equal([
      { id: '1-0', isDone: true, abort: null },
    ]);
    expect(mended.skipped.map(({ id, retryCount }) => ({ id, retryCount }))).to.deep.equal([
      { id: '2-0', retryCount: 1 },
    ]);
  });

  it('answers done() as recorded: touched meanwhile, and owned as before [C-PLAY-5]', async () => {
    const { recording } = new Recorded('a')
      .assigned(0, '1-0', 'order-1')
      .event(50, '1-0', { type: 'done.requested' }, 'acking')
      .event(60, '1-0', { type: 'ack.refused', wasUncertain: false }, 'extending')
      .told(60, 'StreamTouched', '1-0', { touched: 1 })
      .done(100, '1-0', 110)
      .end(200);
    const heard: unknown[] = [];
    const played = await play(recording, {
      handler: async (stream, { sleep }) => {
        stream.onTouched((touched) => heard.push(touched));
        await sleep(50);
        heard.push(await codeOf(stream.done({ ifTouches: stream.touched })));
        await sleep(40);
        await stream.done({ ifTouches: stream.touched });
      },
    });
    expect(heard).to.have.members(['StreamTouched', 1]);
    expect(played.assignments[0]).to.include({ isDone: true, timing: 'same' });
  });

  it('refuses done() and save() of a stream that is overdue and will turn out to be lost [C-PLAY-5]', async () => {
    const { recording } = new Recorded('a')
      .assigned(0, '1-0', 'order-1')
      .proven(0, 200)
      .uncertain(200, '1-0')
      .lost(500, '1-0')
      .end(600);
    const codes: unknown[] = [];
    await play(recording, {
      handler: async (stream, { sleep, clock }) => {
        await stream.save('certain');
        await sleep(250);
        expect(stream.validUntil).to.be.below(clock.now());
        const saved = codeOf(stream.save('late'));
        codes.push(await codeOf(stream.done()), clock.now() - BEGAN);
        codes.push(await saved);
      },
    });
    expect(codes).to.deep.equal(['StreamNotOwned', 500, 'StreamNotOwned']);
  });

  it('with onUncertain: abort, aborts where the lease was overdue [C-PLAY-2]', async () => {
    const { recording } = new Recorded('a')
      .assigned(0, '1-0', 'order-1')
      .uncertain(200, '1-0')
      .confirmed(300, '1-0')
      .end(400);
    const goingOn = await play(recording, { handler: steady, within: '1 s' });
    expect(goingOn.assignments[0]?.abort).to.equal(null);
    const aborting = await play(recording, { handler: steady, onUncertain: 'abort' });
    expect(aborting.assignments[0]?.abort).to.include({ code: 'LeaseUncertain', ms: 200 });
  });

  it('aborts every stream where the process was asked to stop [C-PLAY-2]', async () => {
    const { recording } = new Recorded('a')
      .assigned(0, '1-0', 'order-1')
      .assigned(10, '2-0', 'order-2')
      .stopped(100)
      .end(200);
    const played = await play(recording, { handler: steady });
    expect(played.assignments.map(({ abort }) => abort?.code)).to.deep.equal([
      'RuntimeStopped',
      'RuntimeStopped',
    ]);
  });

  it('stands still where the process did: a handler that wakes acts before it is told [C-PLAY-6]', async () => {
    const recorded = () =>
      new Recorded('sleeper')
        .assigned(0, '1-0', 'order-1')
        .proven(50, 300)
        .timer(100, 100, 2_000)
        .uncertain(2_001, '1-0')
        .lost(2_010, '1-0')
        .end(2_100).recording;
    const heir = new Recorded('heir')
      .assigned(1_000, '2-0', 'order-1', { retryCount: 1 })
      .end(2_500).recording;
    const played = await play([recorded(), heir], { handler: steady, within: '1 s' });
    expect(played.standstills).to.deep.equal([{ consumer: 'sleeper', seq: 6, ms: 100, lastedMs: 1_900 }]);
    const late = played.steps.filter(({ kind, consumer, owner }) => kind === 'note' && consumer !== owner);
    expect(late.map(({ ms, consumer, owner, lease }) => ({ ms, consumer, owner, lease }))).to.deep.equal([
      { ms: 2_000, consumer: 'sleeper', owner: 'heir', lease: 'overdue' },
    ]);
    const going = await play([recorded(), heir], { handler: steady, standstills: false, within: '1 s' });
    expect(going.standstills).to.deep.equal([]);
  });

  it('ends a process whose recording has no end, as if it had been killed [C-PLAY-6]', async () => {
    const victim = new Recorded('victim').assigned(0, '1-0', 'order-1').proven(250, 1_000).recording;
    const heir = new Recorded('heir').assigned(900, '2-0', 'order-1', { retryCount: 1 }).end(1_000).recording;
    const played = await play([victim, heir], { handler: steady, within: '500 ms' });
    expect(played.of('order-1').map(({ outcome }) => outcome)).to.deep.equal(['crashed', 'running']);
    expect(played.steps.filter(({ consumer }) => consumer === 'victim').at(-1)).to.include({
      kind: 'crash',
      ms: 250,
    });
  });

  it('keeps what is saved for the next owner, and gives one that nobody finished to the next process [C-PLAY-4]', async () => {
    const a = new Recorded('a').assigned(0, '1-0', 'order-1').proven(200, 1_000).recording;
    const b = new Recorded('b').assigned(500, '2-0', 'order-1', { retryCount: 1 }).end(600).recording;
    const begunWith: unknown[] = [];
    const handler = async (stream: Parameters<StreamHandler>[0], { sleep, consumer }: PlayStage) => {
      begunWith.push([consumer, stream.checkpoint]);
      await stream.save(`by ${consumer}`);
      await sleep('1 h');
    };
    await play([a, b], { handler, supply: () => ({ checkpoint: 'before' }) });
    expect(begunWith).to.deep.equal([
      ['a', 'before'],
      ['b', 'by a'],
    ]);
    const finished = await play([a, b], { handler: () => {} });
    expect(finished.skipped.map(({ consumer }) => consumer)).to.deep.equal(['b']);
  });

  it('asks the test for what no recording has: info, entries, counts [C-PLAY-7]', async () => {
    const { recording } = new Recorded('a')
      .assigned(0, '1-0', 'order-1')
      .lost(300, '1-0')
      .assigned(400, '2-0', 'order-1', { retryCount: 1 })
      .end(500);
    const seen: string[] = [];
    const played = await play<{ region: string }>(recording, {
      supply: ({ stream, retryCount }) => ({
        info: { region: `of ${stream}` },
        deaths: retryCount,
        entries: [1, 2, 3, 4].map((n) => ({ id: `${n}-0`, fields: { n: String(n) } })),
      }),
      handler: async (stream, { sleep }) => {
        for await (const { id, fields } of stream.entries()) {
          seen.push(`${stream.info.region} ${stream.deaths} ${id} ${fields.n}`);
          await sleep(120);
        }
      },
    });
    expect(seen).to.deep.equal([
      'of order-1 0 1-0 1',
      'of order-1 0 2-0 2',
      'of order-1 0 3-0 3',
      // The third was in hand when the stream was lost.
      'of order-1 1 3-0 3',
      'of order-1 1 4-0 4',
    ]);
    expect(played.assignments.map(({ outcome, isDone }) => [outcome, isDone])).to.deep.equal([
      ['threw', false],
      ['returned', true],
    ]);
    expect(played.steps.filter(({ kind }) => kind === 'commit').map(({ text }) => text)).to.deep.equal([
      '1-0',
      '2-0',
      '3-0',
      '4-0',
    ]);
  });

  it('gives batches, and entries that come one by one [C-PLAY-7]', async () => {
    const { recording } = new Recorded('a').assigned(0, '1-0', 'order-1').end(100);
    const sizes: number[] = [];
    const batches = async (
      entries: NonNullable<ReturnType<NonNullable<Parameters<typeof play>[1]['supply']>>>['entries'],
    ) => {
      sizes.length = 0;
      await play(recording, {
        supply: () => ({ ...(entries && { entries }) }),
        handler: async (stream) => {
          for await (const batch of stream.batches({ count: 2 })) sizes.push(batch.entries.length);
        },
      });
      return [...sizes];
    };
    const three = [1, 2, 3].map((n) => ({ id: `${n}-0`, fields: {} }));
    expect(await batches(three)).to.deep.equal([2, 1]);
    expect(
      await batches(
        (async function* () {
          yield* three;
        })(),
      ),
    ).to.deep.equal([1, 1, 1]);
  });

  it('tells the application what it was told, in order, with what was recorded as info [C-PLAY-1]', async () => {
    const { recording } = new Recorded('a')
      .assigned(0, '1-0', 'order-1', { info: { region: 'eu' } })
      .uncertain(100, '1-0')
      .confirmed(120, '1-0')
      .lost(200, '1-0')
      .end(300);
    const told: string[] = [];
    await play(recording, {
      handler: ({ info }) => void told.push(`begins ${JSON.stringify(info)}`),
      onNotification: ({ type }, { consumer }) => void told.push(`${consumer} ${type}`),
    });
    expect(told).to.deep.equal([
      'a StreamAdded',
      'begins {"region":"eu"}',
      'a StreamUncertain',
      'a StreamConfirmed',
      'a StreamDisowned',
    ]);
  });

  it('makes one handler for each process with prepare [C-PLAY-1]', async () => {
    const recordings = ['a', 'b'].map(
      (name, at) =>
        new Recorded(name).assigned(0, `${at}-1`, `one-${name}`).assigned(5, `${at}-2`, `two-${name}`).end(10)
          .recording,
    );
    const calls: string[] = [];
    await play(recordings, {
      prepare: ({ consumer }) => {
        let count = 0;
        return ({ name }) => {
          count += 1;
          calls.push(`${consumer} ${count} ${name}`);
        };
      },
    });
    expect(calls).to.deep.equal(['a 1 one-a', 'b 1 one-b', 'a 2 two-a', 'b 2 two-b']);
  });

  it('is the same each time, chance and real work included [C-PLAY-8]', async () => {
    const { recording } = new Recorded('a')
      .assigned(0, '1-0', 'order-1')
      .assigned(1, '2-0', 'order-2')
      .lost(500, '1-0')
      .lost(501, '2-0')
      .end(600);
    const once = async (seed: number) => {
      const played = await play(recording, {
        seed,
        handler: async ({ signal }, { sleep, clock, real, note }) => {
          while (!signal.aborted) {
            note(String(await real(async () => await Promise.resolve('real'))));
            await sleep(clock.random() * 100);
          }
        },
      });
      return played.transcript();
    };
    expect(await once(7)).to.deep.equal(await once(7));
    expect(await once(7)).not.to.deep.equal(await once(8));
  });

  it('plays what a recording lacks around the gap, and says so [C-PLAY-9]', async () => {
    const recorded = new Recorded('a').assigned(0, '1-0', 'order-1').line(50, { kind: 'lost', lines: 7 });
    recorded.lost(100, '1-0').end(200);
    const played = await play(recorded.recording, { handler: steady });
    expect(played.gaps).to.deep.equal([{ consumer: 'a', seq: 5, lines: 7 }]);
  });

  it('begins a stream that was owned when recording began at that moment [C-PLAY-1]', async () => {
    const recorded = new Recorded('a').line(0, {
      kind: 'join',
      actor: 'consumer/ownership/1-0',
      machine: 'ownership',
      state: 'uncertain',
      context: { id: '1-0', name: 'order-1', retryCount: 1, reason: null, unheard: false },
    });
    const played = await play(recorded.lost(90, '1-0').end(200).recording, { handler: steady });
    expect(kinds(played)).to.deep.equal(['uncertain', 'begin', 'note', 'lost', 'return']);
  });
});
