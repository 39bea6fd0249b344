import { expect } from 'chai';
import { createDeadLetterQueue, type DeadLetterQueue } from '../../src/redis/dead-letter-queue.js';
import { useRedis } from '../support/redis.js';
import { useWire } from '../support/wire.js';

const PAYLOAD = '{"DataStreamName":"one","Info":{"a":1}}';

describe('the dead-letter queue', () => {
  const suite = useRedis();
  const wire = useWire(suite);
  const { names } = wire;

  function queueOf(dlqIsLocal: boolean): DeadLetterQueue {
    const commands = wire.commands();
    return createDeadLetterQueue({ names, home: commands, letters: commands, layout: { dlqIsLocal } });
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
    expect(second.letters).to.deep.equal([
      {
        id: ids[0],
        reason: 'max_retries_exceeded',
        retryCount: 4,
        name: 'one',
        problem: null,
        info: { a: 1 },
        fields: ['lbs-input', PAYLOAD, '_retry_count', '4', '_dlq_reason', 'max_retries_exceeded'],
      },
    ]);
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

  it('announces a letter of another slot no second time when it could not be deleted', async () => {
    const id = await write('lbs-input', PAYLOAD);
    const commands = wire.commands();
    const failing = {
      ...commands,
      run: <T>(command: string, ...rest: unknown[]) =>
        command === 'XDEL'
          ? Promise.reject(new Error('cut'))
          : (commands.run as (...args: unknown[]) => Promise<T>)(command, ...rest),
    };
    const interrupted = createDeadLetterQueue({
      names,
      home: commands,
      letters: failing,
      layout: { dlqIsLocal: false },
    });
    expect(await interrupted.redrive([id]).catch((error: Error) => error.message)).to.equal('cut');
    expect(await queueOf(false).length()).to.equal(1);
    const [entry] = await queueOf(false).redrive([id]);
    expect((await announced()).map(([at]) => at)).to.deep.equal([entry]);
    expect(await queueOf(false).length()).to.equal(0);
    expect(await suite.redis().pttl(names.redriven(id))).to.be.greaterThan(0);
  });
});
