/** Announces stranded entries anew. */

import { entries } from '../../core/amounts.js';
import { audit } from '../audit.js';
import { confirm, refuseUnasked } from '../confirmation.js';
import { EXIT } from '../errors.js';
import { checkIds } from '../letters/letter-choice.js';
import type { Output } from '../output.js';
import { type ServiceVisitOptions, withAdmin } from '../service-visit.js';

interface AdoptOptions extends ServiceVisitOptions {
  readonly dryRun: boolean;
  readonly yes: boolean;
}

/** @throws CliError `Usage`, `ConfirmationNeeded` before anything is done; `NotConfirmed` */
export async function adopt(ids: readonly string[], options: AdoptOptions, output: Output): Promise<number> {
  checkIds(ids);
  const { dryRun, yes, service } = options;
  if (!dryRun) refuseUnasked(output.host, yes);
  return await withAdmin(options, output, async ({ admin, url }) => {
    const found: string[] = [];
    for await (const id of admin.stranded()) found.push(id);
    const chosen = ids.length === 0 ? found : ids.filter((id) => found.includes(id));
    const others = ids.length - (ids.length === 0 ? 0 : chosen.length);
    for (const id of ids.filter((one) => !found.includes(one))) {
      output.line({ type: 'NotStranded', id }, `${id} is not stranded`);
    }
    if (dryRun) {
      for (const id of chosen) output.line({ type: 'Stranded', id }, id);
      if (!output.json) output.write(`stranded: ${entries(chosen.length)}`);
      return others === 0 ? EXIT.ok : EXIT.failed;
    }
    if (chosen.length === 0) {
      if (!output.json) output.write('nothing is stranded');
      return others === 0 ? EXIT.ok : EXIT.failed;
    }
    await confirm(output.host, yes, `announce ${entries(chosen.length)} of ${service} anew?`);
    let adopted = 0;
    let result: 'done' | 'failed' = 'failed';
    try {
      for await (const { id, copyId } of admin.adopt(chosen)) {
        if (copyId === null) {
          output.line({ type: 'NotStranded', id }, `${id} is not stranded any more`);
          continue;
        }
        adopted += 1;
        output.line({ type: 'Adopted', id, copyId }, `${id} announced anew as ${copyId}`);
      }
      result = 'done';
    } finally {
      audit(output, url, {
        command: 'adopt',
        service,
        chosen: ids.length === 0 ? 'all' : ids,
        adopted,
        result,
      });
    }
    return others === 0 && adopted === chosen.length ? EXIT.ok : EXIT.failed;
  });
}
