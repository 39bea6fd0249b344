/**
 * Bare ioredis that reads entries and keeps them, the usual way: what fail-over and memory are measured beside. No locks, no actors, no verification: as
 * long as it lives it claims its own entries again every half heartbeat, so that they never look idle for a heartbeat.
 */
import { Redis } from 'ioredis';

export const BARE_GROUP = 'bare';
const BATCH = 500;

/** One stream as an application would keep it, with the same strings that the runtime keeps. */
export interface BareStream {
  readonly id: string;
  readonly name: string;
  readonly info: unknown;
  readonly lockKey: string;
}

type Entries = [id: string, fields: string[]][];

export function bareStreamOf(id: string, fields: readonly string[]): BareStream {
  const payload = JSON.parse(fields[1] as string) as { DataStreamName: string; Info?: unknown };
  const name = payload.DataStreamName;
  return { id, name, info: payload.Info ?? null, lockKey: `${name}:lock:${id}` };
}

export interface BareHolder {
  readonly streams: ReadonlyMap<string, BareStream>;
  /** Reads until it holds so many. */
  hold(count: number): Promise<void>;
  close(): void;
}

export async function createBareHolder(
  url: string,
  stream: string,
  consumer: string,
  heartbeatMs: number,
): Promise<BareHolder> {
  const [commands, reader] = [new Redis(url), new Redis(url)];
  const streams = new Map<string, BareStream>();
  await commands.xgroup('CREATE', stream, BARE_GROUP, '0', 'MKSTREAM').catch((error: Error) => {
    if (!error.message.startsWith('BUSYGROUP')) throw error;
  });

  async function beat(): Promise<void> {
    const ids = [...streams.keys()];
    for (let at = 0; at < ids.length; at += BATCH) {
      await commands.xclaim(stream, BARE_GROUP, consumer, 0, ...ids.slice(at, at + BATCH), 'JUSTID');
    }
  }
  const timer = setInterval(() => void beat(), heartbeatMs / 2);

  return {
    streams,
    async hold(count) {
      while (streams.size < count) {
        const reply = (await reader.xreadgroup(
          'GROUP', BARE_GROUP, consumer, 'COUNT', 128, 'BLOCK', 1000, 'STREAMS', stream, '>',
        )) as [string, Entries][] | null; // biome-ignore format: one command, one line
        for (const [id, fields] of reply?.[0]?.[1] ?? []) streams.set(id, bareStreamOf(id, fields));
      }
    },
    close() {
      clearInterval(timer);
      commands.disconnect();
      reader.disconnect();
    },
  };
}

/** Announces so many streams, as the producer does. */
export async function announceBare(url: string, stream: string, count: number): Promise<void> {
  const client = new Redis(url);
  for (let at = 0; at < count; at += BATCH) {
    const pipeline = client.pipeline();
    for (let n = at; n < Math.min(count, at + BATCH); n++) {
      pipeline.xadd(stream, '*', 'lbs-input', JSON.stringify({ DataStreamName: `stream-${n}`, Info: { n } }));
    }
    await pipeline.exec();
  }
  client.disconnect();
}
