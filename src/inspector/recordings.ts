/** Recordings that viewers of one runtime have begun: a few, in a folder of their own, gone with the inspector. */
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { messageOf } from '../core/errors.js';
import type { ActiveRecording } from '../replay/record-options.js';
import type { Runtime } from '../runtime/types.js';
import type { RecordingInfo } from './protocol.js';
import { Refusal } from './refusal.js';

const MOST_KEPT = 5;
const MAX_BYTES = 64 * 1024 * 1024;
const MAX_MS = 3_600_000;

interface Kept {
  readonly id: string;
  readonly name: string;
  readonly startedAt: number;
  readonly recording: ActiveRecording;
  hasStopped: boolean;
}

/** As a file may be called everywhere. */
function fileName(consumer: string, at: number): string {
  const time = new Date(at).toISOString().slice(0, 19).replace(/\D/g, '-');
  return `${consumer.replace(/[^\w.-]/g, '_')}-${time}.jsonl`;
}

export class Recordings {
  readonly #runtime: Runtime;
  readonly #folder: () => Promise<string>;
  readonly #onChange: () => void;
  readonly #kept: Kept[] = [];
  #count = 0;

  /** @param folder where they go; made when there is one */
  constructor(runtime: Runtime, folder: () => Promise<string>, onChange: () => void) {
    this.#runtime = runtime;
    this.#folder = folder;
    this.#onChange = onChange;
  }

  get hasActive(): boolean {
    return this.#kept.some((kept) => this.#isActive(kept));
  }

  infos(): RecordingInfo[] {
    return this.#kept.map((kept) => this.#info(kept));
  }

  /** @throws Refusal `Busy`, StreamwardenError `RuntimeStopped` */
  async start(): Promise<RecordingInfo> {
    if (this.hasActive) throw new Refusal(409, 'Busy', 'a recording of this runtime is under way');
    const folder = await this.#folder();
    this.#count += 1;
    const startedAt = Date.now();
    const id = String(this.#count);
    const recording = this.#runtime.record({
      file: join(folder, `${this.#runtime.consumer.replace(/[^\w.-]/g, '_')}-${id}.jsonl`),
      maxBytes: MAX_BYTES,
      maxMs: MAX_MS,
    });
    const kept: Kept = {
      id,
      name: fileName(this.#runtime.consumer, startedAt),
      startedAt,
      recording,
      hasStopped: false,
    };
    this.#kept.push(kept);
    while (this.#kept.length > MOST_KEPT) await this.#forget(this.#kept.shift());
    this.#onChange();
    return this.#info(kept);
  }

  /** @throws Refusal `NotFound` */
  async stop(id: string): Promise<RecordingInfo> {
    const kept = this.#find(id);
    await kept.recording.stop();
    kept.hasStopped = true;
    this.#onChange();
    return this.#info(kept);
  }

  /** @throws Refusal `NotFound`, `Busy` */
  async send(id: string, response: ServerResponse): Promise<void> {
    const kept = this.#find(id);
    if (this.#isActive(kept)) throw new Refusal(409, 'Busy', 'the recording is under way: stop it first');
    const { files } = await kept.recording.stop();
    const [file] = files;
    if (file === undefined) throw new Refusal(404, 'NotFound', 'nothing could be written of this recording');
    await sendFile(file, kept.name, response);
  }

  async close(): Promise<void> {
    for (const { recording } of this.#kept) await recording.stop();
  }

  async #forget(kept: Kept | undefined): Promise<void> {
    const report = await kept?.recording.stop();
    for (const file of report?.files ?? []) await rm(file, { force: true });
  }

  #find(id: string): Kept {
    const kept = this.#kept.find((one) => one.id === id);
    if (kept === undefined) throw new Refusal(404, 'NotFound', 'there is no such recording');
    return kept;
  }

  #isActive({ hasStopped, recording, startedAt }: Kept): boolean {
    const { bytes, error } = recording.report;
    return !hasStopped && error === null && bytes < MAX_BYTES && Date.now() - startedAt < MAX_MS;
  }

  #info(kept: Kept): RecordingInfo {
    const { id, name, startedAt, recording } = kept;
    const { events, lost, bytes, error } = recording.report;
    const active = this.#isActive(kept);
    return {
      id,
      name,
      startedAt,
      active,
      events,
      lost,
      bytes,
      error: error === null ? null : messageOf(error),
    };
  }
}

/** As something to be saved. */
export async function sendFile(file: string, name: string, response: ServerResponse): Promise<void> {
  response.writeHead(200, {
    'content-type': 'application/x-ndjson; charset=utf-8',
    'content-disposition': `attachment; filename="${name.replace(/[^\w.-]/g, '_')}"`,
  });
  await pipeline(createReadStream(file), response);
}
