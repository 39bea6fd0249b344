import { expect } from 'chai';
import { type Arguments, argumentsOf, UsageError, wishesAsArguments } from '../../../simulate/arguments.js';

function parsed(...args: string[]): Arguments {
  const result = argumentsOf(args);
  if (result === 'help') throw new Error('expected arguments, got: a wish for help');
  return result;
}

describe('the command line of npm run simulate', () => {
  it('takes 200 seeds of everything when nothing is said', () => {
    const { first, last, minutes, wishes, trace, shrinks, json } = parsed();
    expect({ first, last, minutes, wishes, trace, shrinks, json }).to.deep.equal({
      first: 1,
      last: 200,
      minutes: undefined,
      wishes: {},
      trace: undefined,
      shrinks: true,
      json: false,
    });
  });

  it('takes a range of seeds, or one', () => {
    expect(parsed('--seeds', '7..9')).to.include({ first: 7, last: 9 });
    expect(parsed('--seeds', '7')).to.include({ first: 7, last: 7 });
  });

  it('takes what a traced seed is to be made of', () => {
    const { trace, part } = parsed(
      ...['--trace', '17', '--keep', '3,7', '--keep-announcements', '', '--with', '{"processes":2}'],
    );
    expect({ trace, part }).to.deep.equal({
      trace: 17,
      part: { faults: [3, 7], announcements: [], shape: { processes: 2 } },
    });
  });

  it('reads what it has written of wishes', () => {
    const args = ['--only', 'stop,crash', '--faults', '3', '--announcements', '4', '--aimed', '0.25'];
    const { wishes } = parsed(...args, '--shape', '{"names":1}');
    const written = wishesAsArguments(wishes).map((word) => word.replace(/^'(.*)'$/, '$1'));
    expect(parsed(...written).wishes).to.deep.equal(wishes);
    expect(wishes.kinds).to.deep.equal({ stop: 1, crash: 1 });
  });

  it('says what it expected', () => {
    const wrong: readonly (readonly string[])[] = [
      ['--seeds', '9..7'],
      ['--seeds', 'x'],
      ['--only', 'earthquake'],
      ['--aimed', '2'],
      ['--keep', '1,-2'],
      ['--shape', '{'],
      ['--jobs', '0'],
      ['--unheard-of'],
    ];
    for (const args of wrong) expect(() => argumentsOf(args), args.join(' ')).to.throw(UsageError);
    expect(() => argumentsOf(['--only', 'earthquake'])).to.throw('got: earthquake');
  });

  it('gives help before it looks at anything else', () => {
    expect(argumentsOf(['--help', '--seeds', 'x'])).to.equal('help');
  });
});
