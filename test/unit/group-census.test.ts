import { expect } from 'chai';
import { GroupCensus } from '../../src/actors/recovery/group-census.js';
import type { GroupConsumer } from '../../src/redis/group.js';

/** Most that have nothing pending and were not present that one sweep asks for. */
const SLICE = 200;

const nameOf = (n: number) => `pod~${n.toString(16).padStart(8, '0')}`;

function consumers(count: number, pending: (n: number) => number = () => 0): GroupConsumer[] {
  return Array.from(
    { length: count },
    (_, n) => ({ name: nameOf(n), pending: pending(n), idleMs: 0 }) as GroupConsumer,
  );
}

/** A group in which these are present. */
function census(present: ReadonlySet<string>) {
  const asked: string[][] = [];
  const forgotten: string[][] = [];
  const group = {
    presences: async (names: readonly string[]) => {
      asked.push([...names]);
      return { ttls: names.map((name) => (present.has(name) ? 1000 : -2)), redisMs: 0 };
    },
    forgetAll: async (names: readonly string[]) => {
      forgotten.push([...names]);
    },
  };
  return { census: new GroupCensus(group as never), asked, forgotten };
}

describe('who of a group is present', () => {
  it('is asked of so many at a time that are long gone, by turns', async () => {
    const { census: of, asked } = census(new Set());
    const everyone = consumers(3 * SLICE - 1);
    for (let sweep = 0; sweep < 4; sweep += 1) await of.presences(everyone);
    expect(asked.map(({ length }) => length)).to.deep.equal([SLICE, SLICE, SLICE - 1, SLICE]);
    expect(new Set(asked.slice(0, 3).flat()).size).to.equal(everyone.length);
    expect(asked[3]).to.deep.equal(asked[0]);
  });

  it('is asked in every sweep of whoever has entries pending', async () => {
    const { census: of, asked } = census(new Set());
    const everyone = consumers(5 * SLICE, (n) => (n === 5 * SLICE - 1 ? 1 : 0));
    for (let sweep = 0; sweep < 3; sweep += 1) await of.presences(everyone);
    for (const names of asked) expect(names).to.include(nameOf(5 * SLICE - 1));
  });

  it('is asked in every sweep of whoever was present, also of one who has come back', async () => {
    const present = new Set<string>();
    const { census: of, asked } = census(present);
    const everyone = consumers(3 * SLICE);
    await of.presences(everyone);
    const back = nameOf(2 * SLICE + 1);
    present.add(back);
    for (let sweep = 0; sweep < 4; sweep += 1) await of.presences(everyone);
    const found = asked.findIndex((names) => names.includes(back));
    expect(found).to.equal(2);
    for (const names of asked.slice(found)) expect(names).to.include(back);
  });

  it('decides who is removed: the dead with nothing pending, as many at a time', async () => {
    const present = new Set([nameOf(1)]);
    const { census: of, forgotten } = census(present);
    const everyone = consumers(2 * SLICE, (n) => (n === 2 ? 1 : 0));
    await of.tidy(everyone, await of.presences(everyone));
    const [removed = []] = forgotten;
    expect(removed).to.have.length(SLICE - 1);
    expect(removed).not.to.include(nameOf(1)).and.not.to.include(nameOf(2));
  });
});
