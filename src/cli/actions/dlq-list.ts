/** Lists dead letters, the newest first. */
import { EXIT } from '../errors.js';
import { type FilterOptions, filterOf } from '../letters/letter-choice.js';
import { letterPrinter } from '../letters/letter-view.js';
import type { Output } from '../output.js';
import { type ServiceVisitOptions, withAdmin } from '../service-visit.js';

interface ListOptions extends ServiceVisitOptions, FilterOptions {
  readonly limit?: number;
}

export async function list(options: ListOptions, output: Output): Promise<number> {
  return await withAdmin(options, output, async ({ admin: { deadLetters } }) => {
    const { nowMs } = await deadLetters.summary();
    const print = letterPrinter(output, nowMs);
    const { limit } = options;
    const letters = deadLetters.list({
      ...filterOf(options, nowMs),
      ...(limit === undefined ? {} : { limit }),
    });
    let shown = 0;
    for await (const letter of letters) {
      print(letter);
      shown += 1;
    }
    if (!output.json && shown === 0) output.write('no dead letters');
    return EXIT.ok;
  });
}
