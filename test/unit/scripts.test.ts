/** The header of each Lua script is its specification. Here headers, bodies and call sites are held against each other. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { Redis } from 'ioredis';
import { systemClock } from '../../src/core/clock.js';
import { prolongCall } from '../../src/heartbeat/prolong-call.js';
import { ensureEntries } from '../../src/redis/announcing.js';
import { cancelStreams } from '../../src/redis/cancelling.js';
import { createCheckpointStore } from '../../src/redis/checkpoints.js';
import { createClaims } from '../../src/redis/claims.js';
import type { Commands } from '../../src/redis/commands.js';
import { createDataStreams } from '../../src/redis/data-streams.js';
import { createDeadLetterQueue } from '../../src/redis/dead-letter-queue.js';
import { createDeadLetterStore } from '../../src/redis/dead-letter-store.js';
import { addDelayed, createDelayedStore } from '../../src/redis/delaying.js';
import { createDueLetterStore } from '../../src/redis/due-letters.js';
import { createEntryReader, readEntries } from '../../src/redis/entry-reader.js';
import { createFleetStore } from '../../src/redis/fleet.js';
import { createGroupStore } from '../../src/redis/group.js';
import { ON_ONE_SERVER } from '../../src/redis/layout.js';
import { createLeaseStore, type LeaseSettings } from '../../src/redis/lease-store.js';
import { createLockStore } from '../../src/redis/locks.js';
import { createNames } from '../../src/redis/names.js';
import { createParkedStore, pauseStreams } from '../../src/redis/parking.js';
import { SCRIPT_NAMES, SCRIPTS, type ScriptName } from '../../src/redis/scripts.js';
import { createStranded } from '../../src/redis/stranded.js';
import { createTakeStore } from '../../src/redis/taking.js';
import { aRound, memberRecord } from '../support/member-record.js';
import { ALL_OF_IT } from '../support/take-request.js';

const FOLDER = new URL('../../src/redis/scripts/', import.meta.url);
const sourceOf = (file: string) => readFileSync(new URL(file, FOLDER), 'utf8');

interface Parameter {
  /** From 1; the first one of `[4...]`; null for `[...]` and `[last...]`. */
  readonly at: number | null;
  readonly isRest: boolean;
  readonly isOptional: boolean;
  readonly text: string;
}

interface Header {
  readonly keys: readonly Parameter[];
  readonly args: readonly Parameter[];
  readonly returns: string | undefined;
  readonly refusals: string;
  readonly body: string;
}

function headerOf(name: ScriptName): Header {
  const lines = sourceOf(`${name}.lua`).split('\n');
  const end = lines.findIndex((line) => !line.startsWith('--') || line.startsWith('--@'));
  const comments = lines.slice(0, end).map((line) => line.replace(/^-- ?/, ''));
  const parameters = (kind: 'KEYS' | 'ARGV') =>
    comments.flatMap((line) => {
      const match = new RegExp(`^${kind}\\[(\\d+|last)?(\\.\\.\\.)?\\] +(.+)$`).exec(line);
      if (!match) return [];
      const [, at, rest, text = ''] = match;
      const number = at === undefined || at === 'last' ? null : Number(at);
      return [{ at: number, isRest: rest !== undefined, isOptional: /only when/.test(text), text }];
    });
  return {
    keys: parameters('KEYS'),
    args: parameters('ARGV'),
    returns: comments.find((line) => line.startsWith('Returns ')),
    refusals: comments.filter((line) => line.startsWith('Refuses ')).join(' '),
    body: SCRIPTS[name].source.replace(/--[^\n]*/g, ''),
  };
}

interface Sent {
  readonly name: ScriptName;
  readonly keys: readonly string[];
  readonly args: readonly (string | number)[];
}

