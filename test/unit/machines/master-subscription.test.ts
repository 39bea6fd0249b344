import { expect } from 'chai';
import { createActor } from 'xstate';
import {
  type MasterSubscriptionEvent,
  masterSubscriptionMachine,
} from '../../../src/machines/master-subscription.machine.js';
import type { KeyspaceSetup } from '../../../src/machines/standing.js';
import { asked } from './asked.js';
import { Fold } from './fold.js';

const setup: KeyspaceSetup = { outcome: 'set', before: '', after: 'Ex' };
const subscription = () => new Fold(masterSubscriptionMachine, { master: '10.0.0.1:6379' });
const lost: MasterSubscriptionEvent = {
  type: 'connection.down',
  error: { code: 'ECONNRESET', message: 'reset by peer' },
};

const steps = {
  connecting: { invoked: 'connect', reach: () => subscription() },
  configuring: { invoked: 'configure', reach: () => subscription().answer('connect') },
  subscribing: {
    invoked: 'subscribe',
    reach: () => subscription().answer('connect').answer('configure', setup),
  },
};
const live = () => steps.subscribing.reach().answer('subscribe');

describe('master subscription machine', () => {
  it('connects, configures, subscribes, one after the other', () => {
    for (const [state, { invoked, reach }] of Object.entries(steps)) {
      const fold = reach();
      expect(fold.value).to.equal(state);
      expect(fold.invoked).to.deep.equal([invoked]);
    }
  });

  it('tells once that it is live, and keeps what came of the setting', () => {
    const fold = live();
    expect(fold.value).to.equal('live');
    expect(fold.told).to.deep.equal(['tellLive']);
    expect(fold.invoked).to.deep.equal([]);
    expect(fold.context).to.deep.equal({ master: '10.0.0.1:6379', setup, error: null });
  });

  for (const [state, { invoked, reach }] of Object.entries(steps)) {
    it(`fails for good when ${state} fails, and says so`, () => {
      const fold = reach().fail(invoked, Object.assign(new Error('NOPERM'), { code: 'PermissionDenied' }));
      expect(fold.value).to.equal('failed');
      expect(fold.told).to.deep.equal(['tellFailed']);
      expect(fold.isOver).to.equal(true);
      expect(fold.context.error).to.deep.equal({
        code: 'PermissionDenied',
        message: 'NOPERM',
        during: state,
      });
    });
  }

  for (const [state, reach] of [
    ...Object.entries(steps).map(([name, step]) => [name, step.reach] as const),
    ['live', live] as const,
  ]) {
    it(`fails when the connection is lost in ${state}, and says that it was then`, () => {
      const fold = reach().send(lost);
      expect(fold.value).to.equal('failed');
      expect(fold.invoked).to.deep.equal([]);
      expect(fold.context.error).to.deep.equal({ ...lost.error, during: state });
    });
  }

  it('keeps the outcome of the setting when a later step fails', () => {
    expect(steps.subscribing.reach().fail('subscribe', new Error('no')).context.setup).to.deep.equal(setup);
    expect(steps.configuring.reach().fail('configure', new Error('no')).context.setup).to.equal(null);
  });

  it('discards a connection that comes after it was given up', async () => {
    const connect = asked<void>();
    const actor = createActor(masterSubscriptionMachine.provide({ actors: { connect: connect.logic } }), {
      input: { master: 'm' },
    }).start();
    actor.send(lost);
    expect(connect.last().signal.aborted).to.equal(true);
    await connect.last().answer(undefined);
    expect(actor.getSnapshot().value).to.equal('failed');
  });
});
