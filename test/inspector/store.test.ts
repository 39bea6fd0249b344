import { expect } from 'chai';
import { PageModel } from '../../src/inspector/page/model/page-model.js';
import { isMessage } from '../../src/inspector/page/model/runtime-model.js';
import type { ActorRow, Hello, RuntimeInfo, ServerMessage } from '../../src/inspector/protocol.js';
import { message } from '../support/messages.js';

const info: RuntimeInfo = {
  id: 'orders~1',
  service: 'orders',
  names: { stream: 'orders-input', group: 'orders-group', dlq: 'orders-input-dlq' },
  heartbeatMs: 3_000,
  reconcileEveryMs: 60_000,
  maxRetries: 3,
  dlqMaxLen: 1_000,
  since: 1_000,
};

function hello(fields: Partial<Hello> = {}): Hello {
  return {
    kind: 'hello',
    protocol: 1,
    package: '0.1.0',
    viewer: 'v1',
    at: 1_000,
    pid: 1,
    instance: 'first',
    actions: false,
    dropped: null,
    runtimes: [info],
    file: null,
    service: null,
    limits: { watched: 10, replayBytes: 1_000, letters: 100 },
    ...fields,
  };
}

function row(path: string, fields: Partial<ActorRow> = {}): ActorRow {
  return {
    path,
    parent: path.includes('/') ? 'consumer' : null,
    machine: 'ownership',
    label: null,
    lock: null,
    state: 'extending',
    status: 'active',
    restarts: null,
    since: null,
    events: 0,
    last: null,
    ended: null,
    ...fields,
  };
}

function delta(fields: Partial<Extract<ServerMessage, { kind: 'delta' }>>): ServerMessage {
  return {
    kind: 'delta',
    runtime: info.id,
    at: 2_000,
    ended: [],
    actors: [],
    messages: [],
    skipped: 0,
    news: [],
    ...fields,
  };
}

function told(...messages: readonly ServerMessage[]) {
  const page = new PageModel();
  for (const one of [hello(), { kind: 'runtime', runtime: info } as const, ...messages]) page.apply(one);
  const runtime = page.runtimes.get(info.id);
  if (runtime === undefined) throw new Error('expected the runtime to be known');
  return { page, runtime };
}

