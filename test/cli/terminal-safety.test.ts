/** What others choose reaches a terminal in every command: names, infos, fields, consumers' names, recordings, errors of the server. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { heartbeatMs, ready, useCli } from '../support/cli.js';
import { useFolder } from '../support/recordings.js';
import { useRedis } from '../support/redis.js';
import { ALL_CONTROLS, controlIn, hostileText } from '../support/terminal-text.js';

const LBS = 'orders-input';

describe('no command prints a control character', () => {
  const { redis, server } = useRedis();
  const cli = useCli();
  const folder = useFolder();

  function expectSafe(
    { stdout, stderr }: { readonly stdout: string; readonly stderr: string },
    what: string,
  ): void {
    expect(controlIn(stdout), `${what}: ${JSON.stringify(stdout)}`).to.equal(undefined);
    expect(controlIn(stderr), `${what}: ${JSON.stringify(stderr)}`).to.equal(undefined);
  }

  async function expectAllSafe(commands: readonly (readonly string[])[]): Promise<void> {
    for (const args of commands) {
      for (const how of [[], ['--json']]) {
        expectSafe(await cli.run([...args, ...how], { env: { REDIS_URL: server().url } }), args.join(' '));
      }
    }
  }

  it('of a service, whatever names, infos, fields and consumers are called', async () => {
    const [random = ''] = fc.sample(hostileText, 1);
    const name = `order${ALL_CONTROLS}${random}`;
    const payload = JSON.stringify({ DataStreamName: name, Info: { [name]: name } });
    const id = String(await redis().xadd(LBS, '*', 'lbs-input', payload, name, name));
    await redis().xgroup('CREATE', LBS, 'orders-group', '0');
    await redis().xreadgroup('GROUP', 'orders-group', name, 'COUNT', 1, 'STREAMS', LBS, '>');
    const letter = String(
      await redis().xadd('orders-input-dlq', '*', 'lbs-input', payload, '_dlq_reason', name, name, name),
    );
    await redis().xadd('orders-input-dlq', '*', 'lbs-input', name);
    const service = ['--service', 'orders'];
    await expectAllSafe([
      ['produce', ...service, '--name', name],
      ['pending', ...service],
      ['owner', ...service, name],
      ['status', ...service],
      ['doctor', ...service],
      ['topology'],
      ['dlq', 'list', ...service],
      ['dlq', 'show', ...service, letter],
      ['dlq', 'export', ...service],
      ['dlq', 'redrive', ...service, '--all', '--dry-run'],
      ['dlq', 'delete', ...service, name, '--yes'],
      ['claim', ...service, '--id', id, '--yes'],
      ['claim', ...service, '--id', name, '--yes'],
      // What is refused is repeated in the message.
      ['status', '--service', name],
      ['status', ...service, '--redis', name],
      [name],
      [`--${name}`],
    ]);
  });

  for (const how of [[], ['--json', '--log-level', 'debug']]) {
    it(`of a consumer that is told of such streams ${how.join(' ')}`, async () => {
      const name = `order${ALL_CONTROLS}`;
      await redis().xadd(
        LBS,
        '*',
        'lbs-input',
        JSON.stringify({ DataStreamName: name, Info: { [name]: name } }),
      );
      await redis().xadd(LBS, '*', 'lbs-input', name);
      const args = ['consume', '--service', 'orders', '--consumer-id', 'c', '--hold', '1', ...how];
      const one = cli.start([...args, '--heartbeat', String(heartbeatMs())], {
        env: { REDIS_URL: server().url },
      });
      if (how.length > 0) {
        await ready(one);
        await one.waitFor(({ type }) => type === 'StreamDone', { name: 'it is done' });
      } else {
        while (!one.stdout.includes('done ')) await new Promise((resolve) => setImmediate(resolve));
      }
      await one.end();
      expectSafe(one, 'consume');
      expect(one.stdout).to.include('\\u001b');
    });
  }

  it('of a recording, whatever stands in it', async () => {
    const good = fileURLToPath(new URL('../recordings/plain-life.jsonl', import.meta.url));
    const escaped = JSON.stringify(ALL_CONTROLS).slice(1, -1);
    const file = folder('hostile.jsonl');
    const text = readFileSync(good, 'utf8')
      .replaceAll('consumer/ownership/', () => `consumer/ownership/${escaped}`)
      .replaceAll('"orders"', () => `"orders${escaped}"`)
      .replaceAll(/"why":"/g, () => `"why":"${escaped}`)
      .replaceAll('"effects":["', () => `"effects":["${escaped}`);
    writeFileSync(file, text);
    await expectAllSafe([
      ['replay', file],
      ['replay', file, '--step'],
      ['replay', file, '--diagram'],
      ['replay', `${file}${ALL_CONTROLS}`],
    ]);
  });
});
