import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { mastersOf, subscriptionsOf } from '../../src/inspector/page/model/masters.js';
import { Playback } from '../../src/inspector/page/model/playback.js';
import { readRecording } from '../../src/inspector/page/model/recording-lines.js';
import { isMessage } from '../../src/inspector/page/model/runtime-model.js';

const folder = new URL('../recordings/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));

const MOST_STEPS_BACK = 100;

function textOf(name: string): string {
  return readFileSync(new URL(name, folder), 'utf8');
}

function open(name: string): Playback {
  return Playback.of(readRecording(textOf(name)));
}

/** Everything that is shown where a playback is. */
function shown({ scene: { actors, contexts } }: Playback) {
  return { rows: [...actors.rows()], ended: [...actors.ended], contexts: Object.fromEntries(contexts) };
}

/** As text, that what was shown can be compared with what is, and costs little to keep. */
const textShown = (playback: Playback) => JSON.stringify(shown(playback));

/** The same recording with so many more lines between its first and its second: a stream that comes and goes again and again. */
function prolonged(name: string, lives: number): string {
  const [header, ...lines] = textOf(name).trimEnd().split('\n');
  const made = Array.from({ length: lives }, (_, index) => {
    const base = { seq: 0, at: 1, actor: `consumer/ownership/${index}`, machine: 'ownership' };
    return [
      { kind: 'spawn', ...base, state: 'acquiring', context: { name: `stream-${index}` } },
      { kind: 'event', ...base, event: { type: 'refused' }, state: 'refused', status: 'done' },
    ].map((line) => JSON.stringify(line));
  });
  return [header, ...made.flat(), ...lines].join('\n');
}

describe('a recording in the page', () => {
  for (const name of files) {
    it(`stands everywhere as it does when it is gone through from the beginning: ${name}`, () => {
      const forth = open(name);
      const seen = Array.from({ length: forth.length + 1 }, (_, position) => {
        forth.seek(position);
        return textShown(forth);
      });
      const back = open(name);
      back.seek(back.length);
      // Each step back goes forth from the beginning: of long recordings not each is taken.
      const stride = Math.ceil(back.length / MOST_STEPS_BACK);
      for (let position = back.length; position >= 0; position -= stride) {
        back.seek(position);
        expect(textShown(back), `position ${position}`).to.equal(seen[position]);
      }
    });
  }

  it('comes to the same by the copies that it keeps of long ones', () => {
    const text = prolonged('plain-life.jsonl', 3_000);
    const playback = Playback.of(readRecording(text));
    playback.seek(playback.length);
    for (const position of [5_999, 4_001, 2_000, 1_999, 6_050, 3, 0]) {
      playback.seek(position);
      const fresh = Playback.of(readRecording(text));
      fresh.seek(position);
      expect(shown(playback).rows).to.deep.equal(shown(fresh).rows);
      expect(playback.at).to.equal(position);
    }
  });

  it('tells of an actor only what had happened by then', () => {
    const playback = open('plain-life.jsonl');
    playback.seek(playback.length);
    const actor = playback.scene.actors.ended.find(
      ({ machine, events }) => machine === 'ownership' && events > 3,
    )?.path;
    if (actor === undefined) throw new Error('expected a stream that lived');
    const whole = playback.historyOf(actor).steps;
    expect(whole[0]?.kind).to.equal('spawn');
    expect(whole.length).to.be.greaterThan(3);
    const third = whole[2];
    playback.seek(playback.positionOf(third?.seq ?? 0));
    expect(playback.historyOf(actor).last?.seq).to.equal(third?.seq);
    expect(playback.messagesSoFar().filter(isMessage).at(-1)?.seq).to.equal(third?.seq);
    playback.seek(playback.nextOf(actor, -1) ?? 0);
    expect(playback.historyOf(actor).last?.seq).to.equal(whole[1]?.seq);
    playback.seek(playback.nextOf(actor, 1) ?? 0);
    expect(playback.historyOf(actor).last?.seq).to.equal(third?.seq);
  });

  it('knows which masters were listened to, and which could not be set up', () => {
    const playback = open('partial-keyspace.jsonl');
    const errors: string[] = [];
    for (let position = 0; position <= playback.length; position++) {
      playback.seek(position);
      const { actors, contexts } = playback.scene;
      const contextOf = (path: string) => contexts.get(path) ?? null;
      const masters = mastersOf(null, subscriptionsOf({ overview: {}, actors, contextOf }));
      for (const { address, subscription } of masters) {
        if (subscription?.error) errors.push(`${address} ${subscription.error.during}`);
      }
    }
    expect(new Set(errors)).to.have.property('size', 1);
    expect(errors[0]).to.match(/^127\.0\.0\.1:\d+ configuring$/);
  });

  it('is read although its last line was cut off, and not when it is something else', () => {
    const text = textOf('plain-life.jsonl');
    const whole = readRecording(text);
    const cut = readRecording(text.slice(0, -20));
    expect(cut).to.include({ isCut: true });
    expect(cut.lines).to.have.length(whole.lines.length - 1);
    expect(() => readRecording('{"kind":"header"}\n')).to.throw('expected the first line to be the header');
    expect(() => readRecording(text.replace(/"version":\d/, '"version":3'))).to.throw(
      'version 1 or 2, got: 3',
    );
    expect(() => readRecording(text.replace('{"kind":"spawn"', '{"kind":'))).to.throw('expected line 2');
  });
});
