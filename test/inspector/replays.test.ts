/** Recordings of others are replayed apart from the thread that holds leases, in bounded time and memory, and at a cost in proportion to them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { runInThisContext } from 'node:vm';
import { expect } from 'chai';
import { Replays } from '../../src/inspector/replays.js';
import { isSameJson, type Json } from '../../src/replay/json-safe.js';
import { RecordingParser } from '../../src/replay/parser.js';
import { applyPatch, type Patch, Patcher } from '../../src/replay/patch.js';
import { hangingMs } from '../support/pace.js';
import { useFolder } from '../support/recordings.js';
import { rejection } from '../support/rejection.js';

const plain = fileURLToPath(new URL('../recordings/plain-life.jsonl', import.meta.url));

/** Stopped where it takes more than its share: a million million steps, say. */
function bounded(work: () => void): void {
  Object.assign(globalThis, { workOfTest: work });
  try {
    runInThisContext('workOfTest()', { timeout: hangingMs() });
  } finally {
    Reflect.deleteProperty(globalThis, 'workOfTest');
  }
}

describe('a recording of somebody else', () => {
  const folder = useFolder();

  /** A recording whose one line has all that its replay takes. */
  function costly(members: number): string {
    const [header = '', ...lines] = readFileSync(plain, 'utf8').split('\n');
    const wide = JSON.stringify(Array.from({ length: members }, (_, at) => ({ at })));
    const spawn = `{"kind":"spawn","seq":0,"at":0,"actor":"x","machine":"supervisor","input":{"keep":${wide}},"state":"supervising","context":${wide}}`;
    const file = folder('costly.jsonl');
    writeFileSync(file, [header, spawn, ...lines].join('\n'));
    return file;
  }

  it('is replayed in a thread of its own, which leaves the event loop free, however much one line of it costs', async () => {
    const file = costly(60_000);
    const began = performance.now();
    let last = began;
    let longestMs = 0;
    let isOver = false;
    const replayed = new Replays().ofFile(file).finally(() => {
      isOver = true;
    });
    while (!isOver) {
      await turn();
      const now = performance.now();
      longestMs = Math.max(longestMs, now - last);
      last = now;
    }
    const tookMs = last - began;
    expect(JSON.parse(Buffer.from((await replayed).bytes).toString('utf8'))).to.have.property('agrees');
    // A heartbeat would have had its turn, however slow the machine is.
    expect(longestMs, `of ${tookMs} ms`).to.be.below(tookMs / 2);
  });

  for (const [what, limits] of [
    ['time', { ms: 1, megabytes: 512 }],
    ['memory', { ms: hangingMs(), megabytes: 6 }],
  ] as const) {
    it(`is given up when its ${what} is over, and the next one is replayed`, async () => {
      const file = costly(300_000);
      const replays = new Replays(limits);
      for (let time = 0; time < 2; time += 1) {
        expect(await rejection(replays.ofFile(file))).to.include({ code: 'TooCostly', status: 422 });
      }
    });
  }

  it('says what is wrong with it, also from there', async () => {
    expect(await rejection(new Replays().ofFile(folder('none.jsonl')))).to.include({
      code: 'RecordingUnreadable',
    });
    const file = folder('other.jsonl');
    writeFileSync(file, '{}\n');
    expect(await rejection(new Replays().ofFile(file))).to.include({ code: 'RecordingMalformed' });
  });

  it('that is nested without end is refused, wherever that is', () => {
    const [header = ''] = readFileSync(plain, 'utf8').split('\n');
    const deep = `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`;
    for (const line of [
      `{"kind":"spawn","seq":0,"at":0,"actor":"x","machine":"m","state":${deep},"context":{}}`,
      `{"kind":"spawn","seq":0,"at":0,"actor":"x","machine":"m","state":"s","context":${deep}}`,
      `{"kind":"notification","seq":0,"at":0,"notification":{"type":"t","info":${deep}}}`,
    ]) {
      const parser = new RecordingParser('the recording');
      parser.push(`${header}\n`);
      expect(() => parser.push(`${line}\n`)).to.throw(/nested at most 64 deep/);
    }
    const path = '/a'.repeat(20_000);
    expect(() => applyPatch({ a: 1 }, [[path, 1]])).to.throw(/a path of at most 64 steps/);
  });

  it('whose line comes in a million pieces is put together in steps in proportion to it', () => {
    bounded(() => {
      const [header = ''] = readFileSync(plain, 'utf8').split('\n');
      const parser = new RecordingParser('the recording');
      parser.push(`${header}\n{"kind":"lost","seq":0,"at":0,"lines":1,"x":"`);
      for (let piece = 0; piece < 1_000_000; piece += 1) parser.push('0123456789');
      expect(parser.push('"}\n')).to.have.length(1);
    });
  });

  it('that changes one large context many times is patched in steps in proportion to the changes', () => {
    const size = 50_000;
    const target: Json = Object.fromEntries(Array.from({ length: size }, (_, at) => [`member${at}`, [at]]));
    const patch: Patch = Array.from({ length: size }, (_, at) => [`/member${at}/0`, -at] as const);
    bounded(() => {
      const patcher = new Patcher();
      // All in one line, and one a line.
      let value = patcher.apply(target, patch);
      for (const operation of patch) value = patcher.apply(value, [operation]);
      expect(isSameJson(value, applyPatch(target, patch))).to.equal(true);
    });
    expect((target as Record<string, Json>).member7).to.deep.equal([7]);
  });
});
