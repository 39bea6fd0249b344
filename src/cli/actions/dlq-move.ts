/** Announces dead letters anew, or deletes them for good. */
import { type LetterMove, type MoveOptions, moveLetters } from '../letters/letter-move.js';
import type { Output } from '../output.js';

const REDRIVE: LetterMove = {
  verb: 'redrive',
  past: 'redriven',
  type: 'Redriven',
  again: 'run it again for the rest: no letter is announced twice',
  async *act(letters, choice, options) {
    for await (const { id, entry } of letters.redrive(choice, options)) {
      yield { id, members: entry === null ? undefined : { entry } };
    }
  },
};

const DELETE: LetterMove = {
  verb: 'delete',
  past: 'deleted',
  type: 'Deleted',
  again: 'run it again for the rest',
  async *act(letters, choice, options) {
    for await (const { id, deleted } of letters.delete(choice, options)) {
      yield { id, members: deleted ? {} : undefined };
    }
  },
};

export function redrive(ids: readonly string[], options: MoveOptions, output: Output): Promise<number> {
  return moveLetters(REDRIVE, ids, options, output);
}

export function remove(ids: readonly string[], options: MoveOptions, output: Output): Promise<number> {
  return moveLetters(DELETE, ids, options, output);
}
