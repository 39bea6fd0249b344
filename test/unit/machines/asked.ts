/** Actors for live machines that answer when the test says so. */
import { fromPromise, type NonReducibleUnknown } from 'xstate';

export interface Question<Input = unknown, Output = unknown> {
  readonly input: Input;
  readonly signal: AbortSignal;
  answer(output: Output): Promise<void>;
  fail(error: unknown): Promise<void>;
}

/** Lets every promise that is settled already be heard of. */
export function heard(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Keeps every question that is put to it, oldest first. */
export function asked<Output, Input = NonReducibleUnknown>() {
  const questions: Array<Question<Input, Output>> = [];
  const logic = fromPromise<Output, Input>(({ input, signal }) => {
    return new Promise<Output>((resolve, reject) => {
      questions.push({
        input,
        signal,
        answer: (output) => {
          resolve(output);
          return heard();
        },
        fail: (error) => {
          reject(error);
          return heard();
        },
      });
    });
  });
  const last = (): Question<Input, Output> => {
    const question = questions.at(-1);
    if (!question) throw new Error('nothing has been asked');
    return question;
  };
  return { logic, questions, last };
}
