import type { Cluster, Redis } from 'ioredis';

export interface DeadLetter {
  readonly id: string;
  /** Fields and values in turn, as bytes, in the order in which they stand. */
  readonly raw: readonly Buffer[];
  /** Of a repeated field the last value. */
  readonly fields: Readonly<Record<string, string>>;
}

const WHEN_AND_WHO: ReadonlySet<string> = new Set(['_dlq_at', '_dlq_owner']);

/** Fields and values of a letter in turn, without those that say when and from whose hands it came: they differ from run to run. */
export function lasting<T extends string | Buffer>(fields: readonly T[]): T[] {
  return fields.filter((_, at) => !WHEN_AND_WHO.has(String(fields[at - (at % 2)])));
}

/** Everything on a dead-letter stream, oldest first. */
export async function deadLetters(redis: Redis, stream: string): Promise<DeadLetter[]> {
  const entries = (await redis.xrangeBuffer(stream, '-', '+')) as unknown as [Buffer, Buffer[]][];
  return entries.map(([id, raw]) => {
    const fields: Record<string, string> = {};
    for (let at = 0; at < raw.length; at += 2) fields[String(raw[at])] = String(raw[at + 1]);
    return { id: String(id), raw, fields };
  });
}

/** So many letters of the data streams `stream-0`, `stream-1`, …, each with its retries spent. */
export async function fillDeadLetters(redis: Redis | Cluster, stream: string, count: number): Promise<void> {
  const rest = ['_retry_count', '4', '_dlq_reason', 'max_retries_exceeded'];
  for (let at = 0; at < count; at += 500) {
    const pipeline = redis.pipeline();
    for (let n = at; n < Math.min(count, at + 500); n += 1) {
      const payload = JSON.stringify({ DataStreamName: `stream-${n}`, Info: { n } });
      pipeline.xadd(stream, '*', 'lbs-input', payload, ...rest);
    }
    await pipeline.exec();
  }
}
