/** Events that are tried over HTTP: answered by the present machines, bounded, and nothing that lives hears of it. */
import { expect } from 'chai';
import type { TrialReply, TrialRequest } from '../../src/inspector/protocol.js';
import { ask, useInspectors } from '../support/inspector.js';

const context = { id: '1-0', name: 'tenant-1', retryCount: 0, reason: null, unheard: false };
const lost: TrialRequest = {
  machine: 'ownership',
  state: 'extending',
  context,
  event: { type: 'lost', reason: 'takenOver' },
};

describe('an event that the page tries', () => {
  const inspectors = useInspectors();

  async function codeOf(body: unknown, headers = {}): Promise<string> {
    const { url } = await inspectors.open();
    const reply = await ask(url, 'api/try', { method: 'POST', body, headers });
    return `${reply.status} ${reply.json<{ error: { code: string; message: string } }>().error.code}`;
  }

  it('is answered with what it would lead to, without any action being allowed', async () => {
    const { url } = await inspectors.open();
    const reply = await ask(url, 'api/try', { method: 'POST', body: lost });
    expect(reply.status).to.equal(200);
    expect(reply.json<TrialReply>()).to.deep.include({
      outcome: 'taken',
      state: 'lost',
      status: 'done',
      patch: [['/reason', 'takenOver']],
      effects: [{ what: 'disown', data: null }],
      missing: [],
    });
  });

  it('is refused when it is none, or too much', async () => {
    const nested = `{"a":${'['.repeat(100)}${']'.repeat(100)}}`;
    const json = { 'content-type': 'application/json' };
    for (const [body, code] of [
      [{ ...lost, state: 'asleep' }, '422 InvalidState'],
      [{ ...lost, machine: 'nobody' }, '422 InvalidState'],
      [{ ...lost, state: 3 }, '400 Malformed'],
      [{ ...lost, event: { reason: 'x' } }, '400 Malformed'],
      [{ ...lost, more: 1 }, '400 Malformed'],
      [{ machine: 'ownership' }, '400 Malformed'],
    ] as const) {
      expect(await codeOf(body), JSON.stringify(body)).to.equal(code);
    }
    expect(await codeOf('{', json)).to.equal('400 Malformed');
    expect(await codeOf(nested, json)).to.equal('400 Malformed');
    expect(await codeOf(`"${'x'.repeat(9 * 1024 * 1024)}"`, json)).to.equal('413 TooLarge');
    expect(await codeOf(JSON.stringify(lost), { 'content-type': 'text/plain' })).to.equal('415 Malformed');
  });

  it('has its turn, one after the other, but not however many there are', async () => {
    const { url } = await inspectors.open();
    const all = await Promise.all(
      Array.from({ length: 10 }, () => ask(url, 'api/try', { method: 'POST', body: lost })),
    );
    const taken = all.filter(({ status }) => status === 200);
    expect(taken.length).to.be.within(8, 10);
    for (const { status } of all) expect(status).to.be.oneOf([200, 429]);
    expect((await ask(url, 'api/try', { method: 'POST', body: lost })).status).to.equal(200);
  });
});
