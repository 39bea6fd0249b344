import { expect } from 'chai';
import { type Step, Steps } from '../../src/inspector/stately/steps.js';
import type { HeardEvent, Subject } from '../../src/replay/tap.js';

function subject(path: string): Subject {
  return { path, machine: 'ownership', session: path, input: undefined };
}

const STANDING = { status: 'active', value: 'acquiring', context: {} };

function begun(of: Subject): Step {
  return { kind: 'begun', at: 0, subject: of, standing: STANDING };
}

function told(of: Subject, type: string): Step {
  const entry = { kind: 'event', event: { type }, before: STANDING } as unknown as HeardEvent;
  return { kind: 'told', at: 0, subject: of, entry, source: undefined };
}

function over(of: Subject): Step {
  return { kind: 'over', at: 0, subject: of };
}

function inWords(steps: readonly Step[]): string[] {
  return steps.map((step) =>
    step.kind === 'told'
      ? `${step.subject.path} ${step.entry.event.type}`
      : `${step.subject.path} ${step.kind}`,
  );
}

describe("steps that wait to be told in Stately's format", () => {
  const [a, b, c] = ['a', 'b', 'c'].map(subject) as [Subject, Subject, Subject];

  it('are told in order while there are few', () => {
    const steps = new Steps(4);
    for (const step of [begun(a), told(a, '1'), told(b, '1'), over(a)]) steps.add(step);
    expect(inWords(steps.take(3))).to.deep.equal(['a begun', 'a 1', 'b 1']);
    expect(inWords(steps.take(3))).to.deep.equal(['a over']);
    expect(steps.isEmpty).to.equal(true);
  });

  it('are folded where there are too many: what is left of each actor comes before what is newer', () => {
    const steps = new Steps(4);
    for (const step of [begun(a), told(a, '1'), told(a, '2'), told(b, '1'), told(a, '3')]) steps.add(step);
    for (const step of [told(b, '2'), over(b)]) steps.add(step);
    expect(inWords(steps.take(100))).to.deep.equal(['a begun', 'a 2', 'b 1', 'a 3', 'b 2', 'b over']);
  });

  it('keep how one that was known ended, and nothing of one that came and went', () => {
    const steps = new Steps(6);
    for (const step of [told(a, 'last'), over(a), begun(b), told(b, '1'), over(b), begun(c)]) steps.add(step);
    for (let count = 0; count < 6; count++) steps.add(told(c, String(count)));
    const taken = inWords(steps.take(100));
    expect(taken.slice(0, 3)).to.deep.equal(['a last', 'a over', 'c begun']);
    expect(taken.some((words) => words.startsWith('b'))).to.equal(false);
    expect(taken.at(-1)).to.equal('c 5');
  });

  it('tell a later life of the same path from the one before', () => {
    const steps = new Steps(4);
    const again = subject('a');
    for (const step of [told(a, 'last'), over(a), begun(again), told(again, '1'), told(b, '1')])
      steps.add(step);
    for (let count = 0; count < 4; count++) steps.add(told(b, '2'));
    const taken = steps.take(100);
    expect(inWords(taken).slice(0, 4)).to.deep.equal(['a last', 'a over', 'a begun', 'a 1']);
    expect(taken.slice(0, 4).map(({ subject: of }) => of === again)).to.deep.equal([
      false,
      false,
      true,
      true,
    ]);
  });

  it('are as many as the limit and the actors at most', () => {
    const steps = new Steps(100);
    for (let count = 0; count < 100_000; count++) steps.add(told(count % 2 === 0 ? a : b, String(count)));
    expect(steps.take(1_000_000)).to.have.length.below(103);
  });
});
