/** Shows one dead letter with all its fields. */

import { letterLine } from '../../admin/letters/letter-line.js';
import { CliError, EXIT } from '../errors.js';
import { checkIds } from '../letters/letter-choice.js';
import { letterForPeople } from '../letters/letter-view.js';
import type { Output } from '../output.js';
import { type ServiceVisitOptions, withAdmin } from '../service-visit.js';

export async function show(id: string, options: ServiceVisitOptions, output: Output): Promise<number> {
  checkIds([id]);
  return await withAdmin(options, output, async ({ admin: { deadLetters }, names }) => {
    const letter = await deadLetters.get(id);
    if (letter === null) throw new CliError('LetterNotFound', `no dead letter ${id} in ${names.dlq}`);
    const { nowMs } = await deadLetters.summary();
    output.line(letterLine(letter), letterForPeople(letter, nowMs));
    return EXIT.ok;
  });
}
