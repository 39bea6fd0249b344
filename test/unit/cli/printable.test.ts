import { expect } from 'chai';
import fc from 'fast-check';
import { stderrLogger } from '../../../src/cli/log.js';
import { Output, table } from '../../../src/cli/output.js';
import { printable, printableLines } from '../../../src/cli/printable.js';
import { controlIn, hostileText } from '../../support/terminal-text.js';
import { sinkHost } from './sink-host.js';

describe('text that is printed', () => {
  it('holds nothing that a terminal obeys, whatever it was, and is the same JSON', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        expect(controlIn(printable(text))).to.equal(undefined);
        expect(printable(text)).not.to.include('\n');
        expect(controlIn(printableLines(text))).to.equal(undefined);
        expect(printableLines(text).split('\n')).to.have.length(text.split('\n').length);
        expect(JSON.parse(printableLines(JSON.stringify({ text })))).to.deep.equal({ text });
      }),
    );
  });

  it('is the same where it holds nothing of the kind', () => {
    for (const text of ['', 'orders-1', 'größer → 日本語 👩‍👩‍👧 e\u0301', '"quoted\\"'])
      expect(printable(text)).to.equal(text);
  });

  it('is safe whichever way it takes out', async () => {
    await fc.assert(
      fc.asyncProperty(hostileText, fc.boolean(), async (text, json) => {
        const { host, printed } = sinkHost();
        const output = new Output(json, host);
        output.line({ type: 'X', text, [text]: 1 }, text);
        output.write(table(['A', 'B'], [[text, 1]]));
        output.notice(text);
        output.failure({ code: 'X', message: text, exitCode: 1, stack: text });
        const { logger } = await stderrLogger('debug', host.stderr);
        logger.error({ error: text, [text]: text }, text);
        expect(printed()).not.to.equal('');
        expect(controlIn(printed())).to.equal(undefined);
      }),
    );
  });

  it('cannot break a row of a table in two', () => {
    expect(table(['A'], [['x\ny']]).split('\n')).to.have.length(2);
  });
});
