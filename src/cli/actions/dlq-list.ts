/** Lists dead letters, the newest first. */
import { selectLetters } from '../../redis/dead-letter-selection.js';
import { EXIT } from '../errors.js';
import { type FilterOptions, filterOf } from '../letters/letter-choice.js';
import { letterPrinter } from '../letters/letter-view.js';
import type { Output } from '../output.js';
import { type ServiceVisitOptions, withService } from '../service-visit.js';

interface ListOptions extends ServiceVisitOptions, FilterOptions {
  readonly limit?: number;
}

export async function list(options: ListOptions, output: Output): Promise<number> {
  return await withService(options, output, async ({ deadLetters, lettersNow }) => {
    const now = await lettersNow();
    const print = letterPrinter(output, now);
    const { limit = Number.POSITIVE_INFINITY } = options;
    let shown = 0;
    for await (const page of selectLetters(deadLetters, filterOf(options, now), { order: 'newestFirst' })) {
      for (const letter of page.slice(0, limit - shown)) print(letter);
      shown += Math.min(page.length, limit - shown);
      if (shown >= limit) break;
    }
    if (!output.json && shown === 0) output.write('no dead letters');
    return EXIT.ok;
  });
}
