/** The recordings of one runtime: started at any time, several at once, ended with it. */
import type { Clock } from '../core/clock.js';
import { messageOf } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import { PACKAGE_VERSION } from '../core/package-version.js';
import type { Seam } from '../core/seam.js';
import { FileRecording } from './file-recording.js';
import { FORMAT, FORMAT_VERSION } from './format.js';
import { fingerprintsOf, presentMachines } from './machines.js';
import type { ActiveRecording, CompiledRecordOptions } from './record-options.js';
import type { RecordingHost } from './recording-host.js';
import { RingRecording } from './ring-recording.js';
import { Tap } from './tap.js';

/** A disk that does not answer holds up the end of a runtime for no longer than this, in milliseconds. */
const END_MS = 2_000;

export interface RecordedRuntime {
  readonly service: string;
  /** Name in the consumer group. */
  readonly consumer: string;
  readonly seam: Seam;
  readonly clock: Clock;
  readonly logger: Logger;
  /** So many entries may wait to be written to a file; when absent, as many as `file-recording.ts` says. */
  readonly maxWaiting?: number;
}

export class Recorder {
  readonly #host: RecordingHost;
  readonly #maxWaiting: number | undefined;
  readonly #all = new Set<FileRecording | RingRecording>();

  constructor({ service, consumer, seam, clock, logger, maxWaiting }: RecordedRuntime) {
    this.#maxWaiting = maxWaiting;
    this.#host = {
      tap: new Tap(seam, clock, (error) => logger.error({ error: messageOf(error) }, 'an observer threw')),
      clock,
      logger,
      headerOf: (why, startedAt) => ({
        kind: 'header',
        format: FORMAT,
        version: FORMAT_VERSION,
        package: PACKAGE_VERSION,
        service,
        consumer,
        startedAt,
        why,
        machines: fingerprintsOf(presentMachines),
      }),
    };
  }

  /** For whoever else wants to hear what is delivered: of two taps, the one that leaves first would take the other one off. */
  get tap(): Tap {
    return this.#host.tap;
  }

  record(options: CompiledRecordOptions): ActiveRecording {
    const { ring } = options;
    const recording = ring
      ? new RingRecording(this.#host, options, ring)
      : new FileRecording(this.#host, options, this.#maxWaiting);
    this.#all.add(recording);
    return {
      get report() {
        return recording.report;
      },
      dump: (why) => recording.dump(why),
      stop: () => {
        this.#all.delete(recording);
        return recording.stop();
      },
    };
  }

  /** The runtime has ended: so have its recordings. */
  async end(): Promise<void> {
    if (this.#all.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<void>((resolve) => {
      // eslint-disable-next-line no-restricted-globals -- a disk has the operating system's time only
      timer = setTimeout(resolve, END_MS);
    });
    await Promise.race([Promise.all([...this.#all].map((recording) => recording.stop('closed'))), tooLong]);
    // eslint-disable-next-line no-restricted-globals -- likewise
    clearTimeout(timer);
  }
}