describe("the page's store", () => {
  it('puts each row in the place of the one before, in whatever order chunks and deltas come', () => {
    const { runtime } = told(
      {
        kind: 'actors',
        runtime: info.id,
        rows: [row('consumer', { state: 'running' }), row('consumer/ownership/1')],
      },
      delta({ actors: [row('consumer/ownership/2', { state: 'acquired' })] }),
      { kind: 'actors', runtime: info.id, rows: [row('consumer/ownership/2', { state: 'extending' })] },
      { kind: 'ready', runtime: info.id, at: 3_000 },
    );
    expect(runtime.isReady).to.equal(true);
    expect(runtime.actors.size).to.equal(3);
    expect(runtime.actors.get('consumer/ownership/2')?.state).to.equal('extending');
    expect(runtime.actors.childrenOf('consumer').map(({ path }) => path)).to.deep.equal([
      'consumer/ownership/1',
      'consumer/ownership/2',
    ]);
  });

  it('keeps how an actor stood last when it ends, and one that comes again under its path', () => {
    const path = 'consumer/leaseKeeper';
    const { page, runtime } = told(delta({ actors: [row(path)] }));
    page.apply(
      delta({
        ended: [row(path, { state: 'present', status: 'error' })],
        actors: [row(path, { state: 'absent', restarts: 1 })],
      }),
    );
    expect(runtime.actors.find(path)).to.include({ state: 'absent', restarts: 1 });
    page.apply(delta({ ended: [row(path, { state: 'absent', status: 'stopped' })] }));
    expect(runtime.actors.get(path)).to.equal(undefined);
    expect(runtime.actors.find(path)).to.include({ state: 'absent', status: 'stopped' });
    expect(runtime.actors.endedCount).to.equal(2);
  });

  it('says where messages were left out', () => {
    const { runtime } = told(
      delta({ messages: [message(1)] }),
      delta({ skipped: 7, messages: [message(9)] }),
    );
    const heard = runtime.messages.items.map((one) => (isMessage(one) ? one.seq : `${one.skipped} missing`));
    expect(heard).to.deep.equal([1, '7 missing', 9]);
  });

  it('forgets all that was known of a runtime when it is introduced anew', () => {
    const { page } = told(delta({ actors: [row('consumer')], messages: [message(1)] }));
    page.apply(hello({ viewer: 'v2', dropped: { why: 'stalled', at: 1_500, waiting: 9_000 } }));
    page.apply({ kind: 'runtime', runtime: info });
    const again = page.runtimes.get(info.id);
    expect(again?.actors.size).to.equal(0);
    expect(again?.messages.items).to.deep.equal([]);
    expect(page.hello?.viewer).to.equal('v2');
  });

  it('notices that a runtime ended while nobody listened', () => {
    const { page, runtime } = told();
    page.apply(hello({ runtimes: [], at: 9_000 }));
    expect(runtime.ended).to.deep.equal({ at: 9_000, error: null, how: 'unseen' });
  });

  it('shows the runtime that is asked for, or else the first that lives', () => {
    const { page, runtime } = told();
    const other = { ...info, id: 'orders~2' };
    page.apply({ kind: 'runtime', runtime: other });
    expect(page.choose('orders~2')?.info).to.equal(other);
    expect(page.choose(null)).to.equal(runtime);
    page.apply({ kind: 'runtimeEnded', runtime: info.id, at: 5_000, error: null });
    expect(page.choose(null)?.info).to.equal(other);
    expect(page.choose('gone')?.info).to.equal(other);
  });

  describe('when another process answers', () => {
    const other = (n: number) => hello({ viewer: `v${n}`, pid: 1, instance: `process ${n}`, at: n * 10_000 });
    const path = 'consumer/ownership/1';
    const lost = row(path, { state: 'lost', status: 'done', label: 'order-7' });

    function known(): ReturnType<typeof told> {
      const { page, runtime } = told(
        delta({ actors: [row('consumer')], ended: [lost], messages: [message(1)] }),
        {
          kind: 'detail',
          runtime: info.id,
          actor: 'consumer',
          skipped: 0,
          isHistory: true,
          taken: {},
          lines: [
            {
              kind: 'join',
              seq: 1,
              at: 1,
              actor: 'consumer',
              machine: 'consumer',
              state: 'running',
              context: null,
            },
          ],
        },
      );
      runtime.watchOnly(new Set(['consumer']));
      return { page, runtime };
    }

    it('keeps the old picture with all that it knew, and puts the new runtime of the same id and pid beside it', () => {
      const { page, runtime } = known();
      page.apply(other(2));
      expect(runtime.ended).to.deep.equal({ at: 20_000, error: null, how: 'replaced' });
      page.apply({ kind: 'runtime', runtime: info });
      page.apply(delta({ actors: [row('consumer/ownership/2')] }));
      page.apply({ kind: 'runtimeEnded', runtime: info.id, at: 21_000, error: null });
      const [old, young] = [...page.runtimes.values()];
      expect(old).to.equal(runtime);
      expect([old?.key, young?.key]).to.deep.equal([info.id, `${info.id}@2`]);
      expect(young?.ended).to.deep.equal({ at: 21_000, error: null, how: 'told' });
      expect(young?.actors.get('consumer/ownership/2')).not.to.equal(undefined);
      expect(runtime.actors.size).to.equal(1);
      expect(runtime.actors.find(path)).to.equal(lost);
      expect(runtime.messages.items).to.have.length(1);
      runtime.watchOnly(new Set());
      expect(runtime.histories.get('consumer')?.steps).to.have.length(1);
    });

    it('leaves in sight what was in sight, until another one is chosen', () => {
      const { page, runtime } = known();
      page.apply(other(2));
      page.apply({ kind: 'runtime', runtime: info });
      expect(page.choose(null)).to.equal(runtime);
      expect(page.choose(`${info.id}@2`)?.ended).to.equal(null);
      // Whoever looks at the new one goes on looking at it.
      page.chosen = `${info.id}@2`;
      page.apply(other(3));
      expect(page.choose(null)?.key).to.equal(`${info.id}@2`);
    });

    it('keeps three pictures at most, and of those the one in sight', () => {
      const { page, runtime } = known();
      for (let n = 2; n < 20; n += 1) {
        page.apply(other(n));
        page.apply({ kind: 'runtime', runtime: info });
      }
      const all = [...page.runtimes.values()];
      expect(all.filter(({ ended }) => ended !== null)).to.have.length(3);
      expect(all[0]).to.equal(runtime);
      expect(page.choose(null)).to.equal(runtime);
      expect(all.at(-1)?.ended).to.equal(null);
    });

    it('does not take the same process, or a runtime that had ended in it, for each other', () => {
      const { page, runtime } = known();
      page.apply(hello({ viewer: 'v2', at: 2_000 }));
      page.apply({ kind: 'runtime', runtime: info });
      expect([...page.runtimes.keys()]).to.deep.equal([info.id]);
      expect(page.runtimes.get(info.id)).not.to.equal(runtime);
      page.apply({ kind: 'runtimeEnded', runtime: info.id, at: 3_000, error: null });
      page.apply({ kind: 'runtime', runtime: info });
      expect([...page.runtimes.keys()]).to.deep.equal([info.id, `${info.id}@2`]);
      expect(page.isTold(info.id)).to.equal(true);
    });
  });

  it('makes contexts of the lines of a watched actor, and begins anew with its history', () => {
    const actor = 'consumer/ownership/1';
    const base = { actor, machine: 'ownership' } as const;
    const detail = {
      kind: 'detail',
      runtime: info.id,
      actor,
      skipped: 0,
      taken: { 2: ['acquiring#0'] },
    } as const;
    const { page, runtime } = told({
      ...detail,
      isHistory: true,
      lines: [
        { kind: 'spawn', seq: 1, at: 1, ...base, state: 'acquiring', context: { name: 'a', reason: null } },
        { kind: 'event', seq: 2, at: 2, ...base, event: { type: 'verified' }, state: 'acquired' },
      ],
    });
    page.apply({
      ...detail,
      isHistory: false,
      lines: [
        {
          kind: 'event',
          seq: 5,
          at: 3,
          ...base,
          event: { type: 'lost', reason: 'gone' },
          state: 'lost',
          patch: [['/reason', 'gone']],
          status: 'done',
        },
      ],
    });
    const steps = runtime.histories.get(actor)?.steps ?? [];
    expect(steps.map(({ from, state }) => [from, state])).to.deep.equal([
      [null, 'acquiring'],
      ['acquiring', 'acquired'],
      ['acquired', 'lost'],
    ]);
    expect(steps.map(({ taken }) => taken)).to.deep.equal([null, ['acquiring#0'], null]);
    expect(steps.at(-1)?.context).to.deep.equal({ name: 'a', reason: 'gone' });
    expect(steps[1]?.context).to.deep.equal({ name: 'a', reason: null });
    page.apply({ ...detail, isHistory: true, lines: [] });
    expect(runtime.histories.get(actor)?.steps).to.deep.equal([]);
  });

  it('keeps no details of actors that are not watched any more', () => {
    const { runtime } = told({
      kind: 'detail',
      runtime: info.id,
      actor: 'consumer',
      lines: [],
      skipped: 0,
      taken: {},
      isHistory: true,
    });
    runtime.watchOnly(new Set(['consumer']));
    expect([...runtime.histories.keys()]).to.deep.equal(['consumer']);
    runtime.watchOnly(new Set());
    expect([...runtime.histories.keys()]).to.deep.equal([]);
  });

  it('does not grow with time', () => {
    const { page, runtime } = told();
    for (let batch = 0; batch < 200; batch++) {
      const messages = Array.from({ length: 100 }, (_, index) => message(batch * 100 + index));
      const ended = messages.map(({ seq }) => row(`consumer/ownership/${seq}`, { status: 'done' }));
      page.apply(delta({ messages, ended }));
    }
    expect(runtime.messages.items.length).to.be.at.most(6_250);
    expect(runtime.messages.items.at(-1)?.seq).to.equal(19_999);
    expect(runtime.actors.ended.length).to.be.at.most(1_250);
    expect(runtime.actors.endedCount).to.equal(20_000);
  });

  it('does not take a server of another version for one that it understands', () => {
    const page = new PageModel();
    page.apply(hello({ protocol: 2 }));
    expect(page.isCompatible).to.equal(false);
  });
});
