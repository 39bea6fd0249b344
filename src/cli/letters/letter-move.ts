/** What `dlq redrive` and `dlq delete` have in common: choose, ask, go through them batch by batch, say how far it came, leave an audit line. */

import type { ServiceAccess } from '../../admin/service-access.js';
import { isStreamwardenError, messageOf } from '../../core/errors.js';
import { mayHaveExecuted } from '../../redis/reply-errors.js';
import { audit } from '../audit.js';
import { confirm, refuseUnasked } from '../confirmation.js';
import { CliError, EXIT } from '../errors.js';
import { Interruption, interrupted } from '../interruption.js';
import { type Output, plural } from '../output.js';
import { Progress } from '../progress.js';
import { type ServiceVisitOptions, withService } from '../service-visit.js';
import {
  type Choice,
  type ChoiceOptions,
  checkChoice,
  chosenIds,
  chosenLetters,
  inWords,
  isFiltered,
  isThere,
  standingOf,
} from './letter-choice.js';
import { letterPrinter } from './letter-view.js';

export interface MoveOptions extends ServiceVisitOptions, ChoiceOptions {
  readonly dryRun: boolean;
  readonly yes: boolean;
}

/** What became of a letter; undefined: there was none any more. */
export type MovedLetter = Readonly<Record<string, unknown>> | undefined;

export interface LetterMove {
  /** As it is given on the command line. */
  readonly verb: 'redrive' | 'delete';
  readonly past: 'redriven' | 'deleted';
  /** Of the lines about single letters. */
  readonly type: 'Redriven' | 'Deleted';
  /** In the order of the ids. */
  act(access: ServiceAccess, ids: readonly string[]): Promise<MovedLetter[]>;
  /** What a repetition does with letters of which nobody knows whether they were reached. */
  readonly again: string;
}

/** @throws CliError `Usage`, `ConfirmationNeeded` before anything is done; `NotConfirmed`, `Interrupted` */
export async function moveLetters(
  move: LetterMove,
  ids: readonly string[],
  options: MoveOptions,
  output: Output,
): Promise<number> {
  checkChoice(ids, options);
  if (!options.dryRun) refuseUnasked(output.host, options.yes);
  return await withService(options, output, async (access, url) => {
    const choice = { ids, options, standing: await standingOf(access) };
    if (options.dryRun) return await show(move, access, choice, output);
    const total = await totalOf(access, choice, options.yes);
    if (total === 0) {
      output.line(summary(move, 0, 0), `no dead letters to ${move.verb}`);
      return EXIT.ok;
    }
    const { dlq } = access.names;
    await confirm(output.host, options.yes, `${move.verb} ${plural(total ?? 0, 'dead letter')} of ${dlq}?`);
    return await new Moving(move, access, choice, { url, service: options.service, output }).run(total);
  });
}

function summary({ past }: LetterMove, moved: number, gone: number) {
  return { type: 'Summary', [past]: moved, gone };
}

/** Undefined: to know it they would all have to be read, and nobody is asked. */
async function totalOf(access: ServiceAccess, choice: Choice, yes: boolean): Promise<number | undefined> {
  const { ids, options } = choice;
  if (!options.all) return ids.length;
  if (!isFiltered(options)) return await access.deadLetters.length();
  if (yes) return undefined;
  let total = 0;
  for await (const page of chosenLetters(access, choice)) total += page.length;
  return total;
}

async function show(
  { verb }: LetterMove,
  access: ServiceAccess,
  choice: Choice,
  output: Output,
): Promise<number> {
  const print = letterPrinter(output, choice.standing.now);
  let found = 0;
  let missing = 0;
  for await (const page of chosenLetters(access, choice)) {
    for (const chosen of page) {
      if (isThere(chosen)) {
        found += 1;
        print(chosen);
      } else {
        missing += 1;
        output.line({ type: 'Gone', id: chosen.id }, `${chosen.id}  no such dead letter`);
      }
    }
  }
  output.line(
    { type: 'Summary', dryRun: true, found, gone: missing },
    `would ${verb} ${plural(found, 'dead letter')}`,
  );
  return missing > 0 ? EXIT.failed : EXIT.ok;
}

interface MovingContext {
  readonly url: string;
  readonly service: string;
  readonly output: Output;
}

class Moving {
  readonly #move: LetterMove;
  readonly #access: ServiceAccess;
  readonly #choice: Choice;
  readonly #url: string;
  readonly #service: string;
  readonly #output: Output;
  #moved = 0;
  #gone = 0;

  constructor(
    move: LetterMove,
    access: ServiceAccess,
    choice: Choice,
    { url, service, output }: MovingContext,
  ) {
    this.#move = move;
    this.#access = access;
    this.#choice = choice;
    this.#url = url;
    this.#service = service;
    this.#output = output;
  }

  async run(total: number | undefined): Promise<number> {
    using interruption = new Interruption(this.#output);
    const { past } = this.#move;
    let isWhole: boolean;
    try {
      isWhole = await this.#each(total, interruption);
    } catch (error) {
      this.#audit('failed');
      throw this.#failure(error);
    }
    this.#audit(isWhole ? 'done' : 'interrupted');
    const done = plural(this.#moved, 'dead letter');
    if (!isWhole) throw interrupted(`${done} ${past}; ${this.#move.again}`);
    const gone = this.#gone === 0 ? '' : `, ${this.#gone} no longer there`;
    this.#output.line(summary(this.#move, this.#moved, this.#gone), `${done} ${past}${gone}`);
    // With --all it is all the same who has done it.
    return this.#gone > 0 && !this.#choice.options.all ? EXIT.failed : EXIT.ok;
  }

  /** Resolves with whether it came to its end. */
  async #each(total: number | undefined, interruption: Interruption): Promise<boolean> {
    using progress = new Progress(total, this.#output);
    for await (const batch of chosenIds(this.#access, this.#choice)) {
      if (interruption.isAsked) return false;
      if (batch.length > 0) this.#tell(batch, await this.#move.act(this.#access, batch));
      progress.show(this.#moved + this.#gone);
    }
    return true;
  }

  #tell(batch: readonly string[], outcomes: readonly MovedLetter[]): void {
    const at = Date.now();
    batch.forEach((id, index) => {
      const outcome = outcomes[index];
      if (outcome === undefined) this.#gone += 1;
      else this.#moved += 1;
      const line =
        outcome === undefined ? { at, type: 'Gone', id } : { at, type: this.#move.type, id, ...outcome };
      if (this.#output.json) this.#output.line(line, '');
    });
  }

  #audit(result: 'done' | 'interrupted' | 'failed'): void {
    const { verb, past } = this.#move;
    const { ids, options } = this.#choice;
    audit(this.#output, this.#url, {
      command: `dlq ${verb}`,
      service: this.#service,
      dlq: this.#access.names.dlq,
      chosen: inWords(ids, options),
      [past]: this.#moved,
      gone: this.#gone,
      result,
    });
  }

  #failure(error: unknown): unknown {
    // What was refused at once was refused because of how the command was given.
    if (this.#moved + this.#gone === 0 && !mayHaveExecuted(error)) return error;
    const code = isStreamwardenError(error) ? error.code : 'InternalError';
    const { past, again } = this.#move;
    const done = plural(this.#moved, 'dead letter');
    const message = `${messageOf(error)}; ${done} ${past}, and perhaps those under way; ${again}`;
    return new CliError(code, message, EXIT.failed);
  }
}
