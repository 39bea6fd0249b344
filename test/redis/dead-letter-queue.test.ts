import { expect } from 'chai';
import type { Redis } from 'ioredis';
import { type Clock, systemClock } from '../../src/core/clock.js';
import type { Commands } from '../../src/redis/commands.js';
import { createDeadLetterQueue, type DeadLetterQueue } from '../../src/redis/dead-letter-queue.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';
import { useWire } from '../support/wire.js';

const PAYLOAD = '{"DataStreamName":"one","Info":{"a":1}}';

describe('the dead-letter queue', () => {
  const suite = useRedis();
  const wire = useWire(suite);
  const { names } = wire;

  function queueOf(dlqIsLocal: boolean): DeadLetterQueue {
    const commands = wire.commands();
    return createDeadLetterQueue({
      names,
      home: commands,
      letters: commands,
      layout: { dlqIsLocal },
      clock: systemClock,
      timeoutMs: 5_000,
    });
  }

  async function write(...fields: (string | Buffer)[]): Promise<string> {
    return String(await suite.redis().xadd(names.dlq, '*', ...fields));
  }

  /** What stands on the load balancer stream, as bytes. */
  async function announced(): Promise<[string, Buffer[]][]> {
    const entries = (await suite.redis().xrangeBuffer(names.lbs, '-', '+')) as unknown as [
      Buffer,
      Buffer[],
    ][];
    return entries.map(([id, fields]) => [String(id), fields]);
  }

  it('lists letters with what they say, newest first and page by page', async () => {
    const ids = [
      await write('lbs-input', PAYLOAD, '_retry_count', '4', '_dlq_reason', 'max_retries_exceeded'),
      await write('lbs-input', 'junk', '_dlq_reason', 'unparseable'),
      await write('whatever', 'else'),
    ];
    const queue = queueOf(true);
    expect(await queue.length()).to.equal(3);
    const first = await queue.list(2, null);
    expect(first.letters.map(({ id }) => id)).to.deep.equal([ids[2], ids[1]]);
    expect(first.after).to.equal(ids[1]);
    expect(first.letters[0]).to.deep.include({ reason: null, retryCount: 0, name: null });
    expect(first.letters[1]).to.deep.include({ reason: 'unparseable', name: null, info: null });
    expect(first.letters[1]?.problem).to.match(/expected lbs-input to be JSON/);
    const second = await queue.list(2, first.after);
    expect(second.after).to.equal(null);
    const [{ raw, ...letter } = { raw: [] }] = second.letters;
    expect(raw.map(String)).to.deep.equal((letter as { fields?: string[] }).fields);
    expect([letter]).to.deep.equal([
      {
        id: ids[0],
        at: Number(ids[0]?.split('-')[0]),
        reason: 'max_retries_exceeded',
        retryCount: 4,
        failures: 0,
        deaths: 0,
        owner: null,
        error: null,
        name: 'one',
        problem: null,
        info: { a: 1 },
        bytes: 9 + PAYLOAD.length,
        isWhole: true,
        fields: ['lbs-input', PAYLOAD, '_retry_count', '4', '_dlq_reason', 'max_retries_exceeded'],
      },
    ]);
  });

  it('lists the oldest first as well, and no more than a range', async () => {
    const ids = ['1000-0', '1000-1', '2000-0', '3000-0', '3000-5'];
    for (const id of ids) await suite.redis().xadd(names.dlq, id, 'lbs-input', PAYLOAD);
    const queue = queueOf(true);
    const idsOf = async (...args: Parameters<DeadLetterQueue['list']>) =>
      (await queue.list(...args)).letters.map(({ id }) => id);
    expect(await idsOf(10, null, { order: 'oldestFirst' })).to.deep.equal(ids);
    expect(await idsOf(2, '1000-1', { order: 'oldestFirst' })).to.deep.equal(['2000-0', '3000-0']);
    expect(await idsOf(10, null, { from: 1000, to: 2000 })).to.deep.equal(['2000-0', '1000-1', '1000-0']);
    expect(await idsOf(10, '1000-0', { order: 'oldestFirst', to: '3000-0' })).to.deep.equal([
      '1000-1',
      '2000-0',
      '3000-0',
    ]);
    expect(await idsOf(10, '3000-5', { from: '3000-0' })).to.deep.equal(['3000-0']);
  });

  it('keeps the bytes of a listed letter', async () => {
    const bytes = Buffer.from([0xff, 0x00, 0xfe]);
    await write('raw', bytes);
    const [letter] = (await queueOf(true).list(1, null)).letters;
    expect(letter?.raw).to.deep.equal([Buffer.from('raw'), bytes]);
  });

  describe('in the process of a consumer', () => {
    const MOST = 2_000;
    const payloadOf = (bytes: number) =>
      JSON.stringify({ DataStreamName: 'one', Info: { a: 'x'.repeat(bytes) } });
    const within = (clock: Clock = systemClock) => {
      const commands = wire.commands();
      const settings = { names, home: commands, letters: commands, layout: { dlqIsLocal: true }, clock };
      return createDeadLetterQueue({ ...settings, timeoutMs: 5_000, mostParsedBytes: MOST });
    };

    it('parses no letter that is larger than an entry that the consumer parses, and lists it with its fields [C-POI-5]', async () => {
      const large = payloadOf(MOST);
      await write('lbs-input', PAYLOAD, '_dlq_reason', 'tooLarge');
      await write('lbs-input', large, '_dlq_reason', 'tooLarge');
      await write('lbs-input', large);
      const { letters } = await within().list(10, null);
      expect(letters.map(({ name }) => name)).to.deep.equal([null, null, 'one']);
      for (const letter of letters.slice(0, 2)) {
        expect(letter).to.deep.include({ info: null, isWhole: true });
        expect(letter.problem).to.match(/^it has \d+ bytes, more than this consumer parses/);
        expect(letter.fields.slice(0, 2)).to.deep.equal(['lbs-input', large]);
      }
      expect((await queueOf(true).list(10, null)).letters.map(({ name }) => name)).to.deep.equal(
        Array(3).fill('one'),
      );
    });
  });

  it('gives the event loop back between letters before more is parsed than a heartbeat may wait for [C-SIZE-1]', async () => {
    let turns = 0;
    const clock: Clock = {
      ...systemClock,
      setImmediate(callback) {
        turns += 1;
        setImmediate(callback);
      },
    };
    const commands = wire.commands();
    const settings = { names, home: commands, letters: commands, layout: { dlqIsLocal: true }, clock };
    const queue = createDeadLetterQueue({ ...settings, timeoutMs: 5_000 });
    const payload = JSON.stringify({ DataStreamName: 'one', Info: { a: 'x'.repeat(30_000) } });
    for (let n = 0; n < 40; n += 1) await write('lbs-input', payload);
    // Pages grow while they arrive quickly; what one of them has is what matters here.
    let largest: readonly [letters: number, turns: number] = [0, 0];
    for (let after: string | null = null; ; ) {
      const before = turns;
      const page = await queue.list(100, after);
      if (page.letters.length > largest[0]) largest = [page.letters.length, turns - before];
      after = page.after;
      if (after === null) break;
    }
    expect(largest[0], 'letters in a page').to.be.at.least(9);
    expect(largest[1], 'turns').to.be.at.least(Math.ceil(largest[0] / 8) - 1);
  });

  it('finds nothing where there is no dead-letter stream', async () => {
    expect(await queueOf(true).length()).to.equal(0);
    expect(await queueOf(true).list(10, null)).to.deep.equal({ letters: [], after: null });
    expect(await queueOf(true).redrive(['1-1'])).to.deep.equal([null]);
    expect(await queueOf(true).delete(['1-1'])).to.deep.equal([false]);
    expect(await announced()).to.deep.equal([]);
  });

  it('refuses what is no stream, and says so', async () => {
    await suite.redis().set(names.dlq, 'something else');
    const refusal = await queueOf(true)
      .list(10, null)
      .catch((error: unknown) => error);
    expect(refusal).to.be.instanceOf(Error).and.to.have.property('code', 'RedisRefused');
  });

  it('deletes the letters it is given, and says of which there were any', async () => {
    const [first, second, third] = [await write('a', '1'), await write('a', '2'), await write('a', '3')];
    expect(await queueOf(true).delete([first, third, first])).to.deep.equal([true, true, false]);
    const { letters } = await queueOf(true).list(10, null);
    expect(letters.map(({ id }) => id)).to.deep.equal([second]);
  });

  for (const id of ['-', '$', '1700000000000', '*', '1-1 ', '']) {
    it(`takes ${JSON.stringify(id)} for no letter, and does nothing`, async () => {
      await write('lbs-input', PAYLOAD);
      const [{ id: there } = { id: '' }] = (await queueOf(true).list(1, null)).letters;
      for (const dlqIsLocal of [true, false]) {
        for (const act of ['redrive', 'delete'] as const) {
          const error = await rejection(queueOf(dlqIsLocal)[act]([there, id]));
          expect(error).to.have.property('code', 'InvalidOption');
        }
      }
      expect(await queueOf(true).length()).to.equal(1);
      expect(await announced()).to.deep.equal([]);
    });
  }

  it('announces nothing for a user who may not delete [one script]', async () => {
    const id = await write('lbs-input', PAYLOAD);
    await suite.redis().call('ACL', 'SETUSER', 'default', '-xdel');
    try {
      expect(await rejection(queueOf(true).redrive([id]))).to.have.property('code', 'PermissionDenied');
    } finally {
      await suite.redis().call('ACL', 'SETUSER', 'default', '+xdel');
    }
    expect(await announced()).to.deep.equal([]);
    expect(await queueOf(true).length()).to.equal(1);
  });

  for (const dlqIsLocal of [true, false]) {
    describe(dlqIsLocal ? 'beside the load balancer stream' : 'in another slot', () => {
      it('announces letters anew, byte for byte, as if never retried, and each once', async () => {
        const bytes = Buffer.from([0xff, 0x00, 0xfe]);
        const id = await write('lbs-input', PAYLOAD, '_retry_count', '4', 'raw', bytes, '_dlq_reason', 'x');
        const other = await write('lbs-input', 'junk');
        const results = await queueOf(dlqIsLocal).redrive([id, '1-1', other, id]);
        const entries = await announced();
        expect(results.slice(0, 3)).to.deep.equal([entries[0]?.[0], null, entries[1]?.[0]]);
        expect(entries.map(([, fields]) => fields)).to.deep.equal([
          ['lbs-input', PAYLOAD, 'raw', bytes, '_retry_count', '0'].map((field) => Buffer.from(field)),
          ['lbs-input', 'junk', '_retry_count', '0'].map((field) => Buffer.from(field)),
        ]);
        expect(results[3]).to.equal(null);
        expect(await queueOf(dlqIsLocal).length()).to.equal(0);
      });

      it('finds each of those it is given, in whatever order and between whatever others', async () => {
        const ids: string[] = [];
        for (let n = 0; n < 30; n += 1)
          ids.push(await write('lbs-input', `{"DataStreamName":"stream-${n}"}`));
        const [last, first, middle] = [ids[28], ids[1], ids[15]] as [string, string, string];
        const results = await queueOf(dlqIsLocal).redrive([last, first, middle, '1-1', first]);
        expect(
          (await announced()).map(([, [, payload]]) => JSON.parse(String(payload)).DataStreamName),
        ).to.deep.equal(['stream-28', 'stream-1', 'stream-15']);
        expect(results.map((id) => id !== null)).to.deep.equal([true, true, true, false, false]);
        expect(await queueOf(dlqIsLocal).length()).to.equal(27);
      });

      it('gives a redriven stream to a consumer again', async () => {
        const id = await write('lbs-input', PAYLOAD, '_retry_count', '9');
        const consumer = await wire.join('a~00000001');
        const [entry] = await queueOf(dlqIsLocal).redrive([id]);
        const batch = await consumer.read();
        expect(batch).to.deep.equal([{ id: entry, name: 'one' }]);
        await consumer.lease.acquire(batch);
        // Three retries are its to spend: the count began anew.
        const { moved } = await consumer.lease.giveBack('failed', batch);
        expect(moved[0]).to.include({ outcome: 'requeued', retryCount: 1 });
      });
    });
  }

  describe('in another slot, interrupted', () => {
    /** Commands of a process that dies at the command of this name; of a pipeline so many commands have left before. */
    function dying(command: string, executed = 0): Commands {
      const commands = wire.commands();
      return {
        ...commands,
        async run(name, send) {
          if (name !== command) return await commands.run(name, send);
          if (executed === 0) throw new Error('died');
          await commands.run(name, async (client) => {
            const pipeline = client.pipeline();
            let left = executed;
            const cut = new Proxy(pipeline, {
              get: (target, key) => {
                const method = Reflect.get(target, key) as (...args: unknown[]) => unknown;
                if (key === 'exec') return method.bind(target);
                return (...args: unknown[]) => (left-- > 0 ? method.apply(target, args) : undefined);
              },
            });
            return await send({ pipeline: () => cut } as unknown as Redis);
          });
          throw new Error('died');
        },
      };
    }

    const steps: [when: string, command: string, executed: number, announcedBefore: number][] = [
      ['before it announces', 'script redrive-apart', 0, 0],
      ['with half of them announced', 'script redrive-apart', 2, 2],
      ['before it deletes', 'XDEL', 0, 4],
      ['before it forgets', 'PEXPIRE', 0, 4],
    ];
    for (const [when, command, executed, announcedBefore] of steps) {
      it(`${when}: repeated, every letter is announced once`, async () => {
        const ids: string[] = [];
        for (const n of [1, 2, 3, 4]) {
          ids.push(await write('lbs-input', `{"DataStreamName":"stream-${n}"}`, '_retry_count', '4'));
        }
        const settings = { names, layout: { dlqIsLocal: false }, clock: systemClock, timeoutMs: 5_000 };
        const commands = dying(command, executed);
        const victim = createDeadLetterQueue({ ...settings, home: commands, letters: commands });
        expect(await rejection(victim.redrive(ids))).to.have.property('message', 'died');
        expect(await announced()).to.have.length(announcedBefore);
        await queueOf(false).redrive(ids);
        const payloads = (await announced()).map(([, [, payload]]) => JSON.parse(String(payload)));
        const streams = payloads.map(({ DataStreamName }) => DataStreamName);
        expect(streams).to.deep.equal(['stream-1', 'stream-2', 'stream-3', 'stream-4']);
        expect(await queueOf(false).length()).to.equal(0);
      });
    }

    it('is remembered for weeks while the letter stands, and for an hour once it is gone', async () => {
      const id = await write('lbs-input', PAYLOAD);
      const settings = {
        names,
        home: wire.commands(),
        layout: { dlqIsLocal: false },
        clock: systemClock,
        timeoutMs: 5_000,
      };
      await rejection(createDeadLetterQueue({ ...settings, letters: dying('XDEL') }).redrive([id]));
      expect(await suite.redis().pttl(names.redriven(id))).to.be.above(7 * 86_400_000);
      const [entry] = await queueOf(false).redrive([id]);
      expect((await announced()).map(([at]) => at)).to.deep.equal([entry]);
      expect(await suite.redis().pttl(names.redriven(id))).to.be.within(3_500_000, 3_600_000);
    });
  });
});
