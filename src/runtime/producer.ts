/** Announces data streams. */
import { randomBytes } from 'node:crypto';
import { systemClock } from '../core/clock.js';
import { StreamwardenError } from '../core/errors.js';
import { type Logger, silentLogger } from '../core/logger.js';
import { createCommands } from '../redis/commands.js';
import { commandTimeoutFor, createConnections, type RedisTarget } from '../redis/connections.js';
import { encodeEntry, type Info } from '../redis/entry.js';
import { pipelined } from '../redis/pipelined.js';
import { producerNames } from './options.js';

export interface ProducerOptions {
  /** As in RuntimeOptions. */
  readonly redis: RedisTarget;
  readonly service: string;
  /** How long a call waits for Redis, in milliseconds. @defaultValue 10000 */
  readonly timeoutMs?: number;
  readonly logger?: Logger;
}

export interface NewStream {
  /** Name of the data stream: any non-empty string. */
  readonly name: string;
  /** What its owner should know: an object that JSON can carry. */
  readonly info?: Info | null;
}

export interface Producer extends AsyncDisposable {
  /**
   * Announces one data stream; resolves with its entry id.
   * @throws StreamwardenError `InvalidOption` before any I/O; `RedisUnavailable`, and then `details.sent` says whether the entry may be there
   */
  add(name: string, info?: Info | null): Promise<string>;
  /** Announces many; resolves with their ids in the same order. Sent in batches of 500; when one fails, those before it are announced. */
  addMany(streams: readonly NewStream[]): Promise<string[]>;
  close(): Promise<void>;
}

const BATCH = 500;

/** @throws StreamwardenError `InvalidOption` */
function encode({ name, info }: NewStream): string[] {
  if (typeof name !== 'string' || name === '') {
    throw new StreamwardenError(
      'InvalidOption',
      `expected name to be a non-empty string, got: ${JSON.stringify(name)}`,
    );
  }
  if (info !== undefined && info !== null && (typeof info !== 'object' || Array.isArray(info))) {
    throw new StreamwardenError(
      'InvalidOption',
      `expected info of ${name} to be an object, got: ${JSON.stringify(info)}`,
    );
  }
  return encodeEntry(name, info);
}

/** @throws StreamwardenError `InvalidOption` */
export function createProducer(options: ProducerOptions): Producer {
  const { names, redis, timeoutMs, logger } = {
    ...producerNames(options),
    logger: options.logger ?? silentLogger,
  };
  const connections = createConnections({
    target: redis,
    clock: systemClock,
    logger,
    heartbeatMs: timeoutMs,
    connectionName: `streamwarden:producer:${randomBytes(4).toString('hex')}`,
  });
  const link = connections.commands;
  const commands = createCommands(link, systemClock, Math.max(commandTimeoutFor(timeoutMs), 1000));
  let isClosed = false;

  /** Only waits for a connection: a command is sent once, since sending it twice would announce twice. */
  async function connected(): Promise<void> {
    if (isClosed) throw new StreamwardenError('RuntimeStopped', 'the producer is closed');
    if (link.isUp) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        forget();
        reject(
          new StreamwardenError(
            'RedisUnavailable',
            `no connection to Redis within ${timeoutMs} ms: ${link.lastError?.message ?? ''}`,
            {
              retriable: true,
              cause: link.lastError,
              details: { sent: false },
            },
          ),
        );
      }, timeoutMs);
      const forget = link.listen({
        up: () => {
          clearTimeout(timer);
          forget();
          resolve();
        },
        down: () => {},
      });
      link.open();
    });
  }

  async function addMany(streams: readonly NewStream[]): Promise<string[]> {
    const encoded = streams.map(encode);
    const ids: string[] = [];
    for (let at = 0; at < encoded.length; at += BATCH) {
      await connected();
      const batch = encoded.slice(at, at + BATCH);
      const added = await commands.run('XADD', (client) =>
        pipelined<string>(client, (pipeline) => {
          for (const fields of batch) pipeline.xadd(names.lbs, '*', ...fields);
        }),
      );
      ids.push(...added);
    }
    return ids;
  }

  async function close(): Promise<void> {
    isClosed = true;
    connections.close();
  }

  return {
    add: async (name, info) => (await addMany([{ name, info: info ?? null }]))[0] as string,
    addMany,
    close,
    [Symbol.asyncDispose]: close,
  };
}
