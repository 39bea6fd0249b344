import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { runSchedule } from '../../simulate/fleet.js';
import { drawSchedule } from '../../simulate/schedule.js';
import { replayFile } from '../../src/replay/replayer.js';
import { checkHistory } from '../../src/testing/history.js';
import type { HistoryRecord } from '../../src/testing/history-records.js';

describe('a simulated run that is recorded', () => {
  it('leaves recordings that replay to the end, and a history that the checker reads', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'streamwarden-simulated-'));
    try {
      const schedule = drawSchedule(5, { mostFaults: 3, shape: { poisons: 0 } });
      const { violations } = await runSchedule(schedule, { recordings: folder });
      expect(violations).to.deep.equal([]);
      const files = (await readdir(folder)).filter((file) => file.endsWith('.jsonl'));
      expect(files).to.include.members(['c0-0.jsonl', 'c1-1.jsonl']);
      for (const file of files) {
        const { agrees, events } = await replayFile(join(folder, file));
        expect({ file, agrees }).to.deep.equal({ file, agrees: true });
        expect(events).to.be.greaterThan(100);
      }
      const records = JSON.parse(await readFile(join(folder, 'history.json'), 'utf8')) as HistoryRecord[];
      expect(records).not.to.have.lengthOf(0);
      expect(checkHistory({ records, announced: [], onStream: [] }).violations).to.deep.equal([]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
