import type { ReadEntry } from '../../src/redis/entry-reader.js';

/** What is needed of a kernel to read payloads. All entries come in one page; `turns()` says how often the event loop was given back. */
export function parsingKernel(count: number, bytes: number) {
  let given = 0;
  const ids = Array.from({ length: count }, (_, at) => `${at + 1}-0`);
  const entryOf = (id: string): ReadEntry => {
    const payload = (filling: string) =>
      JSON.stringify({ DataStreamName: `stream of ${id}`, Info: { filling } });
    const rest = 'lbs-input'.length + payload('').length;
    return { outcome: 'read', id, fields: ['lbs-input', payload('x'.repeat(bytes - rest))] };
  };
  async function* pages(asked: readonly string[]): AsyncGenerator<readonly ReadEntry[]> {
    yield asked.map(entryOf);
  }
  const kernel = {
    clock: {
      monotonic: () => 0,
      setImmediate(callback: () => void) {
        given += 1;
        setImmediate(callback);
      },
    },
    entries: { pages },
    settings: { maxEntryBytes: 8_388_608, largeIntegers: 'round' },
    logger: { warn: () => undefined, debug: () => undefined },
  };
  return { kernel, ids, turns: () => given };
}
