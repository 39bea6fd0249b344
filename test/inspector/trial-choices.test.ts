import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { machineDefinitions } from '../../src/inspector/definitions.js';
import {
  branchWords,
  choicesOf,
  exampleOf,
  furtherSteps,
  readEvent,
  takenIn,
} from '../../src/inspector/page/model/trial.js';
import type { MachineDefinition } from '../../src/inspector/protocol.js';
import type { Line, SpawnLine, StateValue } from '../../src/replay/format.js';
import { tryEvent } from '../../src/replay/trial.js';

function machine(id: string): MachineDefinition {
  const found = machineDefinitions().find((one) => one.id === id);
  if (found === undefined) throw new Error(`expected a machine ${id}`);
  return found;
}

function came(seq: number, actor: string, reason: string): Line {
  const base = { kind: 'event', seq, at: seq, actor, machine: 'ownership', state: 'lost' } as const;
  return { ...base, event: { type: 'lost', reason } };
}

const context = { id: '1-0', name: 'a', retryCount: 0, reason: null, unheard: true };

describe('what can be tried in a recording', () => {
  it('is what the state takes, and apart from it what only others take', () => {
    const { here, elsewhere } = choicesOf(machine('ownership').root, 'acking');
    expect(here).to.deep.equal([
      { event: 'acked', words: 'acked', guards: ['isLockReleased'] },
      { event: 'ack.unknown', words: 'ack.unknown', guards: [] },
      { event: 'ack.refused', words: 'ack.refused', guards: ['wasUncertain'] },
      { event: 'lost', words: 'lost', guards: [] },
    ]);
    expect(elsewhere.map(({ event }) => event))
      .to.include('verified')
      .and.not.include('lost');
  });

  it('is also what outer states and other regions take, timers and answers, and not what happens by itself', () => {
    const state = { lease: { raising: 'asking' }, certainty: 'doubted' };
    const { here } = choicesOf(machine('leaseKeeper').root, state);
    const events = here.map(({ event }) => event);
    expect(events).to.include.members(['connection.up', 'connection.down', 'doubt.ended']);
    expect(here.find(({ event }) => event === 'xstate.done.actor.raise')?.words).to.equal('raise answered');
    expect(events).not.to.include('');
  });

  it('is filled with such an event as it came: to the same actor, and before, where there is one', () => {
    const lines = [came(1, 'x', 'first'), came(2, 'y', 'other'), came(8, 'x', 'later'), came(9, 'z', 'last')];
    const found = (actor: string, seq: number, event = 'lost') =>
      exampleOf(lines, { machine: 'ownership', actor, event, seq })?.event.reason ?? null;
    expect(found('x', 5)).to.equal('first');
    expect(found('x', 8)).to.equal('later');
    expect(found('z', 5)).to.equal('last');
    expect(found('w', 5)).to.equal('other');
    expect(found('w', 0)).to.equal('first');
    expect(found('x', 5, 'verified')).to.equal(null);
  });

  it('has to be an object with a type', () => {
    expect(readEvent('{"type": "lost", "reason": null}')).to.deep.equal({ type: 'lost', reason: null });
    for (const text of ['', '{', '[]', 'null', '{"type": 3}', '{"type": ""}', '"lost"']) {
      expect(() => readEvent(text), text).to.throw(SyntaxError);
    }
  });

  it('lights the one branch that its guard lets through, and names the others', () => {
    const { root } = machine('ownership');
    const event = { type: 'lost', reason: 'takenOver' };
    const reply = tryEvent({ machine: 'ownership', state: 'givingBack', context, event });
    const words = branchWords(root, reply);
    expect(words.map(({ words: said }) => said)).to.deep.equal([
      'givingBack: isUnheard holds, → lost',
      'givingBack: no guard was not asked: one before it was taken, → lost',
    ]);
    expect([...takenIn(reply)]).to.deep.equal([words[0]?.id]);
    expect(furtherSteps(root, reply)).to.deep.equal([]);
  });

  it('says what the machine did by itself after that', () => {
    const { root } = machine('reconciler');
    const spawn = readFileSync(new URL('../recordings/redis-outage.jsonl', import.meta.url), 'utf8')
      .split('\n')
      .filter((line) => line.includes('"machine":"reconciler"'))
      .map((line) => JSON.parse(line) as Line)
      .find((line) => line.kind === 'spawn') as SpawnLine;
    const state = { ...(spawn.state as object), caution: 'taken', work: 'settling' } as StateValue;
    const event = { type: 'xstate.after.settleDelay.reconciler.caution.taken' };
    const context = { ...(spawn.context as object), hinted: true, scanDue: false };
    const reply = tryEvent({ machine: 'reconciler', state, context, event });
    expect(furtherSteps(root, reply)).to.deep.equal([
      'at once: work.settling [isCautionOver] → work.waiting',
      'at once: work.waiting [isHinted] → work.sweeping',
    ]);
    expect(takenIn(reply)).to.have.property('size', 3);
  });
});
