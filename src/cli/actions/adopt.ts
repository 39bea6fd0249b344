/** Announces stranded entries anew. */
import { setTimeout as delay } from 'node:timers/promises';
import type { ServiceAccess } from '../../admin/service-access.js';
import { STRANDED_PAGE } from '../../redis/stranded.js';
import { audit } from '../audit.js';
import { confirm, refuseUnasked } from '../confirmation.js';
import { EXIT } from '../errors.js';
import { checkIds } from '../letters/letter-choice.js';
import { entries, type Output } from '../output.js';
import { type ServiceVisitOptions, withService } from '../service-visit.js';

interface AdoptOptions extends ServiceVisitOptions {
  readonly dryRun: boolean;
  readonly yes: boolean;
}

/** A consumer of the Go client acknowledges and deletes in two steps: what is stranded has to be so for as long, in milliseconds. */
const SETTLED_MS = 1_000;

/** @throws CliError `Usage`, `ConfirmationNeeded` before anything is done; `NotConfirmed` */
export async function adopt(ids: readonly string[], options: AdoptOptions, output: Output): Promise<number> {
  checkIds(ids);
  const { dryRun, yes, service } = options;
  if (!dryRun) refuseUnasked(output.host, yes);
  return await withService(options, output, async (access, url) => {
    const found = await strandedFor(access, SETTLED_MS);
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
      for (let at = 0; at < chosen.length; at += STRANDED_PAGE) {
        const batch = chosen.slice(at, at + STRANDED_PAGE);
        const copies = await access.stranded.adopt(batch);
        copies.forEach((copyId, index) => {
          const id = batch[index];
          if (copyId === null) {
            output.line({ type: 'NotStranded', id }, `${id} is not stranded any more`);
            return;
          }
          adopted += 1;
          output.line({ type: 'Adopted', id, copyId }, `${id} announced anew as ${copyId}`);
        });
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

/** What was stranded then and still is. */
async function strandedFor({ stranded }: ServiceAccess, ms: number): Promise<string[]> {
  const look = async () => {
    const ids: string[] = [];
    for await (const page of stranded.pages()) ids.push(...page);
    return ids;
  };
  const first = new Set(await look());
  if (first.size === 0) return [];
  await delay(ms);
  return (await look()).filter((id) => first.has(id));
}
