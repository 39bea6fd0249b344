import type { RuntimeOptions } from '../../src/index.js';
import { forkProgram } from './programs.js';
import { RuntimeProcess } from './runtime-process.js';

export interface Incident {
  readonly options: RuntimeOptions;
  /** Name of the stream that ends the process which begins with it. */
  readonly poison: string;
  /** Names begin so at which the handler throws. */
  readonly failing: string;
  readonly killsAfterMs: number;
}

export class IncidentProcess extends RuntimeProcess {
  /** Of the page of its inspector. */
  url = '';

  /** @param port of its inspector; 0: whichever is free */
  static async spawn(incident: Incident, port: number): Promise<IncidentProcess> {
    const env = { INCIDENT: JSON.stringify({ ...incident, port }) };
    const spawned = new IncidentProcess(await forkProgram('test/support/incident-main', env));
    await spawned.ready();
    spawned.url = (await spawned.ask('url')) as string;
    return spawned;
  }
}

/** A place for a process, which is started again, with its page at the same address, whenever it has died. */
export class IncidentPlace {
  readonly #incident: Incident;
  #present: IncidentProcess;
  #isOver = false;
  /** How many have died here. */
  deaths = 0;

  private constructor(incident: Incident, first: IncidentProcess) {
    this.#incident = incident;
    this.#present = first;
    void this.#replace();
  }

  static async start(incident: Incident): Promise<IncidentPlace> {
    return new IncidentPlace(incident, await IncidentProcess.spawn(incident, 0));
  }

  get process(): IncidentProcess {
    return this.#present;
  }

  async #replace(): Promise<void> {
    const port = Number(new URL(this.#present.url).port);
    while (!this.#isOver) {
      await this.#present.exit;
      if (this.#isOver) return;
      this.deaths += 1;
      this.#present = await IncidentProcess.spawn(this.#incident, port);
    }
    await this.#present.kill();
  }

  async end(): Promise<void> {
    this.#isOver = true;
    this.#present.thaw();
    await this.#present.kill();
  }
}
