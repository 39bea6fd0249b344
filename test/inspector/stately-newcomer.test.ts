import { expect } from 'chai';
import { Newcomer, type Telling } from '../../src/inspector/stately/newcomer.js';

function telling(session: string, ...texts: string[]): Telling {
  return { session, texts };
}

describe("a newcomer to Stately's format", () => {
  it('is told afterwards, in order, what happened to the actors that it had been shown', () => {
    const newcomer = new Newcomer();
    newcomer.shown('a');
    newcomer.miss([telling('a', '1', '2'), telling('b', 'not shown yet')]);
    newcomer.shown('b');
    newcomer.miss([telling('b', '3'), telling('a', '4')]);
    newcomer.shownAll();
    newcomer.miss([telling('c', 'begun')]);
    expect(newcomer.take(2)).to.deep.equal(['1', '2', '3']);
    expect(newcomer.hasMissed).to.equal(true);
    expect(newcomer.take(2)).to.deep.equal(['4', 'begun']);
    expect(newcomer.hasMissed).to.equal(false);
  });

  it('keeps the last of each actor where there is much', () => {
    const newcomer = new Newcomer();
    newcomer.shownAll();
    for (let count = 0; count < 20_001; count++)
      newcomer.miss([telling(count % 2 === 0 ? 'a' : 'b', String(count))]);
    const texts = newcomer.take(100_000);
    expect(texts).to.have.length.below(5_000);
    expect(texts.at(-1)).to.equal('20000');
  });

  it('bounds what is kept by the actors, also where there are very many', () => {
    const newcomer = new Newcomer();
    newcomer.shownAll();
    for (let count = 0; count < 200_000; count++)
      newcomer.miss([telling(String(count % 10_000), String(count))]);
    expect(newcomer.take(1_000_000)).to.have.length.within(10_000, 20_001);
  });
});
