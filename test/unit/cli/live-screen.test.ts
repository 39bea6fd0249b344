import { EventEmitter } from 'node:events';
import { expect } from 'chai';
import { LiveScreen, type ScreenHost } from '../../../src/cli/live-screen.js';

class FakeOutput extends EventEmitter {
  readonly isTTY = true;
  readonly writes: string[] = [];
  columns = 20;
  rows = 4;

  write(text: string): boolean {
    this.writes.push(text);
    return true;
  }

  get last(): string {
    return this.writes.at(-1) ?? '';
  }
}

class FakeInput extends EventEmitter {
  readonly isTTY = true;
  isRaw = false;

  setRawMode(isRaw: boolean): this {
    this.isRaw = isRaw;
    return this;
  }

  resume(): this {
    return this;
  }

  pause(): this {
    return this;
  }
}

describe('the live screen', () => {
  let output: FakeOutput;
  let input: FakeInput;
  let events: EventEmitter;
  let quits: number;

  const hostOf = (stdout: FakeOutput) => ({ stdin: input, stdout, events }) as unknown as ScreenHost;

  beforeEach(() => {
    events = new EventEmitter();
    output = new FakeOutput();
    input = new FakeInput();
    quits = 0;
  });

  const open = () => {
    const quit = () => {
      quits += 1;
    };
    const screen = LiveScreen.onTerminal(hostOf(output), quit);
    if (screen === undefined) throw new Error('expected a screen, got: none');
    return screen;
  };

  it('draws a text in one write, from the top, line over line', () => {
    using screen = open();
    screen.show('one\ntwo');
    expect(output.last).to.equal('\x1b[?2026h\x1b[Hone\x1b[K\ntwo\x1b[K\x1b[J\x1b[?2026l');
  });

  it('cuts what does not fit, says how much, and draws it again when the size changes', () => {
    using screen = open();
    screen.show('a line that is longer than this\n2\n3\n4\n5\n6');
    expect(output.last)
      .to.contain('\x1b[Ha line that is longe\x1b[K\n2')
      .and.to.contain('3\x1b[K\n… 3 more lines\x1b[K\x1b[J');
    output.rows = 6;
    output.columns = 40;
    output.emit('resize');
    expect(output.last).to.contain('longer than this').and.to.contain('6\x1b[K\x1b[J');
  });

  it('takes the terminal and gives it back once, whoever asks', () => {
    const screen = open();
    expect(input.isRaw).to.equal(true);
    expect(output.writes[0]).to.equal('\x1b[?1049h\x1b[?25l\x1b[?7l');
    screen[Symbol.dispose]();
    screen[Symbol.dispose]();
    expect(input.isRaw).to.equal(false);
    expect(output.writes.filter((text) => text.includes('\x1b[?1049l'))).to.deep.equal([
      '\x1b[?7h\x1b[?25h\x1b[?1049l',
    ]);
    screen.show('late');
    output.emit('resize');
    expect(output.last).to.equal('\x1b[?7h\x1b[?25h\x1b[?1049l');
    for (const emitter of [output, input]) expect(emitter.eventNames()).to.deep.equal([]);
  });

  it('takes the terminal again when the process had been stopped', () => {
    using screen = open();
    screen.show('text');
    input.setRawMode(false);
    events.emit('SIGCONT');
    expect(input.isRaw).to.equal(true);
    expect(output.last).to.contain('text');
  });

  it('hears q and Ctrl-C, and nothing else', () => {
    using _screen = open();
    for (const key of ['x', '\x1b[A', '\r']) input.emit('data', Buffer.from(key));
    expect(quits).to.equal(0);
    input.emit('data', Buffer.from('q'));
    input.emit('data', Buffer.from('\x03'));
    expect(quits).to.equal(2);
  });

  it('is none where the output goes elsewhere', () => {
    const elsewhere = Object.assign(new FakeOutput(), { isTTY: false });
    const screen = LiveScreen.onTerminal(hostOf(elsewhere), () => {});
    expect(screen).to.equal(undefined);
    expect(elsewhere.writes).to.deep.equal([]);
  });
});