/** Everything that the stores send, by script, without a server: each operation once with a history and once without. */
async function sentByStores(historyKey: string | undefined): Promise<Sent[]> {
  const sent: Sent[] = [];
  const replies: Partial<Record<ScriptName, unknown>> = {
    raise: [1, 0],
    refresh: [1, '', '', 0, '0', '', '', ''],
    'find-dead': [0, '', 1, 0, 1],
    'count-pending': [0, []],
    'begin-round': ['1', '2', '', 0],
    'end-round': 1,
    take: [2, 2, '', [['1-1', ['f1', 'v1']]]],
    acquire: [1, 1],
    done: [1, 1],
    save: [1],
    'give-back': [[], 0, 0],
    requeue: [[], 0, 0],
    'read-entries': [['f1', 'v1', 'f2', 'v2'], 0, 0, 0],
    'read-page': [[], 0],
    'take-locks': [1, 1],
    'extend-locks': [],
    'claim-due-letters': [[]],
    'add-dead-letter': ['1-1', 0, 1],
    'finish-due-letters': [1],
    redrive: ['1-1', '2-2', '', ''],
    'redrive-apart': '1-1',
    claim: ['requeued', '2-2', 1],
    touch: ['', 0, []],
    ensure: ['1-1', 1, '2-2', 0],
    'prune-announced': ['0', 0],
    'prune-checkpoints': ['0', 0],
    delay: [[], 0, 0],
    'add-delayed': ['delayed:1-1', 'delayed:2-2'],
    'end-delays': [0, 0, ''],
    cancel: [[], [], [], []],
    'park-ahead': [0, 0, 0, 0, ''],
    unpark: ['0', 0],
    pause: [1, 0, 1, 0, 1, 0, 0, 0],
    payloads: ['1-1', 2, [], 4],
    balance: [3, 1, 1],
    stranded: ['', []],
    'remove-data': 1,
    adopt: ['1-1', '2-2', '3-3', '4-4'],
    probe: [],
  };
  type Call = [shaOrSource: string, keyCount: number, ...rest: string[]];
  /** Scripts whose arguments or replies are bytes. */
  function called([shaOrSource, keyCount, ...rest]: Call): unknown {
    const name = SCRIPT_NAMES.find((one) => Object.values(SCRIPTS[one]).includes(shaOrSource)) as ScriptName;
    sent.push({ name, keys: rest.slice(0, keyCount), args: rest.slice(keyCount) });
    return replies[name];
  }
  const letter = [Buffer.from('1-1'), ['f1', 'v1', 'f2', 'v2'].map((text) => Buffer.from(text))];
  function pipeline() {
    const slots: [null, unknown][] = [];
    return {
      pexpire: () => slots.push([null, 1]),
      callBuffer: (_command: string, call: Call) => slots.push([null, called(call)]),
      hscan: () => slots.push([null, ['0', ['', 'v1', 'a', '1-1', 'b', '2-2']]]),
      exists: () => slots.push([null, 0]),
      exec: async () => slots,
    };
  }
  const client = {
    pipeline,
    evalsha: async (...call: Call) => called(call),
    xrangeBuffer: async () => [letter],
    xdel: async () => 1,
    callBuffer: async (_command: string, call: Call) => called(call),
  };
  const commands: Commands = {
    isUp: true,
    async script(name, keys, args) {
      sent.push({ name, keys, args });
      return replies[name] ?? 0;
    },
    run: (_command, send) => send(client as unknown as Redis),
  };
  const names = createNames({ service: 's' });
  const settings: LeaseSettings = {
    consumer: 'c',
    heartbeatMs: 1000,
    maxRetries: 3,
    duplicates: 'queue',
    dlqMaxLen: 100,
    dlqIsLocal: true,
    historyKey,
  };
  const lease = createLeaseStore(commands, names, settings);
  const group = createGroupStore(commands, names, settings, systemClock);
  const fleet = createFleetStore(commands, names, settings.consumer);
  const taking = createTakeStore(commands, names, settings.consumer);
  const locks = createLockStore(commands, 'value', 1000);
  const due = createDueLetterStore(commands, commands, names, settings);
  const reader = createEntryReader(commands, names, systemClock, 1000);
  const deadLetters = createDeadLetterStore(commands, names, settings.dlqMaxLen);
  const batch = [
    { id: '1-1', name: 'a' },
    { id: '2-2', name: 'b' },
  ];
  await lease.raise(1);
  await lease.refresh();
  const prolonging = prolongCall(names, settings.consumer, settings.heartbeatMs);
  await commands.script('prolong', prolonging.keys, [1, ...prolonging.args]);
  await lease.acquire(batch);
  await lease.parkAhead(128);
  await lease.done(batch);
  const checkpoints = createCheckpointStore(commands, commands, names, settings, lease.generation);
  await checkpoints.save([{ id: '1-1', name: 'a', number: 1, json: '{}' }]);
  await checkpoints.prune(60_000);
  await lease.giveBack('handOver', batch);
  await lease.touch('-', 500, 12_000);
  await lease.leave();
  await group.requeue('d', batch, { minIdleMs: 0, spendAlways: false, lockKeys: [] });
  await group.requeue('d', batch, { minIdleMs: 0, spendAlways: false, lockKeys: ['k1', 'k2'] });
  await group.findDead({ turnMs: 500, most: 200, watched: 'd', suspects: ['e', 'f', 'g', 'h'] });
  await group.countPending(['d', 'e', 'f', 'g']);
  await fleet.beginRound(memberRecord(), 1000);
  await fleet.endRound(
    '2',
    aRound(),
    new Map(['a', 'b'].map((name) => [name, { number: 1, count: 1, at: 0 }])),
  );
  await group.forget('d');
  await group.forgetAll(['d', 'e', 'f', 'g']);
  await group.pruneOwners();
  await group.pruneAnnounced();
  const streams = ['a', 'b'].map((name) => ({ name, payload: '{}' }));
  await ensureEntries(commands, names, streams);
  await lease.delay(batch, 1000);
  const later = streams.map((stream) => ({ ...stream, delayMs: 1000 }));
  await addDelayed(commands, names, later, undefined);
  await createDelayedStore(commands, names, settings).end();
  await cancelStreams(commands, names, ['a', 'b', 'c', 'd']);
  await createParkedStore(commands, names, settings).unpark(undefined);
  await pauseStreams(commands, names, 'pause', ['a', 'b', 'c', 'd']);
  await group.balance();
  const link = { isUp: true, role: 'data', client: () => client };
  const data = createDataStreams({ data: link } as never, systemClock, 1000, names.dataKey);
  await data.remove('orders', '1-1');
  await group.payloads(['1-1', '2-2', '3-3', '4-4']);
  await taking.take({ ...ALL_OF_IT, wanted: 2 });
  await locks.take(['k1', 'k2']);
  await locks.extend(['k1', 'k2']);
  await locks.release(['k1', 'k2']);
  await due.claim(
    'unparseable',
    ['1-1', '2-2', '3-3', '4-4'].map((id) => ({ id })),
    0,
    undefined,
  );
  await due.finish('unparseable', [{ id: '1-1', name: 'a', copyId: '5-5', retryCount: 1 }]);
  await deadLetters.add([['f1', 'v1', 'f2', 'v2'].map((text) => Buffer.from(text))]);
  const queueOf = (dlqIsLocal: boolean) =>
    createDeadLetterQueue({
      names,
      home: commands,
      letters: commands,
      layout: { dlqIsLocal },
      clock: systemClock,
      timeoutMs: 1000,
    });
  await queueOf(true).list(1, null);
  await readEntries(reader, ['1-1', '2-2', '3-3', '4-4'], 1000);
  await lease.mark(['1-1', '2-2', '3-3', '4-4'], 0);
  await queueOf(true).redrive(['1-1', '2-2', '3-3', '4-4']);
  await queueOf(false).redrive(['1-1', '2-2', '3-3', '4-4']);
  const claims = createClaims({
    names,
    layout: ON_ONE_SERVER,
    commands,
    group: {
      pendingOf: async () => [{ id: '1-1', consumer: 'd', idleMs: 0, deliveries: 1 }],
      presence: async () => [-2],
      timesToLive: async () => [-2],
    },
    entries: {
      async *pages() {
        yield [{ outcome: 'read', id: '1-1', fields: ['lbs-input', '{"DataStreamName":"a"}'] }];
      },
    },
    caller: 'c',
  });
  await claims.claim('1-1', false);
  const stranded = createStranded(commands, names);
  for await (const page of stranded.pages()) expect(page).to.deep.equal([]);
  await stranded.adopt(['1-1', '2-2', '3-3', '4-4']);
  return sent;
}

