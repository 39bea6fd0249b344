/** A recording, or several on one axis of time, line by line; what stands in it and, where they part, what the machine does now. */
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline/promises';
import { merge } from '../../replay/merge.js';
import { loadRecording, openRecording, type RecordingReader } from '../../replay/recording.js';
import { Replayer } from '../../replay/replayer.js';
import type { ReplayReport } from '../../replay/report.js';
import { StoryTeller } from '../../replay/story.js';
import { Trim } from '../../replay/trim.js';
import { EXIT } from '../errors.js';
import type { Output } from '../output.js';
import { silenceForPeople, stepForPeople } from '../replay-view.js';

/** As it is read, or merged in memory. */
export async function readerOf(files: readonly string[], from: number): Promise<RecordingReader> {
  const [file = '', ...others] = files;
  const reader = others.length === 0 ? await openRecording(file) : await merged(files);
  return from === 0 ? reader : startingAt(reader, from);
}

async function merged(files: readonly string[]): Promise<RecordingReader> {
  const { header, lines, cut } = merge(await Promise.all(files.map(loadRecording)));
  return {
    header,
    cut,
    [Symbol.asyncIterator]: async function* () {
      yield lines;
    },
  };
}

/** Actors that were there before are introduced. */
function startingAt(reader: RecordingReader, from: number): RecordingReader {
  const trim = new Trim({ from, to: Number.MAX_SAFE_INTEGER });
  return {
    header: reader.header,
    get cut() {
      return reader.cut;
    },
    [Symbol.asyncIterator]: async function* () {
      for await (const lines of reader) {
        yield lines.flatMap((line) => (line.kind === 'end' ? [line] : trim.take(line)));
      }
    },
  };
}

/** @returns undefined where the person at the terminal had enough */
export async function walk(
  reader: RecordingReader,
  actor: string | undefined,
  output: Output,
): Promise<ReplayReport | undefined> {
  const replayer = new Replayer(reader.header, actor === undefined ? {} : { actor });
  const teller = new StoryTeller();
  const { stdin, stdout } = output.host;
  const isTerminal = stdin.isTTY && stdout.isTTY;
  const terminal = isTerminal ? createInterface({ input: stdin, output: stdout }) : undefined;
  let unseenMs = 0;
  try {
    for await (const lines of reader) {
      for (const line of lines) {
        unseenMs += teller.take(line);
        const divergence = replayer.feed(line);
        const isMeant =
          actor === undefined || line.kind === 'lost' || ('actor' in line && line.actor === actor);
        const words = isMeant ? stepForPeople(line, divergence) : undefined;
        if (words === undefined) continue;
        if (unseenMs > 0) output.write(silenceForPeople(unseenMs));
        unseenMs = 0;
        output.write(words);
        if (terminal !== undefined && !(await goesOn(terminal))) return undefined;
      }
    }
  } finally {
    terminal?.close();
  }
  return replayer.report(reader.cut);
}

/** Enter: yes. `q`, the end of the input, or Ctrl-C: no. */
async function goesOn(terminal: Interface): Promise<boolean> {
  const asked = new AbortController();
  const closed = once(terminal, 'close', { signal: asked.signal }).then(() => 'q');
  try {
    return (await Promise.race([terminal.question(''), closed])).trim() !== 'q';
  } catch {
    return false;
  } finally {
    closed.catch(() => {});
    asked.abort();
  }
}

export function codeOf(report: ReplayReport | undefined): number {
  return report === undefined || report.agrees ? EXIT.ok : EXIT.failed;
}
