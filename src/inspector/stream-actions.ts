/** What viewers do with single streams, where actions are allowed: through the runtime, or as an admin does it, and with a line in the log each. */
import type { StreamsAdmin } from '../admin/streams-admin.js';
import type { Clock } from '../core/clock.js';
import { isStreamwardenError } from '../core/errors.js';
import type { Runtime } from '../runtime/types.js';
import type { Audit } from './audit.js';
import type { StreamAction, StreamActionReply, StreamActionRequest } from './protocol.js';
import { Refusal } from './refusal.js';

/** A release waits for the handler's grace, and out an outage: a viewer waits no longer than this, in milliseconds. */
const PATIENCE_MS = 10_000;

export class StreamActions {
  readonly #runtime: Runtime;
  readonly #streams: StreamsAdmin;
  readonly #clock: Clock;
  readonly #audit: Audit;

  constructor(runtime: Runtime, streams: StreamsAdmin, clock: Clock, audit: Audit) {
    this.#runtime = runtime;
    this.#streams = streams;
    this.#clock = clock;
    this.#audit = audit;
  }

  /** @param by address of who asks @throws Refusal, StreamwardenError */
  async act(action: StreamAction, request: StreamActionRequest, by: string): Promise<StreamActionReply> {
    const { name: stream, ...chosen } = request;
    const line = { command: action, chosen: { stream, ...chosen }, by };
    try {
      const reply = await this.#act(action, request);
      const { action: _action, ...outcome } = reply;
      this.#audit({ ...line, outcome, result: 'done' });
      return reply;
    } catch (error) {
      const code = isStreamwardenError(error) || error instanceof Refusal ? error.code : 'InternalError';
      this.#audit({ ...line, outcome: { code }, result: 'refused' });
      throw error;
    }
  }

  async #act(
    action: StreamAction,
    { name, id, force = false }: StreamActionRequest,
  ): Promise<StreamActionReply> {
    switch (action) {
      case 'release':
        return { action, outcome: await this.#release(name, meant(id)) };
      case 'claim':
        return { action, ...(await this.#streams.claim(meant(id), force)) };
      case 'cancel':
        return { action, ...(await this.#streams.cancel(name)) };
      default:
        return { action, ...(await this.#streams.setPaused(action, name)) };
    }
  }

  async #release(name: string, id: string): Promise<'released' | 'underWay'> {
    const stream = this.#runtime.owned(name);
    if (stream === undefined || stream.id !== id) {
      throw new Refusal(409, 'StreamNotOwned', `this process does not own ${name} under ${id} any more`);
    }
    const released = this.#runtime.release(stream).then(() => 'released' as const);
    // Told to whoever still waits for it; the log of the runtime says the rest.
    released.catch(() => {});
    return await this.#atMost(released);
  }

  #atMost(released: Promise<'released'>): Promise<'released' | 'underWay'> {
    return new Promise((resolve, reject) => {
      const timer = this.#clock.setTimeout(() => resolve('underWay'), PATIENCE_MS);
      released.then(resolve, reject).finally(() => this.#clock.clearTimeout(timer));
    });
  }
}

/** @throws Refusal `Malformed` */
function meant(id: string | undefined): string {
  if (id === undefined) throw new Refusal(400, 'Malformed', 'expected the id of the entry that is meant');
  return id;
}
