/** Recording while `consume` runs: its options, and the signal that has a flight recorder write. */
import { accessSync, constants, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Command, Option } from 'commander';
import { plural } from '../core/amounts.js';
import { messageOf } from '../core/errors.js';
import type { RecordOptions } from '../replay/record-options.js';
import { NOTIFICATION_TYPES } from '../runtime/notification-types.js';
import type { Runtime } from '../runtime/types.js';
import { CliError } from './errors.js';
import { inWords, type Output } from './output.js';
import { wholeNumber } from './values.js';

export interface RecordFlags {
  readonly record?: string;
  readonly recordLast?: number;
  readonly recordOn?: readonly string[];
}

export function addRecordOptions(command: Command): Command {
  return command
    .addOption(new Option('--record <file>', 'record what happens, for streamwarden replay'))
    .addOption(
      new Option(
        '--record-last <ms>',
        'keep only so much in memory, and write it to the file of --record on SIGUSR2',
      ).argParser(wholeNumber),
    )
    .addOption(
      new Option(
        '--record-on <types...>',
        'and when the application is told one of these, such as StreamDisowned',
      ).choices(NOTIFICATION_TYPES),
    );
}

/**
 * What the flags ask for. That the file can be written is found out now: later nobody may be looking.
 * @throws CliError
 */
export function recordOptionOf({ record, recordLast, recordOn }: RecordFlags): RecordOptions | undefined {
  if (record === undefined) {
    const flag = recordLast !== undefined ? '--record-last' : recordOn && '--record-on';
    if (flag) throw new CliError('Usage', `expected --record with ${flag}, got: no file to record to`);
    return undefined;
  }
  if (recordOn !== undefined && recordLast === undefined) {
    throw new CliError('Usage', 'expected --record-last with --record-on, got: a recording of everything');
  }
  checkWritable(record);
  if (recordLast === undefined) return { file: record };
  return { file: record, ring: { lastMs: recordLast, dumpOn: recordOn ?? [] } };
}

function checkWritable(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    accessSync(dirname(file), constants.W_OK);
  } catch (error) {
    throw new CliError(
      'RecordingFailed',
      `expected ${file} to be writable, got: ${messageOf(error)} (--record)`,
    );
  }
}

/** Tells which files there are, as they come. */
export class RecordingTold {
  readonly #runtime: Runtime;
  readonly #isRing: boolean;
  readonly #output: Output;
  readonly #told = new Set<string>();
  readonly #onSignal = () => {
    this.#dump().catch((error: unknown) => this.#output.notice(`warning: SIGUSR2: ${messageOf(error)}`));
  };

  /** From now on SIGUSR2 has a flight recorder write. Without one it is told so: left alone, the signal would end the process. */
  constructor(runtime: Runtime, { recordLast }: RecordFlags, output: Output) {
    this.#runtime = runtime;
    this.#isRing = recordLast !== undefined;
    this.#output = output;
    output.host.events.on('SIGUSR2', this.#onSignal);
  }

  /** The runtime has ended: tells what has not been told. */
  end(): void {
    this.#output.host.events.off('SIGUSR2', this.#onSignal);
    const report = this.#runtime.recording?.report;
    if (report === undefined) return;
    for (const file of report.files) this.#tell(file, 'end');
    if (report.lost > 0) this.#output.notice(`warning: ${plural(report.lost, 'line')} could not be recorded`);
    if (report.error !== null) this.#output.notice(`warning: ${report.error.message}`);
  }

  async #dump(): Promise<void> {
    const { recording } = this.#runtime;
    if (recording === undefined || !this.#isRing) {
      throw new CliError('NotRecording', 'expected --record and --record-last, got: no flight recorder');
    }
    this.#tell(await recording.dump('SIGUSR2'), 'SIGUSR2');
  }

  #tell(file: string, why: string): void {
    if (this.#told.has(file)) return;
    this.#told.add(file);
    const at = Date.now();
    this.#output.line({ at, type: 'Recorded', file, why }, inWords(at, 'recorded', file));
  }
}
