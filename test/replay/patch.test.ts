import { expect } from 'chai';
import fc from 'fast-check';
import { isSameJson, type Json } from '../../src/replay/json-safe.js';
import { applyPatch, diff, Patcher, PatchMisfit } from '../../src/replay/patch.js';

describe('patches of contexts', () => {
  it('lead from any value to any other', () => {
    const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<Json>;
    fc.assert(
      fc.property(json, json, (before, after) => {
        const patch = JSON.parse(JSON.stringify(diff(before, after))) as ReturnType<typeof diff>;
        expect(isSameJson(applyPatch(before, patch), JSON.parse(JSON.stringify(after)) as Json)).to.equal(
          true,
        );
      }),
      { numRuns: 500 },
    );
  });

  it('lead from a list to one that was changed somewhere', () => {
    const change = fc.record({
      at: fc.nat(12),
      removed: fc.nat(4),
      items: fc.array(fc.nat(3), { maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.array(fc.nat(3), { maxLength: 12 }), change, (before, { at, removed, items }) => {
        const after = before.toSpliced(at, removed, ...items);
        expect(applyPatch(before, diff(before, after))).to.deep.equal(after);
      }),
    );
  });

  it('say no more than what changed', () => {
    const before = { a: 1, b: { c: [1, 2, { d: 3 }] }, 'e/~': 0, gone: true };
    const after = { a: 1, b: { c: [1, 2, { d: 4 }] }, 'e/~': 1, come: null };
    expect(diff(before, after)).to.deep.equal([['/gone'], ['/b/c/2/d', 4], ['/e~1~0', 1], ['/come', null]]);
    expect(diff([1, 2, 3], [1, 2, 3, 4])).to.deep.equal([['', 3, 0, 4]]);
    expect(diff(before, structuredClone(before))).to.deep.equal([]);
  });

  it('leave what they are applied to alone', () => {
    const before = { list: [1], inner: { a: 1 } };
    applyPatch(before, diff(before, { list: [2, 3], inner: { b: 1 } } as unknown as Json));
    expect(before).to.deep.equal({ list: [1], inner: { a: 1 } });
  });

  it('lead on from one another in place, whatever they are, and change neither what they began with nor one another', () => {
    const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<Json>;
    fc.assert(
      fc.property(fc.array(json, { minLength: 2, maxLength: 5 }), (values) => {
        const patcher = new Patcher();
        const first = JSON.parse(JSON.stringify(values[0])) as Json;
        const patches = values.slice(1).map((after, at) => diff(values[at] as Json, after));
        const before = JSON.stringify([first, patches]);
        const last = patches.reduce<Json>((value, patch) => patcher.apply(value, patch), first);
        expect(isSameJson(last, JSON.parse(JSON.stringify(values.at(-1))) as Json)).to.equal(true);
        expect(JSON.stringify([first, patches])).to.equal(before);
      }),
    );
  });

  it('refuse what they do not fit', () => {
    const misfits: [Json, ReturnType<typeof diff>][] = [
      [{ a: 1 }, [['/b']]],
      [{ a: 1 }, [['/b/c', 1]]],
      [{ a: 1 }, [['/a/b', 1]]],
      [[1], [['', 0, 2]]],
      [[1], [['/3', 1]]],
      [1, [['']]],
    ];
    for (const [target, patch] of misfits) {
      expect(() => applyPatch(target, patch), JSON.stringify(patch)).to.throw(PatchMisfit);
    }
  });
});
