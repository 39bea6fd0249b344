/** Shows one dead letter with all its fields. */
import { CliError, EXIT } from '../errors.js';
import { checkIds, isThere, letterOf } from '../letters/letter-choice.js';
import { letterForPeople, letterLine } from '../letters/letter-view.js';
import type { Output } from '../output.js';
import { type ServiceVisitOptions, withService } from '../service-visit.js';

export async function show(id: string, options: ServiceVisitOptions, output: Output): Promise<number> {
  checkIds([id]);
  return await withService(options, output, async ({ deadLetters, lettersNow, names }) => {
    const letter = await letterOf(deadLetters, id);
    if (!isThere(letter)) throw new CliError('LetterNotFound', `no dead letter ${id} in ${names.dlq}`);
    output.line(letterLine(letter), letterForPeople(letter, await lettersNow()));
    return EXIT.ok;
  });
}
