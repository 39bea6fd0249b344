/** What `consume --entries` does with each stream: reads its entries, and prints each when it has been dealt with. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Runtime } from '../runtime/types.js';
import { inWords, type Output } from './output.js';

export interface EntryPrinterOptions {
  /** How long each entry takes, in milliseconds; 'forever': no time. */
  readonly hold: number | 'forever';
}

export function readEntries({ hold }: EntryPrinterOptions, runtime: Runtime, output: Output): void {
  const workMs = hold === 'forever' ? 0 : hold;
  runtime.process(async (owned) => {
    const { name: stream, id, signal } = owned;
    let count = 0;
    for await (const { id: entryId, fields, attempt } of owned.entries()) {
      if (workMs > 0) await delay(workMs, undefined, { signal });
      count += 1;
      const at = Date.now();
      output.line(
        { at, type: 'EntryHandled', stream, id, entryId, attempt, fields },
        inWords(at, 'entry', `${stream}  ${entryId}  ${JSON.stringify(fields)}`),
      );
    }
    const at = Date.now();
    output.line(
      { at, type: 'EntriesEnded', stream, id, handled: count },
      inWords(at, 'ended', `${stream}  ${id}, entries handled here: ${count}`),
    );
  });
}
