/** Changes of the scripts. */
import {
  BACK_BEFORE_TAKEOVER,
  CANCELLED,
  DEATHS,
  DELAYED,
  ENSURED,
  FEW_RETRIES,
  HOT,
  LATE_GIVE_BACK,
  LATE_RAISES,
  LATE_TAKEOVER,
  POISONED,
  PROVEN,
  SAVED,
  SLEEPERS,
  SLOW_READERS,
  WAKERS,
} from './aims.js';
import type { Mutant } from './mutant.js';

export const SCRIPT_MUTANTS: readonly Mutant[] = [
  {
    name: 'requeue-no-exists',
    why: 'a living owner is robbed',
    edits: [
      {
        file: 'redis/scripts/requeue.lua',
        from: "if redis.call('EXISTS', presence) == 1 then",
        to: 'if false then',
      },
    ],
    wishes: BACK_BEFORE_TAKEOVER,
    budget: 300,
  },
  {
    name: 'requeue-never',
    why: 'the dead keep what they have',
    edits: [
      {
        file: 'redis/scripts/requeue.lua',
        from: "if redis.call('EXISTS', presence) == 1 then",
        to: 'if true then',
      },
    ],
    wishes: DEATHS,
  },
  {
    name: 'requeue-never-spends',
    why: 'a death costs nothing',
    edits: [
      {
        file: 'redis/scripts/requeue.lua',
        from: 'if spendAlways or owner == id then',
        to: 'if false then',
      },
    ],
    wishes: DEATHS,
  },
  {
    name: 'requeue-always-spends',
    why: 'an entry that nobody was given costs a retry',
    edits: [
      {
        file: 'redis/scripts/requeue.lua',
        from: 'if spendAlways or owner == id then',
        to: 'if true then',
      },
    ],
    wishes: DEATHS,
  },
  {
    name: 'requeue-pending-unchecked',
    why: 'what has ended is given out again',
    edits: [{ file: 'redis/scripts/requeue.lua', from: 'if not pending[id] then', to: 'if false then' }],
    wishes: LATE_TAKEOVER,
  },
  {
    name: 'acquire-no-name-check',
    why: 'a name has two owners',
    edits: [
      {
        file: 'redis/scripts/acquire.lua',
        from: 'elseif owner and isPending(lbs, group, owner) then',
        to: 'elseif false then',
      },
    ],
  },
  {
    name: 'acquire-no-endings',
    why: 'tokens shrink',
    edits: [
      {
        file: 'redis/scripts/acquire.lua',
        from: 'elseif last and isNewer(last, id) then',
        to: 'elseif false then',
      },
    ],
    wishes: SLOW_READERS,
  },
  {
    name: 'acquire-pending-unchecked',
    why: 'what was taken meanwhile is owned',
    edits: [
      {
        file: 'redis/scripts/acquire.lua',
        from: 'if not pending[id] then',
        to: `pending[id], marks[id] = pending[id] or 0, marks[id] or 1
  if false then`,
      },
    ],
    explored: 'both-lapse',
  },
  {
    name: 'acquire-batch-names-unchecked',
    why: 'two entries of one batch own a name',
    edits: [
      {
        file: 'redis/scripts/acquire.lua',
        from: 'local owner = taken[name] or recorded[i + 1]',
        to: 'local owner = recorded[i + 1]',
      },
    ],
  },
  {
    name: 'acquire-unrecorded',
    why: 'nobody knows who owns a name',
    edits: [
      { file: 'redis/scripts/acquire.lua', from: "redis.call('HSET', owners, unpack(writes))", to: '' },
    ],
  },
  {
    name: 'done-pending-unchecked',
    why: 'what was taken over is finished',
    edits: [{ file: 'redis/scripts/done.lua', from: 'if pending[ids[i]] then', to: 'if true then' }],
    wishes: WAKERS,
  },
  {
    name: 'done-not-deleted',
    why: 'finished entries stay on the stream',
    edits: [{ file: 'redis/scripts/done.lua', from: "redis.call('XDEL', lbs, unpack(finished))", to: '' }],
  },
  {
    name: 'done-forgets-ending',
    why: 'tokens shrink',
    edits: [{ file: 'redis/scripts/done.lua', from: 'endings(KEYS[4], KEYS[5]).remember(ended)', to: '' }],
    wishes: SLOW_READERS,
  },
  {
    name: 'done-not-acknowledged',
    why: 'finished entries stay pending',
    edits: [
      { file: 'redis/scripts/done.lua', from: "redis.call('XACK', lbs, group, unpack(finished))", to: '' },
    ],
  },
  {
    name: 'done-fence-open',
    why: 'a late done finishes what was decided otherwise',
    edits: [
      {
        file: 'redis/scripts/done.lua',
        from: 'local refused = fence(presence, ARGV[3])',
        to: "local refused = fence(presence, string.match(redis.call('GET', presence) or '', '^v1:(%d+)$') or ARGV[3])",
      },
    ],
    explored: 'late-commands',
  },
  {
    name: 'give-back-fence-open',
    why: 'a late hand-over takes what was adopted',
    edits: [
      {
        file: 'redis/scripts/give-back.lua',
        from: 'local refused = fence(presence, ARGV[3])',
        to: "local refused = fence(presence, string.match(redis.call('GET', presence) or '', '^v1:(%d+)$') or ARGV[3])",
      },
    ],
    wishes: LATE_GIVE_BACK,
  },
  {
    name: 'give-back-failed-free',
    why: 'a handler that throws costs nothing',
    edits: [{ file: 'redis/scripts/give-back.lua', from: "failed = 'spend'", to: "failed = 'keep'" }],
  },
  {
    name: 'give-back-hand-over-spends',
    why: 'a stop costs a retry',
    edits: [{ file: 'redis/scripts/give-back.lua', from: "handOver = 'keep'", to: "handOver = 'spend'" }],
  },
  {
    name: 'give-back-waiting-spends',
    why: 'waiting costs a retry',
    edits: [{ file: 'redis/scripts/give-back.lua', from: "waiting = 'keep'", to: "waiting = 'spend'" }],
    budget: 300,
  },
  {
    name: 'give-back-pending-unchecked',
    why: 'what is not ours goes back a second time',
    edits: [{ file: 'redis/scripts/give-back.lua', from: 'if not pending[id] then', to: 'if false then' }],
    explored: 'stop-and-lapse',
  },
  {
    name: 'move-off-by-one',
    why: 'one retry too few',
    edits: [
      {
        file: 'redis/scripts/lib/move-entry.lua',
        from: 'local isOver = counts.retries > at.maxRetries',
        to: 'local isOver = counts.retries >= at.maxRetries',
      },
    ],
    wishes: FEW_RETRIES,
  },
  {
    name: 'move-never-dead-letters',
    why: 'retries without end',
    edits: [
      {
        file: 'redis/scripts/lib/move-entry.lua',
        from: 'local isOver = counts.retries > at.maxRetries',
        to: 'local isOver = false',
      },
    ],
    wishes: FEW_RETRIES,
  },
  {
    name: 'move-loses-copy',
    why: 'an entry is lost',
    edits: [
      {
        file: 'redis/scripts/lib/move-entry.lua',
        from: "at.delay(name, copy) or redis.call('XADD', at.lbs, '*', unpack(copy))",
        to: `at.delay(name, copy) or redis.call('XADD', at.lbs, '*', unpack(copy))
    redis.call('XDEL', at.lbs, copyId)`,
      },
    ],
    wishes: DEATHS,
  },
  {
    name: 'refresh-half-life',
    why: 'presence ends before validUntil',
    edits: [
      {
        file: 'redis/scripts/refresh.lua',
        from: "redis.call('PEXPIRE', KEYS[1], ARGV[2])",
        to: "redis.call('PEXPIRE', KEYS[1], math.floor(ARGV[2] / 2))",
      },
    ],
    wishes: DEATHS,
  },
  {
    name: 'raise-any-generation',
    why: 'a new generation never stands',
    edits: [
      {
        file: 'redis/scripts/raise.lua',
        from: "redis.call('SET', KEYS[1], 'v1:' .. ARGV[1], 'PX', ARGV[2])",
        to: "if not held then redis.call('SET', KEYS[1], 'v1:' .. ARGV[1], 'PX', ARGV[2]) end",
      },
    ],
    wishes: LATE_RAISES,
    budget: 300,
  },
  {
    name: 'leave-destroys-pending',
    why: "what a stop leaves is nobody's for ever",
    edits: [{ file: 'redis/scripts/leave.lua', from: 'if #mine == 0 then', to: 'if true then' }],
    kept: 'delivered-while-leaving',
  },
  {
    name: 'move-forgets-ending',
    why: 'tokens shrink',
    edits: [{ file: 'redis/scripts/lib/move-entry.lua', from: 'at.ended.remember({ name, id })', to: '' }],
    kept: 'a-token-that-shrank',
  },
  {
    name: 'refresh-writes-after-lapse',
    why: 'a late refresh opens the fence for what was given up with it',
    edits: [
      {
        file: 'redis/scripts/refresh.lua',
        from: 'if not held then\n',
        to: "if not held then\n  redis.call('SET', KEYS[1], 'v1:' .. ARGV[1], 'PX', ARGV[2])\n",
      },
    ],
    explored: 'late-beat-and-lapse',
  },
  {
    name: 'forget-consumer-pending-unchecked',
    why: 'what a sleeper is given is destroyed with its consumer',
    edits: [
      {
        file: 'redis/scripts/forget-consumer.lua',
        from: "if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) > 0 then",
        to: 'if false then',
      },
    ],
    wishes: SLEEPERS,
  },
  {
    name: 'claim-alive-unchecked',
    why: 'an operator who does not insist robs a living owner',
    edits: [{ file: 'redis/scripts/claim.lua', from: 'if held or idle < minIdle then', to: 'if false then' }],
    wishes: { kinds: { claim: 3 } },
  },
  {
    name: 'claim-forced-generation-carried',
    why: 'after a claim by force what was given up is executed',
    edits: [{ file: 'redis/scripts/claim.lua', from: "'v1:0' ..", to: "'v1:' .." }],
    explored: 'force-after-late-raise',
  },
  {
    name: 'finish-due-letters-nothing',
    why: 'what has a dead letter goes on to be due',
    edits: [
      { file: 'redis/scripts/finish-due-letters.lua', from: "redis.call('XACK', lbs, group, id)", to: '' },
    ],
    wishes: { kinds: { crash: 2, freeze: 1 }, shape: { maxRetries: 0, isApart: true } },
  },
  {
    name: 'trial-convicts-its-group',
    why: 'innocent streams fall with the one that kills',
    edits: [{ file: 'redis/scripts/lib/marks.lua', from: 'if among == 1 then', to: 'if among > 0 then' }],
    wishes: POISONED,
  },
  {
    name: 'trial-never-smaller',
    why: 'the stream that kills is never begun alone',
    edits: [
      {
        file: 'redis/scripts/lib/marks.lua',
        from: 'math.max(1, math.floor(among / 4))',
        to: 'among',
      },
    ],
    wishes: POISONED,
  },
  {
    name: 'move-remembers-proven',
    why: 'what was proven has its retries still',
    edits: [{ file: 'redis/scripts/lib/move-entry.lua', from: 'if proven then', to: 'if false then' }],
    wishes: PROVEN,
  },
  {
    name: 'ensure-trusts-records',
    why: 'a name that is finished counts as announced',
    edits: [
      {
        file: 'redis/scripts/ensure.lua',
        from: 'if (holder and not isCancelled(id) or holder == nil and entries.isNew(id)) and announced.read(id) then',
        to: 'if true then',
      },
    ],
    wishes: ENSURED,
  },
  {
    name: 'ensure-reads-nothing',
    why: 'what was requeued is announced a second time',
    edits: [
      {
        file: 'redis/scripts/lib/announcements.lua',
        from: 'while count < MOST_READ and not self.isFull() do',
        to: 'while false do',
      },
    ],
    wishes: ENSURED,
  },
  {
    name: 'ensure-touches-nobody',
    why: 'an owner does not hear that its stream was ensured',
    edits: [
      {
        file: 'redis/scripts/ensure.lua',
        from: 'touch(holder)',
        to: '',
      },
    ],
    wishes: ENSURED,
  },
  {
    name: 'done-ignores-touches',
    why: 'what was ensured last is lost to a done() that asks',
    edits: [
      {
        file: 'redis/scripts/done.lua',
        from: 'return most and count > most and count',
        to: 'return false',
      },
    ],
    wishes: ENSURED,
  },
  {
    name: 'delayed-too-short',
    why: 'what is delayed is given out before it is due',
    edits: [{ file: 'redis/scripts/end-delays.lua', from: 'if at > now or', to: 'if at > now + 1000 or' }],
    wishes: DELAYED,
  },
  {
    name: 'delayed-without-end',
    why: 'nobody knows when it is due',
    edits: [
      {
        file: 'redis/scripts/lib/delayed.lua',
        from: "redis.call('ZADD', due, string.format('%.0f', self.now() + ms), id)",
        to: '',
      },
    ],
    wishes: DELAYED,
  },
  {
    name: 'delayed-and-kept',
    why: 'what is given back for later is lost with its entry',
    edits: [
      {
        file: 'redis/scripts/lib/move-entry.lua',
        from: 'at.delay and at.delay(name, copy) or',
        to: "at.delay and 'delayed:0-1' or",
      },
    ],
    wishes: DELAYED,
  },
  {
    name: 'delayed-not-announced',
    why: 'a delayed name is announced a second time',
    edits: [{ file: 'redis/scripts/ensure.lua', from: 'if later then', to: 'if false then' }],
    wishes: DELAYED,
  },
  {
    name: 'cancelled-requeued',
    why: 'what was cancelled is given to somebody else',
    edits: [
      {
        file: 'redis/scripts/lib/move-entry.lua',
        from: 'if isCancelled(id) then',
        to: 'if false then',
      },
    ],
    wishes: CANCELLED,
  },
  {
    name: 'cancelled-acquired',
    why: 'what was cancelled on its way to a consumer is given to an application',
    edits: [{ file: 'redis/scripts/acquire.lua', from: 'elseif cancelled[i] then', to: 'elseif false then' }],
    wishes: CANCELLED,
  },
  {
    name: 'cancel-unheard',
    why: 'an owner works on although its stream was cancelled',
    edits: [
      {
        file: 'redis/scripts/cancel.lua',
        from: "local count = countOf(redis.call('HGET', cancels, holder)) + 1",
        to: "local count = countOf(redis.call('HGET', cancels, holder))",
      },
    ],
    wishes: CANCELLED,
  },
  {
    name: 'cancelled-ensured',
    why: 'what is ensured after a cancel is over with what was cancelled',
    edits: [
      {
        file: 'redis/scripts/ensure.lua',
        from: 'if holder and not isCancelled(owner) then',
        to: 'if holder then',
      },
    ],
    wishes: CANCELLED,
  },
  {
    name: 'released-never',
    why: 'what is parked stays there',
    edits: [
      {
        file: 'redis/scripts/lib/parking.lua',
        from: "local copy = redis.pcall('XADD', lbs, '*', unpack(fields))",
        to: "local copy = { err = 'never' }",
      },
    ],
    wishes: HOT,
  },
  {
    name: 'parked-unnamed',
    why: 'what is parked is found by nobody',
    edits: [
      {
        file: 'redis/scripts/lib/parking.lua',
        from: "redis.call('ZADD', names, 0, memberOf(name, parked, isBack))",
        to: '',
      },
    ],
    wishes: HOT,
  },
  {
    name: 'parked-newest-first',
    why: 'what was parked last goes back first',
    edits: [
      {
        file: 'redis/scripts/lib/parking.lua',
        from: "'[' .. prefix, '(' .. string.sub(prefix, 1, -2) .. ';', 'BYLEX', 'LIMIT'",
        to: "'(' .. string.sub(prefix, 1, -2) .. ';', '[' .. prefix, 'BYLEX', 'REV', 'LIMIT'",
      },
    ],
    wishes: HOT,
  },
  {
    name: 'paused-given',
    why: 'somebody is given what is paused',
    edits: [
      {
        file: 'redis/scripts/acquire.lua',
        from: 'elseif not isHeld and parking.isPaused(name) then',
        to: 'elseif false then',
      },
    ],
    wishes: HOT,
  },
  {
    name: 'paused-released',
    why: 'what is parked goes back though it is paused',
    edits: [
      {
        file: 'redis/scripts/lib/parking.lua',
        from: 'not isAllowed() or self.isPaused(name) then',
        to: 'not isAllowed() then',
      },
    ],
    wishes: HOT,
  },
  {
    name: 'parked-not-announced',
    why: 'a parked name is announced a second time',
    edits: [
      {
        file: 'redis/scripts/ensure.lua',
        from: 'if parked then',
        to: 'if false then',
      },
    ],
    wishes: { ...HOT, shape: { ...HOT.shape, ensuring: 0.8 } },
  },
  {
    name: 'coalesced-for-nobody',
    why: 'an entry is finished for another one that does not wait',
    edits: [
      {
        file: 'redis/scripts/lib/parking.lua',
        from: 'return turn ~= id and (self.countIn(name) > 0',
        to: 'return true or (self.countIn(name) > 0',
      },
    ],
    wishes: { ...HOT, shape: { ...HOT.shape, isCoalescing: true } },
  },
  {
    name: 'coalesced-into-owner',
    why: 'an entry is finished for one that has begun',
    edits: [
      {
        file: 'redis/scripts/lib/parking.lua',
        from: '(turn and self.isToCome(turn) and not isPending(lbs, group, turn))',
        to: 'turn',
      },
    ],
    wishes: { ...HOT, shape: { ...HOT.shape, isCoalescing: true } },
  },
  {
    name: 'free-parked-ahead',
    why: 'an entry waits aside though its name is free',
    edits: [
      {
        file: 'redis/scripts/park-ahead.lua',
        from: "return state.why or state.turn and state.turn ~= id and 'turn' or nil",
        to: "return state.why or 'turn'",
      },
    ],
    wishes: { ...HOT, shape: { ...HOT.shape, capacity: 2 } },
  },
  {
    name: 'save-by-anyone',
    why: 'whoever was robbed of a stream writes its checkpoint',
    edits: [{ file: 'redis/scripts/save.lua', from: 'if not pending[id] then', to: 'if false then' }],
    wishes: SAVED,
  },
  {
    name: 'save-late',
    why: 'a save that is executed late takes a newer one back',
    edits: [
      { file: 'redis/scripts/save.lua', from: 'countOf(last) >= tonumber(number)', to: 'false' },
      {
        file: 'redis/scripts/save.lua',
        from: 'local refused = fence(presence, ARGV[3])',
        to: 'local refused = nil',
      },
    ],
    wishes: SAVED,
  },
  {
    name: 'checkpoint-left-behind',
    why: 'what is done leaves its checkpoint to the next stream of its name',
    edits: [
      {
        file: 'redis/scripts/done.lua',
        from: "if leaves ~= '' and (not",
        to: "if leaves ~= '' and leaves ~= '1' and (not",
      },
    ],
    wishes: SAVED,
  },
  {
    name: 'cancelled-saves',
    why: 'an owner that has not heard of a cancel leaves a checkpoint behind',
    edits: [{ file: 'redis/scripts/save.lua', from: 'elseif cancelled[i] then', to: 'elseif false then' }],
    wishes: { ...CANCELLED, shape: { ...CANCELLED.shape, saving: 1 } },
  },
];
