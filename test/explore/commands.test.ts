import { expect } from 'chai';
import { CONSUMERS } from '../../explore/consumers.js';
import {
  callOf,
  DLQ_MAX_LEN,
  HEARTBEAT_MS,
  NAMES,
  type ScriptCommand,
} from '../../explore/redis/commands.js';
import { systemClock } from '../../src/core/clock.js';
import type { Commands } from '../../src/redis/commands.js';
import { createGroupStore } from '../../src/redis/group.js';
import { createLeaseStore, type LeaseSettings } from '../../src/redis/lease-store.js';

const settings: LeaseSettings = {
  consumer: CONSUMERS[0],
  heartbeatMs: HEARTBEAT_MS,
  maxRetries: 3,
  dlqMaxLen: DLQ_MAX_LEN,
  duplicates: 'queue',
  dlqIsLocal: true,
  historyKey: undefined,
};
const entries = [
  { id: '1-0', name: 'n' },
  { id: '2-0', name: 'm' },
];

/** What the runtime's own stores send for the same. */
function fromTheRuntime(replies: readonly unknown[]) {
  const sent: { script: string; keys: readonly string[]; args: readonly (string | number)[] }[] = [];
  const left = [...replies];
  const commands = {
    isUp: true,
    script: async (script: string, keys: readonly string[], args: readonly (string | number)[]) => {
      sent.push({ script, keys, args });
      return left.shift();
    },
    run: async () => undefined,
  } as unknown as Commands;
  const lease = createLeaseStore(commands, NAMES, settings);
  const group = createGroupStore(commands, NAMES, settings, systemClock);
  return { sent, lease, group };
}

describe('commands of the explorer', () => {
  it('are those that the runtime sends', async () => {
    const { sent, lease, group } = fromTheRuntime([[1, 1], 1, [1, 1], [1, 1], [[], 0, 0], 0, 0]);
    await lease.raise(7);
    await lease.refresh();
    await lease.acquire(entries);
    await lease.done(entries);
    await lease.giveBack('waiting', entries);
    await lease.leave();
    await group.requeue(CONSUMERS[1], entries, { minIdleMs: 0, spendAlways: false, lockKeys: [] });
    const same: ScriptCommand[] = [
      { kind: 'raise', generation: 7 },
      { kind: 'refresh', generation: 7 },
      { kind: 'acquire', generation: 7, entries, purpose: 'read' },
      { kind: 'done', generation: 7, entries },
      { kind: 'giveBack', generation: 7, entries, reason: 'waiting', purpose: 'asking' },
      { kind: 'leave' },
      { kind: 'requeue', from: 1, entries },
    ];
    expect(same.map((command) => callOf(command, 0, settings.maxRetries))).to.deep.equal(sent);
  });
});
