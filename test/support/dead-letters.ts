import type { Redis } from 'ioredis';

export interface DeadLetter {
  readonly id: string;
  /** Fields and values in turn, as bytes, in the order in which they stand. */
  readonly raw: readonly Buffer[];
  /** Of a repeated field the last value. */
  readonly fields: Readonly<Record<string, string>>;
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
