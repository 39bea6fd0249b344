/**
 * Adds letters to a dead-letter stream that lives in another slot than the load balancer stream, and so perhaps on another node: it is given
 * the commands of that node. Primitive, like the lease store.
 */
import { byteScript } from './byte-script.js';
import type { Commands } from './commands.js';
import type { Names } from './names.js';
import { redirectionOf } from './reply-errors.js';

/** Fields and values in turn, byte for byte. */
export type LetterFields = readonly Buffer[];

export interface AddedLetter {
  /** On the dead-letter stream. */
  readonly id: string;
  /** How many dead letters were trimmed away to keep the cap. */
  readonly trimmed: number;
  readonly dlqLength: number;
}

export interface DeadLetterStore {
  /**
   * Adds letters, each by itself: in their order what became of them, an error for one that was not added, or of which nobody knows.
   * Never rejects.
   */
  add(letters: readonly LetterFields[]): Promise<(AddedLetter | Error)[]>;
}

/** @param dlqMaxLen cap of the dead-letter stream, approximate; 0: none */
export function createDeadLetterStore(commands: Commands, names: Names, dlqMaxLen: number): DeadLetterStore {
  async function send(fields: LetterFields): Promise<unknown> {
    const args = [dlqMaxLen, ...fields];
    try {
      return await byteScript(commands, 'add-dead-letter', [names.dlq], args);
    } catch (error) {
      // Not executed; the commands know the way by now.
      if (redirectionOf(error)?.kind !== 'moved') throw error;
      return await byteScript(commands, 'add-dead-letter', [names.dlq], args);
    }
  }

  async function addOne(fields: LetterFields): Promise<AddedLetter> {
    const reply = await send(fields);
    const [id, trimmed, dlqLength] = reply as [Buffer, number, number];
    return { id: String(id), trimmed, dlqLength };
  }

  return {
    async add(letters) {
      const outcomes = await Promise.allSettled(letters.map(addOne));
      return outcomes.map((outcome) =>
        outcome.status === 'fulfilled' ? outcome.value : (outcome.reason as Error),
      );
    },
  };
}
