/** Whether the unit tests of a machine find it out when it is changed. The machine that they import is made another one, in place. */
import { pathToFileURL } from 'node:url';
import Mocha from 'mocha';
import type { AnyStateMachine } from 'xstate';

/** Gives a machine another one's definition. @returns takes it back */
function become(machine: AnyStateMachine, other: AnyStateMachine): () => void {
  const own = { ...machine };
  Object.assign(machine, other);
  return () => {
    Object.assign(machine, own);
  };
}

export class UnitFolds {
  readonly #mocha: Mocha;

  private constructor(mocha: Mocha) {
    this.#mocha = mocha;
  }

  /** @param file with the tests of one machine */
  static async load(file: string): Promise<UnitFolds> {
    const mocha = new Mocha({ bail: true, reporter: class {} as never, timeout: 20_000 });
    mocha.cleanReferencesAfterRun(false);
    // Imported here and not by Mocha, which may require it: the machine that it tests has to be the one that is changed.
    mocha.suite.emit('pre-require', globalThis, file, mocha);
    await import(pathToFileURL(file).href);
    return new UnitFolds(mocha);
  }

  /** Title of the first test that fails; null: none does. */
  run(): Promise<string | null> {
    return new Promise((resolve) => {
      let failed: string | null = null;
      this.#mocha
        .run(() => resolve(failed))
        .on('fail', (test: { fullTitle(): string }) => {
          failed ??= test.fullTitle();
        });
    });
  }

  async find(machine: AnyStateMachine, mutant: AnyStateMachine): Promise<string | null> {
    const takeBack = become(machine, mutant);
    try {
      return await this.run();
    } finally {
      takeBack();
    }
  }
}
