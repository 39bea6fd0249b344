/** What the application's calls came to, against what became of the entry. */
import type { StreamHandle } from '../../src/index.js';
import { commandTimeoutFor } from '../../src/redis/connections.js';
import type { Call, Member } from '../member.js';
import type { Shape } from '../schedule.js';
import type { Stage } from '../stage.js';

/** How long ago something may have befallen a connection that only an answer that does not come shows: in heartbeats. */
const SHOWS_AFTER = 2;
/** So many messages may queue up on a connection of the simulated network, each of which takes its time after the one before. */
const QUEUED = 6;

/** Whether an answer comes in time where nothing befalls a connection. */
function isAnsweredInTime({ latencyMs, heartbeatMs }: Shape): boolean {
  return QUEUED * latencyMs < commandTimeoutFor(heartbeatMs);
}

export function checkCall(
  fleet: Stage,
  member: Member,
  { name: call, atMs, code }: Call,
  handle: StreamHandle,
): void {
  const { name, id } = handle;
  const { ledger, violations, shape } = fleet;
  const { consumer } = member;
  const isDisturbed = member.disturbedUntil >= atMs - SHOWS_AFTER * shape.heartbeatMs;
  if (code === 'OutcomeUnknown' && !isDisturbed && isAnsweredInTime(shape)) {
    violations.add(
      'C-DONE-5',
      `the outcome of ${call}() of ${name} ${id} is unknown to ${consumer}, which nothing has befallen`,
    );
  }
  const life = ledger.lives.get(id);
  if (life === undefined || !ledger.isWhole(id)) return;
  const isFinished = life.end === 'finished' && life.endedBy === consumer;
  if (call === 'done' && code === null && !isFinished) {
    violations.add('C-DONE-1', `done() of ${name} ${id} resolved for ${consumer}, which has not finished it`);
  }
  // C-CAN-2: a stream that was cancelled its owner finishes by itself.
  if (call === 'done' && code === 'StreamNotOwned' && isFinished && !life.isCancelled) {
    violations.add(
      'C-DONE-5',
      `done() of ${name} ${id} rejected with StreamNotOwned for ${consumer}, which has finished it`,
    );
  }
  if (code === 'OutcomeUnknown' && life.end === undefined && life.owner === consumer) {
    violations.add('C-DONE-5', `done() of ${name} ${id} is unknown to ${consumer}, which still owns it`);
  }
  if (call === 'release' && code === null && life.end === undefined && life.owner === consumer) {
    violations.add('C-REL-1', `release() of ${name} ${id} resolved for ${consumer}, which still owns it`);
  }
}
