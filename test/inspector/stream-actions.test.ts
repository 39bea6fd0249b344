import { expect } from 'chai';
import { actionsFor, outcomeOf, warningOf } from '../../src/inspector/page/model/stream-actions.js';
import type { ErrorReply, FleetStreamReply, StreamActionReply } from '../../src/inspector/protocol.js';
import { eventually } from '../support/eventually.js';
import { ask, useInspectors } from '../support/inspector.js';
import { useRedis } from '../support/redis.js';
import { useFleet } from '../support/runtimes.js';

const held = { id: '1-0', holder: 'a~00000001', isHere: true, isAlive: true };

describe('what the inspector does with single streams', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);
  const inspectors = useInspectors();

  async function inspected(audits: Record<string, unknown>[] = [], actions = true) {
    const note = (fields: object) => {
      if ('audit' in fields) audits.push(fields.audit as Record<string, unknown>);
    };
    const logger = { debug: () => {}, info: note, warn: () => {}, error: () => {} };
    const { runtime, log } = await fleet().listening({ logger, balance: 'off' });
    const inspector = await inspectors.open({ actions });
    inspector.attach(runtime);
    const source = encodeURIComponent(runtime.consumer);
    const act = (action: string, body: object, headers = {}) =>
      ask(inspector.url, `api/runtimes/${source}/streams/${action}`, { method: 'POST', body, headers });
    const find = async (name: string) =>
      (await ask(inspector.url, `api/fleets/${source}/stream?name=${name}`)).json<FleetStreamReply>();
    return { runtime, log, inspector, act, find };
  }

  it('releases one that this process owns, under the token that was meant, and logs who asked [C-ACT-3]', async () => {
    const audits: Record<string, unknown>[] = [];
    const { runtime, log, act } = await inspected(audits);
    const [id = ''] = await fleet().announce(['order-1']);
    await log.count('StreamAdded', 1);
    const late = await act('release', { name: 'order-1', id: '1-1' });
    expect([late.status, late.json<ErrorReply>().error.code]).to.deep.equal([409, 'StreamNotOwned']);
    expect((await act('release', { name: 'order-1' })).status).to.equal(400);
    const reply = (await act('release', { name: 'order-1', id })).json<StreamActionReply>();
    expect(reply).to.deep.equal({ action: 'release', outcome: 'released' });
    await log.count('StreamAdded', 2);
    expect(runtime.owned('order-1')?.id).not.to.equal(id);
    expect(audits).to.have.length(3);
    expect(audits[0]).to.deep.include({ command: 'release', by: '127.0.0.1', result: 'refused' });
    expect(audits[2]).to.deep.include({
      command: 'release',
      service: fleet().service,
      by: '127.0.0.1',
      chosen: { stream: 'order-1', id, force: false },
      outcome: { outcome: 'released' },
      result: 'done',
    });
    // What the runtime does is in the history where one is kept.
    const records = (await suite.redis().lrange(fleet().historyKey, 0, -1)).map((text) => JSON.parse(text));
    const released = records.filter(({ op, why }) => op === 'requeued' && why === 'handOver');
    expect(released.map((record) => record.id)).to.deep.equal([id]);
  });

  it('claims one from another process, only by force while that lives [C-ACT-3]', async () => {
    const other = await fleet().listening({ consumerId: 'other', balance: 'off' });
    const [id = ''] = await fleet().announce(['order-1']);
    await other.log.count('StreamAdded', 1);
    await other.runtime.pause();
    const { runtime, log, act } = await inspected();
    const refused = await act('claim', { name: 'order-1', id });
    expect(refused.json<ErrorReply>().error.code).to.equal('OwnerAlive');
    const reply = (await act('claim', { name: 'order-1', id, force: true })).json<StreamActionReply>();
    expect(reply).to.deep.include({ action: 'claim', outcome: 'requeued', holder: other.runtime.consumer });
    await log.count('StreamAdded', 1);
    expect(runtime.owned('order-1')).to.include({ retryCount: 1 });
    await other.log.count('StreamDisowned', 1);
  });

  it('pauses and resumes names, and says which are paused [C-ACT-3]', async () => {
    const { log, act, find } = await inspected();
    expect(await find('order-2')).to.deep.include({ pausedAt: null });
    const paused = (await act('pause', { name: 'order-2' })).json<StreamActionReply>();
    expect(paused).to.deep.equal({ action: 'pause', changed: true, parked: 0 });
    expect((await find('order-2')).pausedAt).to.be.closeTo(Date.now(), 60_000);
    await fleet().announce(['order-2', 'order-3']);
    await log.count('StreamAdded', 1);
    await eventually('it is put aside', async () => {
      const again = (await act('pause', { name: 'order-2' })).json<StreamActionReply>();
      return again.action === 'pause' && !again.changed && again.parked === 1;
    });
    const resumed = (await act('resume', { name: 'order-2' })).json<StreamActionReply>();
    expect(resumed).to.deep.equal({ action: 'resume', changed: true, parked: 1 });
    await log.count('StreamAdded', 2);
  });

  it('cancels: its owner is told, and what waits is gone [C-ACT-3]', async () => {
    const { runtime, log, act } = await inspected();
    await fleet().announce(['order-1']);
    await log.count('StreamAdded', 1);
    const reply = (await act('cancel', { name: 'order-1' })).json<StreamActionReply>();
    expect(reply).to.deep.include({ action: 'cancel', cancelled: 'owned' });
    await eventually('it is owned no more', () => runtime.owned('order-1') === undefined);
    const none = (await act('cancel', { name: 'order-1' })).json<StreamActionReply>();
    expect(none).to.deep.include({ cancelled: 'none' });
  });

  it('does nothing where the inspector only shows, nor for pages of others [C-ACT-3]', async () => {
    const { runtime, log, act } = await inspected([], false);
    const [id = ''] = await fleet().announce(['order-1']);
    await log.count('StreamAdded', 1);
    for (const action of ['release', 'claim', 'pause', 'resume', 'cancel']) {
      const reply = await act(action, { name: 'order-1', id });
      expect(reply.json<ErrorReply>().error.code, action).to.equal('ActionsNotAllowed');
    }
    const inspector = await inspectors.open({ actions: true });
    inspector.attach(runtime);
    const address = `api/runtimes/${encodeURIComponent(runtime.consumer)}/streams/cancel`;
    const headers = { origin: 'http://evil.example' };
    const stranger = await ask(inspector.url, address, {
      method: 'POST',
      headers,
      body: { name: 'order-1' },
    });
    expect(stranger.status).to.equal(403);
    expect(runtime.owned('order-1')?.id).to.equal(id);
  });

  it('offers what there is to be done, and says what will happen and has happened', () => {
    expect(actionsFor(held, false)).to.deep.equal(['release', 'pause', 'cancel']);
    expect(actionsFor({ ...held, isHere: false }, true)).to.deep.equal(['claim', 'resume', 'cancel']);
    expect(actionsFor(null, null)).to.deep.equal(['pause', 'resume', 'cancel']);
    expect(warningOf('claim', { ...held, isHere: false })).to.match(/^a~00000001 is ALIVE, and loses it/);
    expect(warningOf('claim', { ...held, isAlive: false })).to.match(/gives no sign of life/);
    for (const action of ['release', 'pause', 'resume', 'cancel'] as const) {
      expect(warningOf(action, held)).to.match(/\.$/);
    }
    expect(outcomeOf({ action: 'pause', changed: false, parked: 2 })).to.equal(
      'It was paused already. 2 entries put aside.',
    );
    expect(outcomeOf({ action: 'resume', changed: true, parked: 0 })).to.equal('Resumed.');
    expect(outcomeOf({ action: 'release', outcome: 'underWay' })).to.match(/^It is being released/);
    expect(outcomeOf({ action: 'cancel', cancelled: 'none', ids: [] })).to.match(/nothing was cancelled/);
    expect(outcomeOf({ action: 'claim', outcome: 'gone', holder: 'a' })).to.match(/off the pending list/);
    expect(outcomeOf({ action: 'claim', outcome: 'adopted', copyId: '2-0' })).to.equal(
      'Claimed: announced anew as 2-0.',
    );
  });
});
