/** What can be played: every recording that there is, compressed ones, and what is told of those that cannot. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { loadRecording, parseRecording, play } from '../../src/testing/index.js';
import { Recorded } from '../support/recorded.js';
import { rejection } from '../support/rejection.js';

const RECORDINGS = new URL('../recordings/', import.meta.url);
const handler = () => {};

describe('what play() takes', () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'streamwarden-play-'));
  });

  after(async () => {
    await rm(folder, { recursive: true });
  });

  it('plays every recording that is kept: as many assignments as the application was told of [C-PLAY-1]', async () => {
    const files = (await readdir(RECORDINGS)).filter((name) => name.endsWith('.jsonl'));
    expect(files.length).to.be.above(10);
    for (const name of files) {
      const recording = await loadRecording(new URL(name, RECORDINGS));
      const told = recording.lines.filter(
        (line) => line.kind === 'notification' && line.notification.type === 'StreamAdded',
      );
      // Of a start that fails, say.
      if (told.length === 0) continue;
      const waits = async (
        stream: { signal: AbortSignal },
        { sleep }: { sleep: (ms: number) => Promise<void> },
      ) => {
        while (!stream.signal.aborted) await sleep(50);
      };
      const { assignments, skipped } = await play(recording, { handler: waits, within: '10 s' });
      expect(assignments.length + skipped.length, name).to.equal(told.length);
    }
  });

  it('takes files, compressed or not, and what is left of one that was cut off [C-PLAY-1]', async () => {
    const { text } = new Recorded('a').assigned(0, '1-0', 'order-1').proven(10, 500).proven(20, 500).end(100);
    const compressed = gzipSync(text);
    const written = async (name: string, bytes: string | Uint8Array) => {
      const file = join(folder, name);
      await writeFile(file, bytes);
      return (await play(file, { handler })).assignments.length;
    };
    expect(await written('whole.jsonl', text)).to.equal(1);
    expect(await written('whole.jsonl.gz', compressed)).to.equal(1);
    expect(await written('named-otherwise', compressed)).to.equal(1);
    expect(await written('cut.jsonl', text.slice(0, -30))).to.equal(1);
    expect(await written('cut.jsonl.gz', compressed.subarray(0, -12))).to.equal(1);
  });

  it('plays one that a later minor version has written: members that it does not know change nothing [C-PLAY-1]', async () => {
    const { text } = new Recorded('a').assigned(0, '1-0', 'order-1').end(100);
    const more = text.replaceAll('"kind":"event"', '"kind":"event","more":{"of":"it"}');
    expect((await play(parseRecording(more), { handler })).assignments).to.have.length(1);
  });

  it('tells what cannot be played by typed errors, before any handler is called [C-PLAY-9]', async () => {
    const one = new Recorded('a').assigned(0, '1-0', 'order-1').end(10).recording;
    const none = new Recorded('b').end(10).recording;
    const nameless = new Recorded('c').line(0, {
      kind: 'spawn',
      actor: 'consumer/ownership/1-0',
      machine: 'ownership',
      input: { id: '1-0' },
      state: 'acquiring',
      context: {},
    }).recording;
    let calls = 0;
    const counting = () => {
      calls += 1;
    };
    const why = async (recordings: Parameters<typeof play>[0]) => {
      const error = (await rejection(play(recordings, { handler: counting }))) as Error & {
        code?: string;
        details?: { why?: string };
      };
      return [error.code, error.details?.why];
    };
    expect(await why(none)).to.deep.equal(['RecordingUnplayable', 'nothingAssigned']);
    expect(await why([one, one])).to.deep.equal(['RecordingUnplayable', 'sameConsumer']);
    expect(await why(nameless)).to.deep.equal(['RecordingUnplayable', 'unknownStream']);
    expect(await why(join(folder, 'missing.jsonl'))).to.deep.equal(['RecordingUnreadable', undefined]);
    await writeFile(join(folder, 'other.jsonl'), '{"kind":"header"}\n');
    expect(await why(join(folder, 'other.jsonl'))).to.deep.equal(['RecordingMalformed', undefined]);
    await writeFile(
      join(folder, 'damaged.gz'),
      Uint8Array.of(0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 5, 6, 255, 255, 255, 0),
    );
    expect(await why(join(folder, 'damaged.gz'))).to.deep.equal(['RecordingUnreadable', undefined]);
    const later = (await readFile(new URL('plain-life.jsonl', RECORDINGS), 'utf8')).replace(
      /"version":\d+/,
      '"version":99',
    );
    await writeFile(join(folder, 'later.jsonl'), later);
    expect(await why(join(folder, 'later.jsonl'))).to.deep.equal(['RecordingUnsupported', undefined]);
    expect(calls).to.equal(0);
  });

  it('says so where a handler asks for entries that the test does not supply [C-PLAY-9]', async () => {
    const { recording } = new Recorded('a').assigned(0, '1-0', 'order-1').end(10);
    const asking = play(recording, {
      handler: async (stream) => {
        for await (const _ of stream.entries()) expect.fail('there are none');
      },
    });
    const error = await rejection(asking);
    expect(error).to.deep.include({ code: 'RecordingUnplayable' });
    expect(error.message).to.match(/option supply to give the entries of order-1/);
  });

  it('says so where a handler waits for a timer of Node.js, or what the test gives throws [C-PLAY-9]', async () => {
    const { recording } = new Recorded('a').assigned(0, '1-0', 'order-1').end(10);
    const real = play(recording, {
      handler: async () => {
        await new Promise((resolve) => setTimeout(resolve, 60_000).unref());
        await new Promise((resolve) => setTimeout(resolve, 60_000));
      },
      within: '10 ms',
      realLimitMs: 50,
    });
    // The first one keeps no process alive, so that nobody waits for it.
    expect((await real).assignments[0]).to.include({ outcome: 'running' });
    const waiting = play(recording, {
      handler: async () => await new Promise((resolve) => setTimeout(resolve, 2_000)),
      realLimitMs: 50,
    });
    expect(await rejection(waiting)).to.include({ code: 'RealWork' });
    const mistaken = play(recording, {
      handler,
      supply: () => {
        throw new Error('a slip of the test');
      },
    });
    expect((await rejection(mistaken)).message).to.match(/a slip of the test/);
  });

  it('refuses options that make no sense before anything is read [C-PLAY-9]', async () => {
    const missing = join(folder, 'missing.jsonl');
    const wrong = async (options: object, recordings: unknown = missing) =>
      (await rejection(play(recordings as string, options as Parameters<typeof play>[1]))).message;
    expect(await wrong({})).to.match(/expected either handler or prepare, got: neither/);
    expect(await wrong({ handler, prepare: () => handler })).to.match(/got: both/);
    expect(await wrong({ handler: 'code' })).to.match(/expected handler to be a function/);
    expect(await wrong({ handler, handlr: 1 })).to.match(/handlr/);
    expect(await wrong({ handler, grace: '5 days' })).to.match(/expected grace to be/);
    expect(await wrong({ handler, seed: -1 })).to.match(
      /expected seed to be an integer from 0 to 4294967295/,
    );
    expect(await wrong({ handler, onUncertain: 'maybe' })).to.match(/onUncertain/);
    expect(await wrong({ handler, standstills: 1 })).to.match(/standstills/);
    expect(await wrong({ handler }, [])).to.match(
      /expected recording to be a recording, its path, or a list of them/,
    );
    expect(await wrong(undefined as unknown as object)).to.match(/expected options to be an object/);
  });
});