describe('Lua scripts', () => {
  it('are the files there are', () => {
    const files = readdirSync(FOLDER).filter((file) => file.endsWith('.lua'));
    expect(files.map((file) => file.replace(/\.lua$/, ''))).to.have.members([...SCRIPT_NAMES]);
  });

  it('include only parts that exist, each of which somebody includes', () => {
    const parts = readdirSync(new URL('lib/', FOLDER)).map((file) => file.replace(/\.lua$/, ''));
    const included = new Set<string>();
    for (const name of SCRIPT_NAMES) {
      const wanted = [...sourceOf(`${name}.lua`).matchAll(/^--@include (\S+)$/gm)].map(
        ([, part]) => part as string,
      );
      for (const part of wanted) included.add(part);
      expect(SCRIPTS[name].source).not.to.match(/^--@include/m);
    }
    expect([...included]).to.have.members(parts);
  });

  for (const name of SCRIPT_NAMES) {
    describe(name, () => {
      const { keys, args, returns, refusals, body } = headerOf(name);

      it('says what it is given and what it returns', () => {
        expect(keys, 'KEYS').not.to.deep.equal([]);
        expect(returns, 'Returns').to.be.a('string');
        for (const list of [keys, args]) {
          const numbers = list.map(({ at }) => at).filter((at) => at !== null);
          expect(numbers).to.deep.equal(numbers.map((_, index) => index + 1));
        }
      });

      it('uses every key and argument that its header names, and no other', () => {
        for (const [kind, list] of [
          ['KEYS', keys],
          ['ARGV', args],
        ] as const) {
          const used = new Set(
            [...body.matchAll(new RegExp(`${kind}\\[(\\d+)\\]`, 'g'))].map(([, at]) => Number(at)),
          );
          const named = list.filter(({ isRest }) => !isRest).map(({ at }) => at as number);
          const rest = list.find(({ isRest }) => isRest);
          for (const at of named) expect([...used], `${kind}[${at}] is used`).to.include(at);
          for (const at of used) expect(named, `${kind}[${at}] is in the header`).to.include(at);
          // A rest is walked from where it begins, or taken whole.
          if (rest?.at !== null && rest !== undefined)
            expect(body).to.match(new RegExp(`= ${rest.at}, #${kind}`));
          if (rest?.at === null) expect(body).to.match(new RegExp(`#${kind}|unpack\\(${kind}\\)`));
        }
      });

      it('says how it refuses', () => {
        // Replies of its own, and of the fence it stands behind.
        for (const [, code = ''] of body.matchAll(/'(SW[A-Z]+)/g)) {
          if (name === 'raise') continue;
          expect(refusals, code).to.include(code);
        }
      });
    });
  }

  for (const historyKey of [undefined, '{s-input}:history']) {
    it(`are sent the keys and arguments of their headers (${historyKey ? 'with' : 'without'} a history)`, async () => {
      const sent = await sentByStores(historyKey);
      expect(new Set(sent.map(({ name }) => name))).to.deep.equal(new Set(SCRIPT_NAMES));
      for (const { name, keys, args } of sent) {
        const header = headerOf(name);
        const required = header.keys.filter((key) => !key.isRest && !key.isOptional).length;
        const optional = header.keys.filter((key) => key.isOptional).length;
        const expected = required + (historyKey === undefined ? 0 : optional);
        if (header.keys.some(({ isRest }) => isRest)) expect(keys.length, name).to.be.at.least(expected);
        else expect(keys.length, name).to.equal(expected);
        if (historyKey !== undefined && optional > 0) expect(keys[required], name).to.equal(historyKey);

        const fixed = header.args.filter(({ isRest }) => !isRest).length;
        const pairs = header.args.some(({ isRest }) => isRest) ? 4 : 0;
        expect(args.length, name).to.equal(fixed + pairs);
        for (const argument of args) expect(argument, name).not.to.equal(undefined);
      }
    });
  }

  it('that keep presence have one key: two may be on two servers while a slot is moved, and would be refused [C-CLU-10]', () => {
    for (const name of ['raise', 'refresh', 'prolong'] as const)
      expect(headerOf(name).keys, name).to.have.length(1);
  });

  it('and what the runtime sends beside them are all tried by the probe, so that nothing is refused later', () => {
    const containers = /^(XGROUP|XINFO|CLIENT|CONFIG)$/;
    const calls = (text: string, function_: string) =>
      [...text.matchAll(new RegExp(`${function_}\\('([A-Z]+)'(?:, '([A-Z]+)')?`, 'g'))].map(
        ([, command = '', second]) => (containers.test(command) && second ? `${command} ${second}` : command),
      );
    const probed = new Set(calls(SCRIPTS.probe.source, 'try'));
    for (const name of SCRIPT_NAMES) {
      // Those of operators and producers are refused where they are used; what is pruned, or parked, is found without XINFO GROUPS as well.
      if (
        [
          'probe',
          'balance',
          'stranded',
          'adopt',
          'ensure',
          'cancel',
          'prune-announced',
          'unpark',
          'park-ahead',
          'find-dead',
          'take',
          'remove-data',
        ].includes(name)
      )
        continue;
      for (const command of calls(SCRIPTS[name].source, 'redis\\.p?call')) {
        expect([...probed], `${command} of ${name}`).to.include(command);
      }
    }
    // Commands that are sent by themselves: `run('XINFO CONSUMERS', …)`.
    const elsewhere = new Set(['INFO server', 'EVAL', 'EVALSHA', 'CLIENT ID', 'CLIENT UNBLOCK', 'XADD']);
    // Refused by name where they are needed, or not needed at all.
    for (const command of [
      'CONFIG GET',
      'CONFIG SET',
      'PSUBSCRIBE',
      'XGROUP CREATE',
      'XREVRANGE',
      // Of handlers that read entries.
      'XREAD',
      'XINFO STREAM',
      'XTRIM',
      'LRANGE',
      'ZSCORE',
      'ROLE',
      'CLUSTER NODES',
    ])
      elsewhere.add(command);
    const folder = new URL('../../src/', import.meta.url);
    const files = readdirSync(folder, { recursive: true }).map(String);
    for (const file of files.filter((one) => /^(redis|actors|runtime)\/.*\.ts$/.test(one))) {
      const text = readFileSync(new URL(file, folder), 'utf8');
      for (const [, command = ''] of text.matchAll(/\brun\('([A-Z]+(?: [A-Za-z]+)?)'/g)) {
        expect(probed.has(command) || elsewhere.has(command), `${command} in ${file}`).to.equal(true);
      }
      if (!/\.(xgroup|pttl|hget)\(/.test(text)) continue;
      // What is sent inside: `client.hset(…)`, `pipeline.hsetnx(…).hget(…)`.
      for (const [, method = ''] of text.matchAll(
        /(?:\bclient|\bpipeline|\))\.((?!pipeline)(?:x|h|p)[a-z]+)\(/g,
      )) {
        const command = method.toUpperCase();
        const isTried = [...probed].some((one) => one === command || one.startsWith(`${command} `));
        expect(isTried, `${command} in ${file}`).to.equal(true);
      }
    }
  });
});
