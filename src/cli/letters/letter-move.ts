/** What `dlq redrive` and `dlq delete` have in common: choose, ask, go through them batch by batch, say how far it came, leave an audit line. */

import type { CallOptions } from '../../admin/calls.js';
import type { DeadLettersAdmin, LetterChoice } from '../../admin/letters/letters-admin.js';
import { plural } from '../../core/amounts.js';
import { isStreamwardenError, messageOf } from '../../core/errors.js';
import type { Names } from '../../redis/names.js';
import { mayHaveExecuted } from '../../redis/reply-errors.js';
import { audit } from '../audit.js';
import { confirm, refuseUnasked } from '../confirmation.js';
import { CliError, EXIT } from '../errors.js';
import { Interruption, interrupted } from '../interruption.js';
import type { Output } from '../output.js';
import { Progress } from '../progress.js';
import { type ServiceVisitOptions, withAdmin } from '../service-visit.js';
import {
  type Choice,
  type ChoiceOptions,
  checkChoice,
  choiceOf,
  inWords,
  isFiltered,
} from './letter-choice.js';
import { letterPrinter } from './letter-view.js';

export interface MoveOptions extends ServiceVisitOptions, ChoiceOptions {
  readonly dryRun: boolean;
  readonly yes: boolean;
}

/** What became of a letter. */
export interface MovedLetter {
  readonly id: string;
  /** Of its line. Undefined: there was no such letter any more. */
  readonly members: Readonly<Record<string, unknown>> | undefined;
}

export interface LetterMove {
  /** As it is given on the command line. */
  readonly verb: 'redrive' | 'delete';
  readonly past: 'redriven' | 'deleted';
  /** Of the lines about single letters. */
  readonly type: 'Redriven' | 'Deleted';
  act(letters: DeadLettersAdmin, choice: LetterChoice, options: CallOptions): AsyncIterable<MovedLetter>;
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
  return await withAdmin(options, output, async ({ admin: { deadLetters }, names, url }) => {
    const choice = { ids, options, standing: await deadLetters.summary() };
    if (options.dryRun) return await show(move, deadLetters, choice, output);
    const total = await totalOf(deadLetters, choice, options.yes);
    if (total === 0) {
      output.line(summary(move, 0, 0), `no dead letters to ${move.verb}`);
      return EXIT.ok;
    }
    const question = `${move.verb} ${plural(total ?? 0, 'dead letter')} of ${names.dlq}?`;
    await confirm(output.host, options.yes, question);
    return await new Moving(move, deadLetters, choice, { url, names, output }).run(total);
  });
}

function summary({ past }: LetterMove, moved: number, gone: number) {
  return { type: 'Summary', [past]: moved, gone };
}

/** Undefined: to know it they would all have to be read, and nobody is asked. */
async function totalOf(letters: DeadLettersAdmin, choice: Choice, yes: boolean): Promise<number | undefined> {
  const { ids, options, standing } = choice;
  if (!options.all) return ids.length;
  if (!isFiltered(options)) return standing.count;
  if (yes) return undefined;
  const chosen = choiceOf(choice);
  let total = 0;
  if (chosen !== undefined && 'all' in chosen) {
    const { all: _all, ...range } = chosen;
    for await (const _letter of letters.list({ ...range, order: 'oldestFirst' })) total += 1;
  }
  return total;
}

async function show(
  { verb }: LetterMove,
  letters: DeadLettersAdmin,
  choice: Choice,
  output: Output,
): Promise<number> {
  const print = letterPrinter(output, choice.standing.nowMs);
  let found = 0;
  let missing = 0;
  const chosen = choiceOf(choice);
  if (chosen !== undefined && 'all' in chosen) {
    const { all: _all, ...range } = chosen;
    for await (const letter of letters.list({ ...range, order: 'oldestFirst' })) {
      found += 1;
      print(letter);
    }
  }
  for (const id of choice.ids) {
    const letter = await letters.get(id);
    if (letter !== null) {
      found += 1;
      print(letter);
    } else {
      missing += 1;
      output.line({ type: 'Gone', id }, `${id}  no such dead letter`);
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
  readonly names: Names;
  readonly output: Output;
}

class Moving {
  readonly #move: LetterMove;
  readonly #letters: DeadLettersAdmin;
  readonly #choice: Choice;
  readonly #url: string;
  readonly #names: Names;
  readonly #output: Output;
  #moved = 0;
  #gone = 0;

  constructor(
    move: LetterMove,
    letters: DeadLettersAdmin,
    choice: Choice,
    { url, names, output }: MovingContext,
  ) {
    this.#move = move;
    this.#letters = letters;
    this.#choice = choice;
    this.#url = url;
    this.#names = names;
    this.#output = output;
  }

  async run(total: number | undefined): Promise<number> {
    using interruption = new Interruption(this.#output);
    const { past } = this.#move;
    let isWhole = true;
    try {
      await this.#each(total, interruption);
    } catch (error) {
      // What was under way has been told by then.
      isWhole = !interruption.isCause(error);
      if (isWhole) {
        this.#audit('failed');
        throw this.#failure(error);
      }
    }
    this.#audit(isWhole ? 'done' : 'interrupted');
    const done = plural(this.#moved, 'dead letter');
    if (!isWhole) throw interrupted(`${done} ${past}; ${this.#move.again}`);
    const gone = this.#gone === 0 ? '' : `, ${this.#gone} no longer there`;
    this.#output.line(summary(this.#move, this.#moved, this.#gone), `${done} ${past}${gone}`);
    // With --all it is all the same who has done it.
    return this.#gone > 0 && !this.#choice.options.all ? EXIT.failed : EXIT.ok;
  }

  async #each(total: number | undefined, { signal }: Interruption): Promise<void> {
    using progress = new Progress(total, this.#output);
    const chosen = choiceOf(this.#choice);
    if (chosen === undefined) return;
    for await (const letter of this.#move.act(this.#letters, chosen, { signal })) {
      this.#tell(letter);
      progress.show(this.#moved + this.#gone);
    }
  }

  #tell({ id, members }: MovedLetter): void {
    if (members === undefined) this.#gone += 1;
    else this.#moved += 1;
    if (!this.#output.json) return;
    const line = members === undefined ? { type: 'Gone', id } : { type: this.#move.type, id, ...members };
    this.#output.line(line, '');
  }

  #audit(result: 'done' | 'interrupted' | 'failed'): void {
    const { verb, past } = this.#move;
    const { ids, options } = this.#choice;
    const { service, dlq } = this.#names;
    audit(this.#output, this.#url, {
      command: `dlq ${verb}`,
      service,
      dlq,
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
