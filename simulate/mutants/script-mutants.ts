/** Small changes of the scripts, each of which breaks a promise. A simulation that does not find one does not look where it should. */
import type { ScriptName } from '../../src/redis/scripts.js';
import type { Wishes } from '../schedule.js';

export interface ScriptMutant {
  readonly name: string;
  readonly script: ScriptName;
  readonly from: string;
  readonly to: string;
  /** What must go wrong. */
  readonly why: string;
  readonly wishes?: Wishes;
}

const DEATHS: Wishes = { kinds: { crash: 2, freeze: 2, stall: 1 }, mostFaults: 8 };
const LATE: Wishes = { kinds: { late: 3, stall: 2, cut: 1, freeze: 1 }, mostFaults: 12 };
const FEW_RETRIES: Wishes = { kinds: { crash: 2, freeze: 1 }, shape: { maxRetries: 1 } };

export const SCRIPT_MUTANTS: readonly ScriptMutant[] = [
  {
    name: 'requeue-no-exists',
    script: 'requeue',
    from: "if redis.call('EXISTS', presence) == 1 then",
    to: 'if false then',
    why: 'a living owner is robbed',
    wishes: DEATHS,
  },
  {
    name: 'requeue-never',
    script: 'requeue',
    from: "if redis.call('EXISTS', presence) == 1 then",
    to: 'if true then',
    why: 'the dead keep what they have',
    wishes: DEATHS,
  },
  {
    name: 'requeue-never-spends',
    script: 'requeue',
    from: "(spendAlways or owned) and 'spend' or 'keep'",
    to: "'keep'",
    why: 'a death costs nothing',
    wishes: DEATHS,
  },
  {
    name: 'requeue-always-spends',
    script: 'requeue',
    from: "(spendAlways or owned) and 'spend' or 'keep'",
    to: "'spend'",
    why: 'an entry that nobody was given costs a retry',
    wishes: DEATHS,
  },
  {
    name: 'requeue-pending-unchecked',
    script: 'requeue',
    from: 'if not pending[id] then',
    to: 'if false then',
    why: 'what has ended is given out again',
    wishes: DEATHS,
  },
  {
    name: 'acquire-no-name-check',
    script: 'acquire',
    from: 'elseif owner and isPending(lbs, group, owner) then',
    to: 'elseif false then',
    why: 'a name has two owners',
  },
  {
    name: 'acquire-no-endings',
    script: 'acquire',
    from: 'elseif last and isNewer(last, id) then',
    to: 'elseif false then',
    why: 'tokens shrink',
  },
  {
    name: 'acquire-pending-unchecked',
    script: 'acquire',
    from: 'if not pending[id] then',
    to: 'if false then',
    why: 'what was taken meanwhile is owned',
    wishes: DEATHS,
  },
  {
    name: 'acquire-batch-names-unchecked',
    script: 'acquire',
    from: 'local owner = taken[name] or recorded[i + 1]',
    to: 'local owner = recorded[i + 1]',
    why: 'two entries of one batch own a name',
  },
  {
    name: 'acquire-unrecorded',
    script: 'acquire',
    from: "redis.call('HSET', owners, unpack(writes))",
    to: '',
    why: 'nobody knows who owns a name',
  },
  {
    name: 'done-pending-unchecked',
    script: 'done',
    from: 'if pending[ids[i]] then',
    to: 'if true then',
    why: 'what was taken over is finished',
    wishes: DEATHS,
  },
  {
    name: 'done-not-deleted',
    script: 'done',
    from: "redis.call('XDEL', lbs, unpack(finished))",
    to: '',
    why: 'finished entries stay on the stream',
  },
  {
    name: 'done-forgets-ending',
    script: 'done',
    from: 'endings(KEYS[4], KEYS[5]).remember(ended)',
    to: '',
    why: 'tokens shrink',
  },
  {
    name: 'done-not-acknowledged',
    script: 'done',
    from: "redis.call('XACK', lbs, group, unpack(finished))",
    to: '',
    why: 'finished entries stay pending',
  },
  {
    name: 'done-fence-open',
    script: 'done',
    from: "if held ~= 'v1:' .. generation then",
    to: 'if false then',
    why: 'a late done finishes what was decided otherwise',
    wishes: LATE,
  },
  {
    name: 'give-back-fence-open',
    script: 'give-back',
    from: "if held ~= 'v1:' .. generation then",
    to: 'if false then',
    why: 'a late hand-over takes what was adopted',
    wishes: LATE,
  },
  {
    name: 'acquire-fence-open',
    script: 'acquire',
    from: "if held ~= 'v1:' .. generation then",
    to: 'if false then',
    why: 'a late acquisition owns what nobody works on',
    wishes: LATE,
  },
  {
    name: 'acquire-lapsed-unchecked',
    script: 'acquire',
    from: "if not held then\n    return redis.error_reply('SWLAPSED presence has expired')\n  end",
    to: "if not held then held = 'v1:' .. generation end",
    why: 'an owner without presence',
    wishes: DEATHS,
  },
  {
    name: 'give-back-failed-free',
    script: 'give-back',
    from: "failed = 'spend'",
    to: "failed = 'keep'",
    why: 'a handler that throws costs nothing',
  },
  {
    name: 'give-back-hand-over-spends',
    script: 'give-back',
    from: "handOver = 'keep'",
    to: "handOver = 'spend'",
    why: 'a stop costs a retry',
  },
  {
    name: 'give-back-waiting-spends',
    script: 'give-back',
    from: "waiting = 'keep'",
    to: "waiting = 'spend'",
    why: 'waiting costs a retry',
  },
  {
    name: 'give-back-pending-unchecked',
    script: 'give-back',
    from: 'if not pending[id] then',
    to: 'if false then',
    why: 'what is not ours goes back a second time',
  },
  {
    name: 'move-owner-not-cleared',
    script: 'give-back',
    from: "if name ~= '' and redis.call('HGET', at.owners, name) == id then",
    to: 'if false then',
    why: 'no ending is remembered',
  },
  {
    name: 'move-off-by-one',
    script: 'requeue',
    from: 'if count > at.maxRetries then',
    to: 'if count >= at.maxRetries then',
    why: 'one retry too few',
    wishes: FEW_RETRIES,
  },
  {
    name: 'move-never-dead-letters',
    script: 'requeue',
    from: 'if count > at.maxRetries then',
    to: 'if false then',
    why: 'retries without end',
    wishes: FEW_RETRIES,
  },
  {
    name: 'move-loses-copy',
    script: 'requeue',
    from: "local copyId = redis.call('XADD', at.lbs, '*', unpack(copyOf(fields, count, nil)))",
    to: "local copyId = redis.call('XADD', at.lbs, '*', unpack(copyOf(fields, count, nil)))\n    redis.call('XDEL', at.lbs, copyId)",
    why: 'an entry is lost',
    wishes: DEATHS,
  },
  {
    name: 'refresh-hides-lapse',
    script: 'refresh',
    from: 'return 0',
    to: 'return 1',
    why: 'nobody looks what was taken',
    wishes: DEATHS,
  },
  {
    name: 'refresh-half-life',
    script: 'refresh',
    from: "redis.call('PEXPIRE', KEYS[1], ARGV[2])",
    to: "redis.call('PEXPIRE', KEYS[1], math.floor(ARGV[2] / 2))",
    why: 'presence ends before validUntil',
    wishes: DEATHS,
  },
  {
    name: 'raise-any-generation',
    script: 'raise',
    from: "redis.call('SET', KEYS[1], 'v1:' .. ARGV[1], 'PX', ARGV[2])",
    to: "if not held then redis.call('SET', KEYS[1], 'v1:' .. ARGV[1], 'PX', ARGV[2]) end",
    why: 'a new generation never stands',
    wishes: LATE,
  },
  {
    name: 'leave-destroys-pending',
    script: 'leave',
    from: 'if #mine == 0 then',
    to: 'if true then',
    why: "what a stop leaves is nobody's for ever",
    wishes: { kinds: { stop: 3, mute: 1, cut: 1, late: 1, halfOpenReader: 1 }, mostFaults: 12 },
  },
];
