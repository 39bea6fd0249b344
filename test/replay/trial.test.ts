/** What would come of an event that an actor was not told, by the machines themselves. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { isActorLine, type Line, type SpawnLine, type StateValue } from '../../src/replay/format.js';
import type { Json } from '../../src/replay/json-safe.js';
import { RecordingParser } from '../../src/replay/parser.js';
import { applyPatch } from '../../src/replay/patch.js';
import { type Trial, tryEvent } from '../../src/replay/trial.js';

const folder = new URL('../recordings/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));

function linesOf(name: string): readonly Line[] {
  const parser = new RecordingParser(name);
  return [...parser.push(readFileSync(new URL(name, folder), 'utf8')), ...parser.end()];
}

function isKeeper(line: Line): line is SpawnLine {
  return line.kind === 'spawn' && line.machine === 'leaseKeeper';
}

function ownership(state: StateValue, event: Trial['event'], context: object = {}) {
  const known = { id: '1-0', name: 'tenant-1', retryCount: 0, reason: null, unheard: false };
  return tryEvent({ machine: 'ownership', state, context: { ...known, ...context }, event });
}

describe('an event that is tried', () => {
  for (const name of files) {
    it(`leads where it led when it came: ${name}`, () => {
      const standing = new Map<string, { readonly state: StateValue; readonly context: Json }>();
      for (const line of linesOf(name)) {
        if (!isActorLine(line)) continue;
        const { actor, machine, state } = line;
        if (line.kind !== 'event') {
          standing.set(actor, { state, context: line.context });
          continue;
        }
        const before = standing.get(actor);
        if (before === undefined || line.threw !== undefined) continue;
        const context = applyPatch(before.context, line.patch ?? []);
        const found = tryEvent({ machine, ...before, event: line.event });
        const where = `${name} at seq ${line.seq}`;
        expect(found.state, where).to.deep.equal(state);
        expect(found.context, where).to.deep.equal(context);
        expect(found.status, where).to.equal(line.status ?? 'active');
        const asked = (line.effects ?? []).map((words) => words.replace(/ [{["@].*$/, ''));
        expect(
          found.effects.map(({ what }) => what),
          where,
        ).to.deep.equal(asked);
        // What the guards said is what was done about it.
        const held = found.branches.filter(({ outcome }) => outcome === 'held');
        const taken = found.steps[0]?.taken ?? [];
        expect(held.map(({ state: of, place }) => `${of}#${place}`).sort(), where).to.deep.equal(
          taken.map(({ state: of, place }) => `${of}#${place}`).sort(),
        );
        expect(found.steps.at(-1)?.state ?? found.state, where).to.deep.equal(state);
        standing.set(actor, { state, context });
      }
    });
  }

  it('says which guard decided, and what was not asked any more', () => {
    const lost = (unheard: boolean) =>
      ownership('givingBack', { type: 'lost', reason: 'takenOver' }, { unheard });
    const silent = lost(true);
    expect(silent).to.include({ outcome: 'taken', state: 'lost', status: 'done', why: null });
    expect(silent.branches.map(({ outcome }) => outcome)).to.deep.equal(['held', 'notAsked']);
    expect(silent.effects).to.deep.equal([]);
    expect(silent.patch).to.deep.equal([['/reason', 'takenOver']]);
    const told = lost(false);
    expect(told.branches.map(({ outcome }) => outcome)).to.deep.equal(['refused', 'held']);
    expect(told.effects).to.deep.equal([{ what: 'disown', data: null }]);
  });

  it('says in order what would be asked for, with its parameters', () => {
    const { machine, state, context } = linesOf('plain-life.jsonl').find(isKeeper) as SpawnLine;
    const { effects, steps } = tryEvent({ machine, state, context, event: { type: 'connection.up' } });
    expect(effects.map(({ what }) => what)).to.include('invoke raise');
    expect(effects.find(({ what }) => what === 'invoke raise')?.data).to.deep.equal({ generation: 1 });
    expect(steps[0]?.on).to.equal('connection.up');
  });

  it('says why nothing would take it', () => {
    expect(ownership('acquiring', { type: 'lost' })).to.include({
      outcome: 'elsewhere',
      state: 'acquiring',
      why: 'ownership takes lost in contended, acquired, extending, uncertain, backingOff, acking, givingBack, not in acquiring',
    });
    expect(ownership('acquiring', { type: 'verifid' })).to.include({
      outcome: 'unknown',
      why: 'no state of ownership takes verifid; did you mean verified?',
    });
    expect(ownership('released', { type: 'lost' })).to.include({
      outcome: 'ended',
      why: 'it has ended in released, and takes nothing any more',
    });
    const keeper = linesOf('plain-life.jsonl').find(isKeeper);
    const state = {
      lease: { present: { pulse: 'resting', assurance: 'confirmed' } },
      certainty: 'certain',
    };
    const context = { ...(keeper?.context as object), generation: 3 };
    const stale = tryEvent({
      machine: 'leaseKeeper',
      state,
      context,
      event: { type: 'generation.stale', standing: 3 },
    });
    expect(stale).to.include({
      outcome: 'refused',
      why: 'nothing takes generation.stale here: isOtherGeneration did not hold',
    });
    expect(stale.state).to.deep.equal(state);
  });

  it('says what was looked for in it and is not there, and what that threw', () => {
    expect(ownership('extending', { type: 'lost' }).missing).to.deep.equal(['reason']);
    expect(ownership('extending', { type: 'lost', reason: 'entryGone' }).missing).to.deep.equal([]);
    const known = linesOf('plain-life.jsonl').find(isKeeper) as SpawnLine;
    const asking = { lease: { raising: 'asking' }, certainty: 'doubted' };
    const answered = (event: Trial['event']) =>
      tryEvent({ machine: 'leaseKeeper', state: asking, context: known.context, event });
    const bare = answered({ type: 'xstate.done.actor.raise' });
    expect(bare.outcome).to.equal('threw');
    expect(bare.state).to.deep.equal(asking);
    expect(bare.missing).to.deep.equal(['output']);
    const partly = answered({ type: 'xstate.done.actor.raise', output: { outcome: 'raised' } });
    expect(partly.missing).to.include('output.generation');
  });

  it('is refused with a machine or a state that is not there', () => {
    expect(() => ownership('asleep', { type: 'lost' })).to.throw(
      'expected a state of ownership, got: asleep',
    );
    const trial = { machine: 'owner', state: 'x', context: {}, event: { type: 'lost' } };
    expect(() => tryEvent(trial)).to.throw('expected the machine to be one of balancer, consumer');
  });
});
