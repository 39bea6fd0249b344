import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { rejection } from '../support/rejection.js';

describe('eventually', () => {
  it('returns the first answer that is one', async () => {
    const answers = [null, false, 0, '', 'there'];
    expect(await eventually('an answer', () => answers.shift() ?? null)).to.equal('there');
  });

  it('waits until assertions hold', async () => {
    let looks = 0;
    await eventually('three looks', () => {
      looks++;
      expect(looks).to.equal(3);
    });
    expect(looks).to.equal(3);
  });

  it('fails by its name with the last error', async () => {
    const look = () => expect('red').to.equal('green');
    const error = await rejection(eventually('the light changes', look, { timeoutMs: 30 }));
    expect(error.message).to.match(
      /^the light changes: expected it within 30 ms, got: expected 'red'.*; timers ran up to \d+ ms late/,
    );
    expect(error.cause).to.be.instanceOf(Error);
  });

  it('does not wait for a look that hangs', async () => {
    const look = () => new Promise<void>(() => undefined);
    const error = await rejection(eventually('the impossible', look, { timeoutMs: 30 }));
    expect(error.message).to.match(/^the impossible: .* got: a look that did not end/);
  });
});
