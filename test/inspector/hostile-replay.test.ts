/** Whoever may open the page may upload any file: that costs no owner a heartbeat, although the inspector lives in its process. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { ask, useInspectors } from '../support/inspector.js';
import { keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { streamNames, useFleet } from '../support/runtimes.js';

const plain = fileURLToPath(new URL('../recordings/plain-life.jsonl', import.meta.url));

/** Larger than any of ours, and still one that is read. */
const LONGEST_LINE = 15_000_000;
const CHANGES = 20_000;

function line(actor: string, more: object): string {
  return JSON.stringify({ seq: 0, at: 0, actor, ...more });
}

/** What one recording may have in it. */
const HOSTILE: Readonly<Record<string, (header: string) => string>> = {
  'has lines that cost more than a lease lasts': (header) => {
    const wide = JSON.stringify(Array.from({ length: 500_000 }, (_, at) => ({ at })));
    const spawn = (actor: string) =>
      `{"kind":"spawn","seq":0,"at":0,"actor":"${actor}","machine":"supervisor","input":{},"state":"supervising","context":${wide}}`;
    return [header, ...'abcdefgh'.split('').map(spawn)].join('\n');
  },
  'changes one large context many times': (header) => {
    const context = Object.fromEntries(Array.from({ length: CHANGES }, (_, at) => [`member${at}`, [at]]));
    const spawn = line('a', {
      kind: 'spawn',
      machine: 'supervisor',
      input: {},
      state: 'supervising',
      context,
    });
    const change = (at: number) =>
      line('a', {
        kind: 'event',
        event: { type: 'x' },
        state: 'supervising',
        patch: [[`/member${at}/0`, -at]],
      });
    return [header, spawn, ...Array.from({ length: CHANGES }, (_, at) => change(at))].join('\n');
  },
  'is one line that never ends': (header) => `${header}\n{"kind":"lost","x":"${'y'.repeat(LONGEST_LINE)}`,
  'is nested without end': (header) => `${header}\n${'['.repeat(1_000_000)}`,
};

describe('a process that owns streams and is sent a recording to replay', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);
  const inspectors = useInspectors();

  for (const [what, make] of Object.entries(HOSTILE)) {
    it(`that ${what} goes on owning them, certain all the while`, async () => {
      // Made beforehand: that costs this process itself.
      const [header = ''] = readFileSync(plain, 'utf8').split('\n');
      const body = make(header);
      const { runtime, log } = await fleet().listening({ heartbeatMs: keepable(2000) });
      const names = streamNames(3);
      await fleet().announce(names);
      await log.count('StreamAdded', 3);
      const inspector = await inspectors.open();
      const before = runtime.snapshot().lease;

      const headers = { 'content-type': 'application/x-ndjson' };
      const { status } = await ask(inspector.url, 'api/replay', { method: 'POST', headers, body });

      // Replayed, or given up: what it costs is its own.
      expect(status).to.be.oneOf([200, 422]);
      await eventually('the lease has been renewed since', () => {
        const { validUntil } = runtime.snapshot().lease;
        return (validUntil ?? 0) > (before.validUntil ?? 0);
      });
      expect(runtime.snapshot().lease).to.include({ lapses: before.lapses });
      for (const kind of ['StreamUncertain', 'StreamDisowned'] as const)
        expect(log.of(kind)).to.deep.equal([]);
      expect([...runtime.ownedStreams()].map(({ name }) => name).sort()).to.deep.equal([...names].sort());
    });
  }
});
