import { expect } from 'chai';
import fc from 'fast-check';
import { Comparison, canonical, SERVER_CONFIG } from '../../scripts/redis-model/comparison.js';
import { type Program, programs, runProgram } from '../../scripts/redis-model/program.js';
import { Wire } from '../../scripts/redis-model/wire.js';
import { COMMANDS } from '../../src/simulation/redis/command-table.js';
import { type Refusal, type Reply, SimulatedRedis } from '../../src/simulation/redis/index.js';
import { useRedis } from '../support/redis.js';

/** Replies of one run of the test; `npm run redis-model` goes on to any number. */
const RUNS = 25;

/** What later versions than 7.0 say of commands; nobody asks the model for it. */
const SAID_LATER: ReadonlySet<string> = new Set([
  'cluster slots is loading',
  'cluster shards is loading',
  'wait is not noscript',
  'zrank takes -3',
  'zrevrank takes -3',
]);

describe('simulated Redis, held against a real one', () => {
  const suite = useRedis({ config: SERVER_CONFIG });
  let wire: Wire;

  beforeEach(async () => {
    wire = await Wire.connect('127.0.0.1', suite.server().port);
  });

  afterEach(() => {
    wire.close();
  });

  it('answers random programs of commands, of our scripts and of Lua with the same replies', async () => {
    const comparison = await Comparison.open(suite.server().url);
    try {
      await fc.assert(
        fc.asyncProperty(programs(100), async (program: Program) => {
          await runProgram(program, comparison);
          expect(comparison.difference).to.equal(undefined);
        }),
        { numRuns: RUNS },
      );
    } finally {
      comparison.close();
    }
    expect(comparison.replies).to.be.greaterThan(RUNS * 10);
  });

  it('knows for every command how many arguments it takes, and what may refuse it', async () => {
    const names: string[][] = [];
    for (const { name, subcommands } of COMMANDS.values()) {
      names.push([name]);
      for (const one of subcommands?.keys() ?? []) names.push([name, one]);
    }
    const wrong: string[] = [];
    for (const path of names) {
      const [name = '', subcommand] = path;
      const container = COMMANDS.get(name);
      const command = subcommand === undefined ? container : container?.subcommands?.get(subcommand);
      const [info] = (await wire.send(['COMMAND', 'INFO', path.join('|')])[0]) as [Reply[]];
      const [, arity, flags] = info as unknown as [string, number, { status: string }[]];
      if (command?.arity !== arity) wrong.push(`${path.join(' ')} takes ${arity}`);
      // A container has flags of its own, which nothing asks for.
      if (command?.subcommands !== undefined) continue;
      for (const flag of ['write', 'denyoom', 'noscript', 'loading'] as const) {
        const has = flags.some(({ status }) => status === flag);
        if (command?.flags.includes(flag) !== has)
          wrong.push(`${path.join(' ')} ${has ? 'is' : 'is not'} ${flag}`);
      }
    }
    const is70 = (await version()).startsWith('7.0.');
    expect(wrong.filter((one) => is70 || !SAID_LATER.has(one))).to.deep.equal([]);
  });

  /** Of the real server. */
  async function version(): Promise<string> {
    const [info] = await Promise.all(wire.send(['INFO', 'server']));
    return /redis_version:(\S+)/.exec(String(info))?.[1] ?? 'none';
  }

  const TRIED: readonly (readonly string[])[] = [
    ['PING'],
    ['GET', 'x'],
    ['SET', 'x', '1'],
    ['DEL', 'x'],
    ['XADD', 's', '*', 'f', 'v'],
    ['XREADGROUP', 'GROUP', 'g', 'a', 'STREAMS', 'nothing', '>'],
    ['XINFO', 'STREAM', 'nothing'],
    ['CONFIG', 'GET', 'maxmemory-policy'],
    ['EVAL', "return redis.call('GET', 'x')", '0'],
    ['EVAL', "return redis.call('SET', 'x', '2')", '0'],
    ['EVAL', "return redis.pcall('SET', 'x', '2')", '0'],
    ['EVAL', "redis.call('DEL', 'nothing') return redis.call('SET', 'x', '3')", '0'],
    ['EVAL', "return redis.call('DEL', 'nothing')", '0'],
    ['EVAL', 'return 1', '0'],
  ];

  async function expectSame(refusal: Refusal | null, forbidden: readonly string[] = []): Promise<void> {
    const simulated = new SimulatedRedis({ now: Date.now, version: await version() });
    const session = simulated.connect();
    simulated.refuse(refusal);
    simulated.forbid(forbidden);
    for (const argv of TRIED) {
      const [real] = await Promise.all(wire.send(argv));
      let answer: Reply = 'none';
      session.execute(argv, (reply) => {
        answer = reply;
      });
      const withoutIds = (reply: Reply) =>
        canonical(reply)
          .replace(/\d{13}-\d+/, 'ID')
          // The model has no users.
          .replace(/User \w+ has/, 'User NAME has');
      expect(withoutIds(answer), argv.join(' ')).to.equal(withoutIds(real as Reply));
    }
  }

  it('refuses what a server without memory refuses', async () => {
    await Promise.all(wire.send(['CONFIG', 'SET', 'maxmemory', '1']));
    try {
      await expectSame('OOM');
    } finally {
      await Promise.all(wire.send(['CONFIG', 'SET', 'maxmemory', '0']));
    }
  });

  it('refuses what a server without replicas refuses', async () => {
    await Promise.all(wire.send(['CONFIG', 'SET', 'min-replicas-to-write', '1']));
    try {
      await expectSame('NOREPLICAS');
    } finally {
      await Promise.all(wire.send(['CONFIG', 'SET', 'min-replicas-to-write', '0']));
    }
  });

  it('refuses what a replica refuses', async () => {
    await Promise.all(wire.send(['REPLICAOF', '127.0.0.1', '1']));
    try {
      await expectSame('READONLY');
    } finally {
      await Promise.all(wire.send(['REPLICAOF', 'NO', 'ONE']));
    }
  });

  it('refuses what a user may not run', async () => {
    await Promise.all(
      wire.send(['ACL', 'SETUSER', 'limited', 'on', 'nopass', '~*', '&*', '+@all', '-set', '-config|get']),
    );
    await Promise.all(wire.send(['AUTH', 'limited', '']));
    await expectSame(null, ['set', 'config|get']);
  });
});
