import { expect } from 'chai';
import type { Commands } from '../../src/redis/commands.js';
import { createNames } from '../../src/redis/names.js';
import { createEnsurer } from '../../src/runtime/ensurer.js';

const ARGS_BEFORE_ENTRIES = 3;

describe('a batch of streams that are ensured', () => {
  const entries = Array.from({ length: 40 }, (_, n) => ({ name: `stream-${n}`, payload: '{}', bytes: 20 }));

  /** Redis answers for none so many times, then for all that it is asked for. Resolves with how many it was asked for each time, and the ids. */
  async function ensured(inVain: number) {
    const asked: number[] = [];
    const script = async (_name: string, _keys: readonly string[], args: readonly (string | number)[]) => {
      const names = args.slice(ARGS_BEFORE_ENTRIES).filter((_, at) => at % 2 === 0);
      asked.push(names.length);
      return asked.length <= inVain ? [] : names.flatMap((name) => [name, 1]);
    };
    const ensurer = createEnsurer({
      commands: { script } as unknown as Commands,
      names: createNames({ service: 'orders' }),
      maxEntryBytes: 1000,
      repeated: (call) => call(),
    });
    return { ids: (await ensurer.ensure(entries)).map(({ id }) => id), asked };
  }

  it('is not sent along each time while there is much to read before it [C-ENS-2]', async () => {
    const { ids, asked } = await ensured(6);
    expect(ids).to.deep.equal(entries.map(({ name }) => name));
    expect(asked).to.deep.equal([40, 40, 1, 1, 1, 1, 1, 39]);
  });

  it('is asked for whole again after what was added meanwhile has been read [C-ENS-2]', async () => {
    const { ids, asked } = await ensured(1);
    expect(ids).to.deep.equal(entries.map(({ name }) => name));
    expect(asked).to.deep.equal([40, 40]);
  });
});
