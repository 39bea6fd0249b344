import { expect } from 'chai';
import { deadLetters, lasting } from '../support/dead-letters.js';
import { eventually } from '../support/eventually.js';
import { GoConsumer } from '../support/go-consumer.js';
import { keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { type Fleet, useFleet } from '../support/runtimes.js';

const binary = Buffer.from([0, 255, 254, 128, 10]);

/** What is wrong with it → its fields and values. */
const malformed: Readonly<Record<string, readonly (string | Buffer)[]>> = {
  'not JSON': ['lbs-input', 'hello'],
  'an empty payload': ['lbs-input', ''],
  'JSON that is cut off': ['lbs-input', '{"DataStreamName":"x"'],
  'text after the JSON': ['lbs-input', '{"DataStreamName":"x"} and more'],
  'two documents': ['lbs-input', '{"DataStreamName":"x"}{"DataStreamName":"y"}'],
  'an array': ['lbs-input', '[{"DataStreamName":"x"}]'],
  'a string': ['lbs-input', '"x"'],
  'a number': ['lbs-input', '7'],
  null: ['lbs-input', 'null'],
  'a missing name': ['lbs-input', '{"Info":{}}'],
  'an empty name': ['lbs-input', '{"DataStreamName":""}'],
  'a name that is null': ['lbs-input', '{"DataStreamName":null}'],
  'a name that is a number': ['lbs-input', '{"DataStreamName":7}'],
  'an Info that is an array': ['lbs-input', '{"DataStreamName":"x","Info":[]}'],
  'an Info that is a string': ['lbs-input', '{"DataStreamName":"x","Info":"{}"}'],
  'an Info that is a number': ['lbs-input', '{"DataStreamName":"x","Info":1}'],
  'no payload field': ['other', 'x'],
  'a payload field in another letter case': ['LBS-Input', '{"DataStreamName":"x"}'],
  'binary bytes and repeated fields': [binary, binary, 'again', '1', 'again', '2', 'lbs-input', binary],
};

/** Retry counts as they may stand on an entry, and as they are read. */
const counts: readonly [raw: string | null, read: string][] = [
  [null, '0'],
  ['2', '2'],
  ['99', '99'],
  ['-1', '0'],
  ['many', '0'],
];

describe('an entry that cannot be parsed', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  it('goes to the dead-letter stream with its fields as they are, and the reader goes on [C-POI-1, C-POI-10]', async () => {
    const { announce, listening, names } = fleet();
    const { log, runtime } = await listening();
    await addMalformed(fleet());
    await announce(['fine']);

    await log.first('StreamAdded', 'fine');
    await eventually(
      'all are dead-lettered',
      () => runtime.snapshot().counters.deadLettered === Object.keys(malformed).length,
    );
    await expectLetters(fleet());
    expect(await suite.redis().xlen(names.lbs)).to.equal(1);
    expect(log.all.filter(({ type }) => type !== 'StreamDeadLettered')).to.have.lengthOf(1);
    expect(log.of('StreamDeadLettered').map(({ stream, reason }) => [stream, reason])).to.deep.equal(
      Object.keys(malformed).map(() => [null, 'unparseable']),
    );
    expect(runtime.state).to.equal('running');
  });

  it('goes there as well when the scan finds it pending for a dead consumer [C-POI-1]', async () => {
    const { announce, listening, names } = fleet();
    await suite.redis().xgroup('CREATE', names.lbs, names.group, '0', 'MKSTREAM');
    await addMalformed(fleet());
    await announce(['fine']);
    const go = new GoConsumer(suite.redis(), names);
    await go.age(await go.read(1000), 60_000);

    const { log, runtime } = await listening({
      heartbeatMs: keepable(400),
      keyspaceEvents: 'off',
      minIdleMs: 30_000,
      scanBatch: 4,
    });
    expect(await log.first('StreamAdded', 'fine')).to.include({ retryCount: 1 });
    await expectLetters(fleet());
    const lastScan = await eventually('the scan is over', () => runtime.snapshot().reconciler.lastScan);
    expect(lastScan).to.include({ requeued: 1, deadLettered: Object.keys(malformed).length });
    expect(await suite.redis().xlen(names.lbs)).to.equal(1);
  });

  for (const [raw, read] of counts) {
    it(`keeps its retry count: ${raw ?? 'none'} reads as ${read} [C-POI-1]`, async () => {
      const { listening, names } = fleet();
      const { runtime } = await listening({ maxRetries: 3 });
      await suite
        .redis()
        .xadd(names.lbs, '*', 'lbs-input', '?', ...(raw === null ? [] : ['_retry_count', raw]));
      await eventually('it is dead-lettered', () => runtime.snapshot().counters.deadLettered === 1);
      const [letter] = await deadLetters(suite.redis(), names.dlq);
      expect(lasting(letter?.raw ?? []).map(String)).to.deep.equal([
        'lbs-input',
        '?',
        '_retry_count',
        read,
        '_dlq_reason',
        'unparseable',
      ]);
    });
  }

  async function addMalformed({ names }: Fleet): Promise<void> {
    for (const fields of Object.values(malformed)) await suite.redis().xadd(names.lbs, '*', ...fields);
  }

  /** Every malformed entry once, its own bytes first. */
  async function expectLetters({ names }: Fleet): Promise<void> {
    const letters = await deadLetters(suite.redis(), names.dlq);
    const added = ['_retry_count', '0', '_dlq_reason', 'unparseable'];
    const asText = (fields: readonly (string | Buffer)[]) =>
      fields.map((field) => Buffer.from(field as string).toString('latin1')).join('\n');
    expect(letters.map(({ raw }) => asText(lasting(raw))).sort()).to.deep.equal(
      Object.values(malformed)
        .map((fields) => asText([...fields, ...added]))
        .sort(),
    );
  }
});

describe('an entry that is odd but can be parsed', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  const odd: readonly [what: string, payload: string, info: object | null][] = [
    ['names in another letter case', '{"datastreamNAME":"it","INFO":{"a":1}}', { a: 1 }],
    ['members that nobody knows', '{"Version":[1],"DataStreamName":"it","Owner":{"x":null}}', null],
    ['an Info that is null', '{"DataStreamName":"it","Info":null}', null],
    ['no Info', '{"DataStreamName":"it"}', null],
    ['an empty Info', '{"DataStreamName":"it","Info":{}}', {}],
    ['white space around the JSON', ' \n{"DataStreamName":"it"}\t ', null],
  ];
  for (const [what, payload, info] of odd) {
    it(`is delivered: ${what}`, async () => {
      const { listening, names } = fleet();
      const { log } = await listening();
      await suite.redis().xadd(names.lbs, '*', 'lbs-input', payload);
      expect(await log.first('StreamAdded', 'it')).to.deep.include({ info, retryCount: 0 });
    });
  }

  it('is delivered under any name that is not empty', async () => {
    const { announce, listening } = fleet();
    const { log, runtime } = await listening();
    const odd = [
      ' ',
      'a<MUTEX_KEY_SEP>b',
      '{tag}:x',
      '名前 🚀',
      'new\nline',
      'null',
      '__proto__',
      'x'.repeat(5000),
      '*?[a]',
    ];
    await announce(odd);
    await log.count('StreamAdded', odd.length);
    expect(log.added).to.deep.equal(odd);
    await Promise.all([...runtime.ownedStreams()].map((stream) => stream.done()));
    expect(await suite.redis().keys('*MUTEX_KEY_SEP*')).to.deep.equal([]);
    expect(await suite.redis().xlen(fleet().names.lbs)).to.equal(0);
  });
});
