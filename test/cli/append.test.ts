import { expect } from 'chai';
import { startRedis } from '../../src/testing/index.js';
import { useCli } from '../support/cli.js';
import { useRedis } from '../support/redis.js';

describe('streamwarden append and end', () => {
  const { server, redis } = useRedis();
  const cli = useCli();
  const run = (command: string, ...args: string[]) =>
    cli.run([command, '--redis', server().url, '--service', 'orders', ...args]);

  it('add an entry, and announce its data stream [C-PRO-7, C-PRO-10]', async () => {
    const { code, stdout } = await run('append', 'order-1', 'item=a book', 'note=a=b', 'empty=', '--json');
    expect(code).to.equal(0);
    const [entry] = await redis().xrange('order-1', '-', '+');
    expect(entry?.[1]).to.deep.equal(['item', 'a book', 'note', 'a=b', 'empty', '']);
    const [announced] = await redis().xrange('orders-input', '-', '+');
    const line = JSON.parse(stdout);
    expect(Object.keys(line)).to.deep.equal(['at', 'type', 'stream', 'id', 'announcement', 'created']);
    const known = { type: 'Appended', stream: 'order-1', id: entry?.[0], announcement: announced?.[0] };
    expect(line).to.deep.include({ ...known, created: true });
    const ended = await run('end', 'order-1');
    expect(ended.stdout).to.match(/^\d+-\d+ {2}order-1\n$/);
    expect((await redis().xrevrange('order-1', '+', '-', 'COUNT', 1))[0]?.[1]).to.deep.equal(['_end', '1']);
    expect(await redis().xlen('orders-input')).to.equal(1);
  });

  it('say in words what was announced, with its info, and take another key and place [C-PRO-11]', async () => {
    await using other = await startRedis();
    const { stdout } = await run(
      'append',
      'order-1',
      'a=b',
      '--info',
      '{"region":"eu"}',
      '--key',
      'elsewhere',
    );
    expect(stdout).to.match(/^\d+-0 {2}order-1 {2}announced\n$/);
    const [[, fields] = ['', []]] = await redis().xrange('orders-input', '-', '+');
    expect(fields).to.deep.equal(['lbs-input', '{"DataStreamName":"order-1","Info":{"region":"eu"}}']);
    expect(await redis().xlen('elsewhere')).to.equal(1);
    expect((await run('append', 'order-2', 'a=b', '--data', other.url)).code).to.equal(0);
    expect(await redis().exists('order-1', 'order-2')).to.equal(0);
  });

  it('refuse what is no entry', async () => {
    for (const [words, ...args] of [
      [/expected a field as field=value, got: "amount"/, 'append', 'order-1', 'amount'],
      [/expected a field as field=value, got: "=1"/, 'append', 'order-1', '=1'],
      [/missing required argument 'fields'/, 'append', 'order-1'],
      [/first field is not _end/, 'append', 'order-1', '_end=1'],
      [/expected the name of a data stream, got: ""/, 'append', '', 'a=b'],
      [/none of the keys that streamwarden keeps itself/, 'append', 'orders-input', 'a=b'],
      [/expected --data to be a URL of Redis/, 'end', 'order-1', '--data', 'http://here'],
      [/Expected 1 or more/, 'append', 'order-1', 'a=b', '--max-len', '0'],
    ] as const) {
      const [command, ...rest] = args;
      const { code, stderr } = await run(command as string, ...rest);
      expect(code, String(words)).to.equal(2);
      expect(stderr).to.match(words);
    }
    expect(await redis().dbsize()).to.equal(0);
  });
});
