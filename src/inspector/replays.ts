/** Holds recordings against the present machines, for the page. Nothing of them is kept. */
import type { IncomingMessage } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { RecordingParser } from '../replay/parser.js';
import { openRecording } from '../replay/recording.js';
import { Replayer } from '../replay/replayer.js';
import type { ReplayReport } from '../replay/report.js';
import { bodyOf, expectType } from './http.js';
import { Refusal } from './refusal.js';

export const MAX_REPLAY_BYTES = 128 * 1024 * 1024;

/** Characters that are replayed before control goes back to the event loop: about a millisecond's worth. */
const SLICE = 16 * 1024;

export class Replays {
  #isBusy = false;

  /**
   * The report on the recording in a request's body, read as it comes and in bounded memory.
   * @throws Refusal `Busy`, `TooLarge`; StreamwardenError `RecordingMalformed`, `RecordingUnsupported`
   */
  async ofBody(request: IncomingMessage): Promise<ReplayReport> {
    expectType(request, 'application/x-ndjson');
    return await this.#alone(async () => {
      const parser = new RecordingParser('the recording');
      const decoder = new TextDecoder();
      let replayer: Replayer | undefined;
      const take = async (text: string) => {
        for (let at = 0; at < text.length; at += SLICE) {
          const lines = parser.push(text.slice(at, at + SLICE));
          if (parser.hasHeader) replayer ??= new Replayer(parser.header);
          for (const line of lines) replayer?.feed(line);
          await nextTurn();
        }
      };
      for await (const chunk of bodyOf(request, MAX_REPLAY_BYTES)) {
        await take(decoder.decode(chunk, { stream: true }));
      }
      await take(decoder.decode());
      const rest = parser.end();
      replayer ??= new Replayer(parser.header);
      for (const line of rest) replayer.feed(line);
      return replayer.report(parser.cut);
    });
  }

  /** @throws StreamwardenError `RecordingUnreadable`, `RecordingMalformed`, `RecordingUnsupported` */
  async ofFile(file: string): Promise<ReplayReport> {
    const reader = await openRecording(file);
    const replayer = new Replayer(reader.header);
    for await (const lines of reader) {
      for (const line of lines) replayer.feed(line);
      await nextTurn();
    }
    return replayer.report(reader.cut);
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isBusy) throw new Refusal(429, 'Busy', 'another recording is being replayed');
    this.#isBusy = true;
    try {
      return await work();
    } finally {
      this.#isBusy = false;
    }
  }
}
