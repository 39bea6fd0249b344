import { writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { isStreamwardenError, type StreamwardenError } from '../../src/core/errors.js';
import type { Line } from '../../src/replay/format.js';
import { loadRecording, openRecording, parseRecording } from '../../src/replay/recording.js';
import { replay, replayFile } from '../../src/replay/replayer.js';
import { scenario } from '../../src/replay/scenario.js';
import { useFolder } from '../support/recordings.js';
import { rejection } from '../support/rejection.js';

const made = scenario('orders')
  .actor('consumer/ownership/1-0', { input: { id: '1-0', name: 's', retryCount: 0 } })
  .send('verified', 'lease.missed')
  .recording();
const texts = [made.header, ...made.lines].map((line) => JSON.stringify(line));

function refusal(lines: readonly string[], end = '\n'): StreamwardenError {
  try {
    parseRecording(lines.join('\n') + end, 'x.jsonl');
  } catch (error) {
    if (isStreamwardenError(error)) return error;
    throw error;
  }
  throw new Error('expected it to be refused');
}

/** The lines with one replaced by what is made of it. */
function changed(index: number, change: (line: Record<string, unknown>) => unknown): string[] {
  return texts.map((text, at) => {
    if (at !== index) return text;
    const made = change(JSON.parse(text) as Record<string, unknown>);
    return typeof made === 'string' ? made : JSON.stringify(made);
  });
}

describe('reading a recording', () => {
  const folder = useFolder();

  it('gives back what was written', () => {
    const { header, lines, cut } = parseRecording(`${texts.join('\n')}\n`);
    expect(header).to.deep.equal(made.header);
    expect(lines).to.deep.equal(made.lines);
    expect(cut).to.equal(null);
  });

  it('does not mind in which pieces the text comes, a missing last line end, or what a later minor version adds', async () => {
    const file = folder('a.jsonl');
    const text = changed(1, (line) => ({ ...line, mood: 'good' })).join('\n');
    writeFileSync(file, text);
    const reader = await openRecording(file);
    const lines: Line[] = [];
    for await (const batch of reader) lines.push(...batch);
    expect(lines).to.deep.equal(made.lines);
    expect((await loadRecording(file)).lines).to.deep.equal(made.lines);
  });

  describe('says what is wrong, and where:', () => {
    const malformed: Record<string, [lines: readonly string[], words: RegExp]> = {
      'an empty file': [[], /^expected line 1 of x\.jsonl to be a header, got: nothing$/],
      'no recording at all': [
        ['{"name":"streamwarden"}'],
        /expected line 1 .* a header with format streamwarden-recording/,
      ],
      'a header that is wrong': [
        changed(0, (line) => ({ ...line, startedAt: 'noon' })),
        /line 1 .*startedAt/,
      ],
      'no JSON': [changed(2, () => 'nonsense'), /expected line 3 of x\.jsonl to be JSON, got: /],
      'an unknown kind': [
        changed(2, (line) => ({ ...line, kind: 'dream' })),
        /expected line 3 .* a line of a recording/,
      ],
      'a member that is missing': [changed(1, ({ actor: _, ...line }) => line), /expected line 2 .*actor/],
      'a member of the wrong kind': [
        changed(2, (line) => ({ ...line, state: 5 })),
        /expected line 3 .*state/,
      ],
      'an event without a type': [changed(2, (line) => ({ ...line, event: {} })), /expected line 3 .*event/],
      'a patch that is none': [
        changed(2, (line) => ({ ...line, patch: [['a', 1]] })),
        /expected line 3 .*patch/,
      ],
      'lines in the wrong order': [
        changed(3, (line) => ({ ...line, seq: 0 })),
        /expected line 4 .*a seq of 1 or more, got: 0/,
      ],
      'lines after the end': [[...texts, texts[1] as string], /expected line 6 .*nothing after the end/],
    };
    for (const [what, [lines, words]] of Object.entries(malformed)) {
      it(what, () => {
        const error = refusal(lines);
        expect(error.code).to.equal('RecordingMalformed');
        expect(error.message).to.match(words);
      });
    }

    it('a version of the future', () => {
      const error = refusal(changed(0, (line) => ({ ...line, version: 3, machines: 'told otherwise' })));
      expect(error.code).to.equal('RecordingUnsupported');
      expect(error.message).to.match(/version 2, got: 3; a newer streamwarden recorded it/);
      expect(error.details).to.deep.include({ version: 3 });
    });

    it('a file that is not there', async () => {
      for (const read of [loadRecording, openRecording, replayFile]) {
        const error = await rejection(read(folder('none.jsonl')));
        expect(error).to.include({ code: 'RecordingUnreadable' });
      }
    });

    it('what can be no path', async () => {
      for (const read of [loadRecording, openRecording, replayFile]) {
        const error = await rejection(read('a\0b'));
        expect(error).to.deep.include({ code: 'RecordingUnreadable', details: { file: 'a\0b' } });
      }
    });
  });

  it('reads up to where the file was cut off, wherever that is', async () => {
    const text = `${texts.join('\n')}\n`;
    const headerLength = (texts[0] as string).length;
    for (let length = headerLength + 2; length < text.length; length += 7) {
      const recording = parseRecording(text.slice(0, length));
      const whole = text.slice(0, length).split('\n').length - 1;
      expect(recording.lines.length).to.be.within(whole - 1, whole);
      const report = replay(recording);
      expect(report.agrees, `cut at ${length}`).to.equal(true);
      expect(report.complete).to.equal(recording.lines.at(-1)?.kind === 'end');
    }
    const file = folder('cut.jsonl');
    writeFileSync(file, text.slice(0, text.length - 30));
    const report = await replayFile(file);
    expect(report).to.deep.include({ agrees: true, complete: false, events: 2 });
    expect(report.cut).to.include({ line: 5 });
  });

  it('is no recording when the header is cut off', () => {
    expect(refusal([(texts[0] as string).slice(0, 40)], '').message).to.match(
      /line 1 .* a header, got: nothing/,
    );
  });
});
