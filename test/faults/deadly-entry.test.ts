/** An entry that ends every process which parses it, for want of memory. */
import { expect } from 'chai';
import { useConsumerProcesses } from '../support/consumer-process.js';
import { useCrew } from '../support/crew.js';
import { deadLetters } from '../support/dead-letters.js';
import { eventually } from '../support/eventually.js';
import { useRedis } from '../support/redis.js';

/** Millions of small objects from a few megabytes of text. */
const DEADLY = `{"DataStreamName":"deadly","Info":{"a":[${'{},'.repeat(1_300_000)}{}]}}`;
const INNOCENT = ['a', 'b', 'c'];

describe('an entry that consumers die of while they parse it', () => {
  const suite = useRedis();
  // Two deaths are too many: the limit is one less than the retries, and one at least.
  const crew = useCrew(suite, { maxEntryBytes: 8_388_608, maxRetries: 2, capacity: 10 });
  const spawn = useConsumerProcesses();
  const weak = async () => await spawn(crew.options(), ['--max-old-space-size=40']);
  const standing = async () =>
    (await suite.redis().xrange(crew.lbs, '-', '+')).map(([, fields]) =>
      Object.fromEntries(
        fields.flatMap((field, at) => (field.startsWith('_') ? [[field, fields[at + 1]]] : [])),
      ),
    );

  it('is counted by each death, also where whoever takes over is as weak, and dead-lettered before any innocent stream [C-POI-6, C-EXP-6]', async () => {
    const first = await weak();
    await first.start();
    await crew.announce(...INNOCENT);
    await first.awaitNews('StreamAdded', INNOCENT.length);
    await suite.redis().xadd(crew.lbs, '*', 'lbs-input', DEADLY);
    await first.ended();

    const second = await weak();
    await second.start();
    await second.ended();
    expect(second.told('StreamExpired').map(({ stream }) => stream)).to.have.members(INNOCENT);
    expect(await standing()).to.deep.include({ _retry_count: '0', _delivery_count: '1' });
    expect(await deadLetters(suite.redis(), crew.dlq)).to.have.length(0);

    const strong = await crew.start();
    const added = await strong.awaitNews('StreamAdded', INNOCENT.length);
    expect(added.map(({ stream }) => stream)).to.have.members(INNOCENT);
    for (const { retryCount } of added) expect(retryCount).to.be.within(1, 2);
    await eventually('it is a dead letter', async () => (await suite.redis().xlen(crew.dlq)) > 0);
    const letters = await deadLetters(suite.redis(), crew.dlq);
    expect(
      letters.map(({ fields: { _dlq_reason, _delivery_count } }) => [_dlq_reason, _delivery_count]),
    ).to.deep.equal([['delivery_limit', '2']]);
    expect(await standing()).to.have.length(INNOCENT.length);
  });
  it('is not parsed by whoever takes it over from a consumer of the Go client, nor read again: it is too large [C-POI-5, C-POI-6]', async () => {
    const { lbs, group } = crew;
    const go = 'redis-consumer-go';
    await suite.redis().xgroup('CREATE', lbs, group, '0', 'MKSTREAM');
    const id = String(await suite.redis().xadd(lbs, '*', 'lbs-input', DEADLY));
    await suite.redis().xreadgroup('GROUP', group, go, 'STREAMS', lbs, '>');
    await suite.redis().xclaim(lbs, group, go, 0, id, 'IDLE', 3_600_000, 'JUSTID');
    const owner = await spawn(crew.options({ maxEntryBytes: 1_048_576 }), ['--max-old-space-size=40']);
    await owner.start();
    await crew.announce('innocent');
    await owner.awaitNews('StreamAdded', 1);
    await eventually('it is a dead letter', async () => (await suite.redis().xlen(crew.dlq)) === 1);
    const [{ fields } = { fields: {} as Record<string, string> }] = await deadLetters(
      suite.redis(),
      crew.dlq,
    );
    expect(fields).to.include({ _dlq_reason: 'tooLarge', _retry_count: '1' });
    expect(owner.told('StreamDisowned')).to.deep.equal([]);
  });
});
