/** Fields of an entry as an object. */
import type { DataFields } from '../../redis/data-streams.js';

export function objectOf(fields: DataFields): Record<string, string | Buffer> {
  const object: Record<string, string | Buffer> = {};
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const name = String(fields[at]);
    const value = fields[at + 1] as string | Buffer;
    // By assignment this one would be no field.
    if (name === '__proto__') Object.defineProperty(object, name, { value, enumerable: true });
    else object[name] = value;
  }
  return object;
}
