/** Changes of the machines and actors, some together with the check in a script that makes up for them. */
import {
  APPENDED,
  APPENDED_LATE,
  BLOCKED,
  BLOCKED_AND_ROBBED,
  CANCELLED,
  DEATHS,
  DELAYED,
  HOT,
  LATE_GIVE_BACK,
  LATE_RAISES,
  POISONED,
  PROVEN,
  READ,
  SAVED,
  SHARING,
  SLOW_PAGES,
  WAKERS,
} from './aims.js';
import type { Mutant } from './mutant.js';

export const CLIENT_MUTANTS: readonly Mutant[] = [
  {
    name: 'verify-adopts-nothing',
    why: 'what came in a lost answer stays pending for ever',
    edits: [
      {
        file: 'actors/lease/verifier.ts',
        from: "pending === 'groupGone' || signal.aborted ? 0 : this.#adopter.found(pending)",
        to: '0',
      },
    ],
    wishes: { kinds: { mute: 2, cut: 2, halfOpenReader: 1 } },
  },
  {
    name: 'losses-unnoticed',
    why: 'whoever was robbed works on',
    edits: [
      {
        file: 'actors/lease/verifier.ts',
        from: "lost += 1;\n        ownership.send({ type: 'lost', reason });",
        to: 'lost += 1;',
      },
    ],
    wishes: { kinds: { freeze: 3, stall: 2 }, shape: { isLong: true } },
  },
  {
    name: 'handed-while-overdue',
    why: 'a stream is handed out although the lease is over, and nobody is told',
    edits: [{ file: 'actors/intake/assigner.ts', from: 'if (this.#lease.isCertain) {', to: 'if (true) {' }],
    wishes: WAKERS,
    budget: 300,
  },
  {
    name: 'settling-left-out',
    why: 'owners are taken for dead right after a start',
    edits: [
      {
        file: 'machines/reconciler.machine.ts',
        from: "always: { guard: 'isCautionOver', target",
        to: 'always: { target',
      },
    ],
    wishes: DEATHS,
  },
  {
    name: 'lapse-taken-for-kept',
    why: 'presence that had lapsed proves the lease, and nobody looks',
    edits: [
      {
        file: 'machines/lease-keeper.machine.ts',
        from: `params: ({ event }) => event.output },
                    target: '#leaseKeeper.lease.present',
                    actions: [
                      { type: 'recordRaised', params: ({ event }) => event.output },
                      'recordBeat',
                      'doubt',
`,
        to: `params: ({ event }) => event.output },
                    target: '#leaseKeeper.lease.present.assurance.confirmed',
                    actions: [
                      { type: 'recordRaised', params: ({ event }) => event.output },
                      'recordBeat',
                      'prove',
                      'tellConfirmed',
`,
      },
    ],
    wishes: {
      kinds: { freeze: 3, stall: 1 },
      mostFaults: 24,
      shape: { isLong: true, onUncertain: 'continue' },
    },
  },
  {
    name: 'lapse-not-mended',
    why: 'presence that lapsed stays away',
    edits: [
      {
        file: 'machines/lease-keeper.machine.ts',
        from: `guard: { type: 'isLapsed', params: ({ event }) => event.output },
                        target: '#leaseKeeper.lease.raising',`,
        to: `guard: { type: 'isLapsed', params: ({ event }) => event.output },
                        target: 'resting',`,
      },
    ],
    wishes: DEATHS,
  },
  {
    name: 'proved-before-a-look',
    why: 'validUntil moves ahead before anybody has looked',
    edits: [
      {
        file: 'machines/lease-keeper.machine.ts',
        from: `'recordBeat',
                      'doubt',
`,
        to: `'recordBeat',
                      'prove',
                      'doubt',
`,
      },
    ],
    wishes: { kinds: { freeze: 2, stall: 2 }, shape: { isLong: true, latencyMs: 60 } },
    budget: 300,
  },
  {
    name: 'stop-begins-work',
    why: 'what is being acquired when a stop begins is worked on',
    edits: [{ file: 'actors/intake/acquirer.ts', from: 'this.#isStopped = true;', to: '' }],
    wishes: { kinds: { stop: 3 }, aim: { commands: { acquire: 1, XREADGROUP: 1 }, most: 10 } },
  },
  {
    name: 'drain-adopts',
    why: 'a stop adopts what it finds',
    edits: [
      {
        file: 'actors/intake/acquirer.ts',
        from: 'while (this.#underWay > 0) await this.#callEnded.rung();',
        to: 'while (this.#underWay > 0) await this.#callEnded.rung(); this.#isStopped = false;',
      },
    ],
    wishes: {
      kinds: { mute: 4, cut: 5, cutClient: 3, stop: 5, serverStall: 1 },
      aim: { commands: { XREADGROUP: 1 }, phases: ['executed'], most: 20 },
      mostFaults: 18,
    },
  },
  {
    name: 'pending-unaudited',
    why: 'an entry that became pending unheard of stays so',
    edits: [
      {
        file: 'actors/recovery/reconciler.ts',
        from: 'this.#audit.judge(look, own);',
        to: 'void look;',
      },
      {
        file: 'actors/recovery/reconciler.ts',
        from: 'this.#audit.found(own.map(({ id }) => id));',
        to: 'void own;',
      },
    ],
    wishes: { kinds: { halfOpenReader: 3 } },
  },
  {
    name: 'uncertain-untold',
    why: 'nobody is told that the lease is overdue',
    edits: [
      {
        file: 'actors/consumer.ts',
        from: "if (ownership.state === 'extending') ownership.send({ type: 'lease.missed' });",
        to: '',
      },
    ],
    wishes: { kinds: { stall: 2, serverStall: 1 } },
  },
  {
    name: 'deadline-with-its-keeper',
    why: 'a deadline that passes while its keeper is being restarted is told to nobody',
    edits: [
      {
        file: 'actors/lease/lease.ts',
        from: `    const now = this.#now();
    const until = this.#certainUntil ?? now;`,
        to: `    if (this.#actor?.getSnapshot().status !== 'active') return;
    const now = this.#now();
    const until = this.#certainUntil ?? now;`,
      },
    ],
    wishes: { kinds: { deny: 1 }, shape: { isLong: true } },
  },
  {
    name: 'wall-clock-unasked',
    why: 'nobody is told that the lease ran out while the machine slept',
    edits: [
      {
        file: 'actors/lease/lease.ts',
        from: 'if (this.#until !== undefined && !this.isCertain) this.overdue();',
        to: '',
      },
    ],
    wishes: { kinds: { suspend: 1 }, shape: { isLong: true } },
  },
  {
    name: 'rejected-tried-again',
    why: 'a stream of which the handler says that no try can succeed is tried again',
    edits: [{ file: 'runtime/owned-streams.ts', from: 'if (isUnrecoverable(error)) {', to: 'if (false) {' }],
    wishes: { shape: { rejecting: 1 } },
  },
  {
    name: 'pages-thrown-away',
    why: 'what was read for adoption is thrown away when it is looked again meanwhile',
    edits: [
      {
        file: 'actors/lease/adopter.ts',
        from: `    await this.#lease.confirmed();
    const { entries, settings } = this.#kernel;`,
        to: `    await this.#lease.confirmed();
    const asked = this.#unknown;
    const { entries, settings } = this.#kernel;`,
      },
      {
        file: 'actors/lease/adopter.ts',
        from: 'if (this.#isOver) return;',
        to: 'if (this.#isOver || this.#unknown !== asked) return;',
      },
    ],
    wishes: SLOW_PAGES,
  },
  {
    name: 'confirmed-untold',
    why: 'what was uncertain stays so',
    edits: [
      {
        file: 'actors/consumer.ts',
        from: "if (ownership.state === 'uncertain') ownership.send({ type: 'lease.confirmed' });",
        to: '',
      },
    ],
    wishes: { kinds: { stall: 2, serverStall: 1 }, shape: { isLong: true, onUncertain: 'abort' } },
  },
  {
    name: 'done-repeat-unknown',
    why: 'a done whose answer was lost is told as a loss',
    edits: [{ file: 'actors/retrying.ts', from: 'if (mayHaveExecuted(error)) mayBeRepeat = true;', to: '' }],
    wishes: {
      kinds: { mute: 2, cut: 2 },
      aim: { commands: { done: 1 }, phases: ['executed'], most: 5 },
      aimed: 0.9,
      mostFaults: 24,
    },
  },
  {
    name: 'unknown-given-back-unnamed',
    why: 'a stop gives back what it does not know without ending its record, and tokens shrink',
    edits: [
      {
        file: 'actors/lease/verifier.ts',
        from: "name: parsed?.ok ? parsed.announcement.name : ''",
        to: "name: ''",
      },
      {
        file: 'redis/scripts/acquire.lua',
        from: 'elseif owner and isNewer(owner, id) then',
        to: 'elseif false then',
      },
    ],
    wishes: {
      kinds: { stop: 3, mute: 2, freeze: 2, stall: 1 },
      aim: { commands: { acquire: 2, XREADGROUP: 1 }, phases: ['executed'], most: 8 },
      mostFaults: 24,
      announcements: 30,
      shape: { names: 1, processes: 4 },
    },
    kept: 'a-token-that-shrank',
  },
  {
    name: 'balances-at-once',
    why: 'streams are handed over as soon as somebody has come, rollout or not',
    edits: [
      {
        file: 'actors/balance/plan.ts',
        from: 'if (redisMs - changedAt < holdMs) return',
        to: 'if (false) return',
      },
    ],
    wishes: SHARING,
  },
  {
    name: 'dead-unfound',
    why: 'nobody is past his time, whatever the index says: the dead wait for a scan',
    edits: [
      {
        file: 'redis/scripts/find-dead.lua',
        from: "redis.call('ZRANGE', index, '-inf', now, 'BYSCORE',",
        to: "redis.call('ZRANGE', index, '-inf', 0, 'BYSCORE',",
      },
    ],
    wishes: { kinds: { crash: 3 } },
  },
  {
    name: 'left-to-others',
    why: 'everyone leaves what waits to others with more room, for however long nobody takes it',
    edits: [
      {
        file: 'actors/intake/fair-share.ts',
        from: 'return !mayLook || !this.#isAbove || !this.#hasMoreThan(BUSY_PART);',
        to: 'return !mayLook || this.#round === undefined;',
      },
      {
        file: 'redis/scripts/take.lua',
        from: 'local share = tonumber(ARGV[4]) * total / weight',
        to: 'local share = 0 * tonumber(ARGV[4]) * total',
      },
      {
        file: 'redis/scripts/take.lua',
        from: 'if delivered ~= ARGV[8] then',
        to: 'if ARGV[8] then',
      },
    ],
    wishes: { mostFaults: 2, shape: { bytesPerMs: null, connectionLifeMs: null } },
  },
  {
    name: 'living-taken-for-dead',
    why: 'whoever is in the index is taken for dead, and the script does not look either',
    edits: [
      {
        file: 'redis/scripts/find-dead.lua',
        from: "redis.call('ZRANGE', index, '-inf', now, 'BYSCORE',",
        to: "redis.call('ZRANGE', index, '-inf', '+inf', 'BYSCORE',",
      },
      {
        file: 'actors/recovery/dead-finder.ts',
        from: 'if (ttl === -2) {\n        found',
        to: 'if (true) {\n        found',
      },
      {
        file: 'redis/scripts/requeue.lua',
        from: "if redis.call('EXISTS', presence) == 1 then",
        to: 'if false then',
      },
    ],
  },
  {
    name: 'stop-forgets-the-unheard',
    why: 'a stop leaves what it was given and never told',
    edits: [
      { file: 'actors/endings/drain.ts', from: 'await this.#before(this.#giveBackUnheard());', to: '' },
      {
        file: 'actors/endings/drain.ts',
        from: `    this.#giveBackUnheard().catch(() => {});
    await this.#until`,
        to: '    await this.#until',
      },
    ],
    wishes: {
      kinds: { stop: 3, halfOpenReader: 1 },
      aim: { commands: { XREADGROUP: 2, acquire: 2 }, most: 10 },
    },
  },
  {
    name: 'waiting-unasked',
    why: 'nobody asks whether a name has become free',
    edits: [
      {
        file: 'machines/lock-keeper.machine.ts',
        from: "'wave.answered': { guard: 'isAskedAfter', target: 'asking' },",
        to: '',
      },
    ],
    budget: 300,
  },
  {
    name: 'gone-payload-kept',
    why: 'an entry whose payload was trimmed stays pending',
    edits: [
      {
        file: 'actors/lease/adopter.ts',
        from: 'if (gone.length > 0) {',
        to: 'if (gone.length < 0) {',
      },
    ],
    wishes: {
      kinds: { trim: 2, cut: 3 },
      aim: {
        commands: { XREADGROUP: 2, XPENDING: 2, 'read-entries': 1 },
        phases: ['executed', 'sent'],
        most: 12,
      },
      mostFaults: 24,
    },
    kept: 'a-payload-trimmed-before-it-was-found',
  },
  {
    name: 'valid-for-longer',
    why: 'validUntil is later than the end of presence',
    edits: [
      {
        file: 'actors/lease/lease.ts',
        from: 'return { monotonic: sent.monotonic + heartbeatMs, wall: sent.wall + heartbeatMs };',
        to: 'return { monotonic: sent.monotonic + heartbeatMs * 1.2, wall: sent.wall + heartbeatMs * 1.2 };',
      },
    ],
    wishes: {
      kinds: { mute: 3, stall: 1 },
      mostFaults: 24,
      shape: {
        isLong: true,
        latencyMs: 1,
        keyspaceEvents: 'prefer',
        processes: 4,
        capacity: 3,
        lockKeys: false,
        goConsumers: 0,
      },
    },
    budget: 300,
  },
  {
    name: 'generation-not-raised',
    why: 'a command of an old connection is executed as if it were of the new one',
    edits: [
      {
        file: 'machines/lease-keeper.machine.ts',
        from: "'connection.up': '.raising',",
        to: "'connection.up': [{ guard: ({ context }) => context.generation === 0, target: '.raising' }, { target: '.present' }],",
      },
    ],
    wishes: LATE_GIVE_BACK,
    budget: 300,
  },
  {
    name: 'failure-forgotten',
    why: 'a stream whose handler threw is held for ever',
    edits: [
      {
        file: 'runtime/processor.ts',
        from: 'if (ownership.isWorkedOn && !ownership.isAborted) this.#hooks.failed(ownership, error);',
        to: 'void error;',
      },
    ],
  },
  {
    name: 'lapse-hidden-by-late-raise',
    why: 'presence that a late raise wrote again proves the lease, as nobody asks for the time',
    edits: [
      {
        file: 'actors/lease/lease.ts',
        from: 'const inTime = this.#isAhead(this.#stands);',
        to: 'const inTime = true;',
      },
      { file: 'machines/lease-keeper.machine.ts', from: "'deadline.passed': '.doubted',", to: '' },
    ],
    wishes: LATE_RAISES,
  },
  {
    name: 'letter-taken-for-written',
    why: 'what the server of the dead letters did not take is acknowledged',
    edits: [
      {
        file: 'redis/dead-letter-store.ts',
        from: '(outcome.reason as Error)',
        to: "{ id: '0-1', trimmed: 0, dlqLength: 0 }",
      },
    ],
    wishes: { kinds: { serverRestart: 2, serverStall: 1, cut: 1 }, shape: { servers: 3, maxRetries: 0 } },
  },
  {
    name: 'proven-at-once',
    why: 'what was begun a moment ago counts as proven',
    edits: [{ file: 'actors/lease/prover.ts', from: 'if (ownership.heldFrom > until) break;', to: '' }],
    wishes: PROVEN,
  },
  {
    name: 'begun-while-another-kills',
    why: 'what was read beside a stream that kills counts as begun with',
    edits: [
      {
        file: 'actors/intake/acquirer.ts',
        from: `    await this.#marker.mark([...suspects.map(({ entry }) => entry), ...delivered], NOT_BEGUN);\n`,
        to: '',
      },
      { file: 'redis/scripts/lib/marks.lua', from: 'return mark == 1', to: 'return false' },
    ],
    kept: 'read-just-as-it-kills',
  },
  {
    name: 'window-left-out',
    why: 'what kills in its window has outlived it',
    edits: [
      {
        file: 'actors/intake/trials.ts',
        from: 'const endsAt = this.#now + this.#windowMs(trial);',
        to: 'const endsAt = this.#now + 0 * this.#windowMs(trial);',
      },
    ],
    wishes: POISONED,
  },
  {
    name: 'told-after-the-end',
    why: 'whoever reads late is told of what happened after the end',
    edits: [{ file: 'runtime/notification-hub.ts', from: 'if (this.#isClosed) return false;', to: '' }],
    budget: 300,
    wishes: {
      kinds: { stop: 2, refuse: 3 },
      mostFaults: 20,
      announcements: 30,
      shape: {
        processes: 3,
        poisons: 2,
        poisonMs: 30,
        maxRetries: 1,
        servers: 2,
        latencyMs: 60,
        isLong: true,
      },
    },
  },
  {
    name: 'delays-forgotten',
    why: 'what is due is given out by nobody',
    edits: [{ file: 'actors/intake/delays.ts', from: 'this.#plan(this.#kernel.lease.dueInMs());', to: '' }],
    wishes: DELAYED,
  },
  {
    name: 'cancel-forgets-refusals',
    why: 'a cancelled stream whose done() was refused stays with its owner for ever',
    edits: [
      {
        file: 'actors/endings/handler-grace.ts',
        from: 'if (!isBeingFinished(ownership) || ended.aborted) return;',
        to: 'return;',
      },
    ],
    wishes: { ...CANCELLED, shape: { ...CANCELLED.shape, ensuring: 1 } },
    budget: 150,
  },
  {
    name: 'parked-not-looked-for',
    why: 'what is parked and free, after a pause say, is found by nobody',
    edits: [
      { file: 'actors/intake/parking.ts', from: 'void this.#look();', to: '' },
      { file: 'actors/intake/parking.ts', from: 'from = await this.#page(from);', to: '' },
    ],
    wishes: HOT,
  },
  {
    name: 'unflushed',
    why: 'a hand-over loses what was not saved yet',
    edits: [
      {
        file: 'actors/endings/giver.ts',
        from: 'if (this.#saver.isUnsaved(ownerships)) await this.#saveFirst(ownerships);',
        to: '',
      },
    ],
    wishes: SAVED,
  },
  {
    name: 'newest-not-sent',
    why: 'what is written is older than what was said to be',
    edits: [
      {
        file: 'actors/data/saver.ts',
        from: 'progress.wrote(version);',
        to: 'progress.wrote(progress.version);',
      },
    ],
    wishes: SAVED,
  },
  {
    name: 'position-forgotten',
    why: 'every owner reads a data stream from its start',
    edits: [
      {
        file: 'runtime/entries/cursor.ts',
        from: 'const position = positions.positionOf(ownership, key);',
        to: 'const position: string | undefined = undefined;',
      },
    ],
    wishes: READ,
  },
  {
    name: 'idle-whatever-came',
    why: 'a data stream is finished although something has come after its last look',
    edits: [
      {
        file: 'runtime/entries/stream-entries.ts',
        from: '...(isWhole && { ifTouches:',
        to: '...(false && { ifTouches:',
      },
    ],
    wishes: APPENDED_LATE,
  },
  {
    name: 'appended-twice',
    why: 'an entry without an answer is sent again to a server that does not know it again',
    edits: [
      { file: 'runtime/entry-adder.ts', from: 'isSilent && isMarked ?', to: 'isSilent ?' },
      { file: 'runtime/entry-adder.ts', from: 'if (silent !== undefined) throw silent.error;', to: '' },
    ],
    wishes: APPENDED,
  },
  {
    name: 'move-forgets-refusals',
    why: 'a stream that is to move, and whose done() was refused, stays with its owner for ever',
    edits: [
      {
        file: 'actors/endings/releaser.ts',
        from: '!isBeingFinished(ownership) && (isOver',
        to: '(isOver',
      },
    ],
    kept: 'refused-in-a-move',
  },
  {
    name: 'thread-trusted-in-doubt',
    why: 'what nobody has verified counts as certain by the beats of the thread',
    edits: [
      {
        file: 'actors/lease/lease.ts',
        from: 'if (this.#board === undefined || until === undefined || !this.#isUndoubted) return until;',
        to: 'if (this.#board === undefined || until === undefined) return until;',
      },
    ],
    wishes: BLOCKED_AND_ROBBED,
    budget: 300,
  },
  {
    name: 'thread-never-gives-up',
    why: 'a lease that nobody works under is kept for ever',
    edits: [
      {
        file: 'heartbeat/presence-keeper.ts',
        from: 'return now - board.aliveAt <= heartbeatMs / 2 + maxBlockedMs;',
        to: 'return now >= board.aliveAt && heartbeatMs + maxBlockedMs > 0;',
      },
    ],
    wishes: BLOCKED,
  },
  {
    name: 'thread-late',
    why: 'the thread waits until presence has run out',
    edits: [
      {
        file: 'heartbeat/presence-keeper.ts',
        from: 'const dueAt = beatenAt + heartbeatMs / 2;',
        to: 'const dueAt = beatenAt + heartbeatMs;',
      },
    ],
    wishes: BLOCKED,
  },
];
