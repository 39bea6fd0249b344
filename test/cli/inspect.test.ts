import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type Heard, ready, useCli } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { ask, useInspectors } from '../support/inspector.js';
import { useFolder } from '../support/recordings.js';
import { useRedis } from '../support/redis.js';
import { StatelyView, statelyUrl } from '../support/stately.js';

const recording = fileURLToPath(new URL('../recordings/zombie.sleeper.jsonl', import.meta.url));

async function urlOf(process: Heard): Promise<string> {
  const line = await process.waitFor(({ type }) => type === 'Inspector', { name: 'the inspector listens' });
  return String(line.url);
}

describe('the inspector on the command line', () => {
  const suite = useRedis();
  const cli = useCli();
  const folder = useFolder();
  const inspectors = useInspectors();

  it('shows a consumer while it runs', async () => {
    const consumer = cli.startConsumer({
      redis: suite.server().url,
      service: 'seen',
      args: ['--inspect', '--inspect-actions'],
    });
    const url = await urlOf(consumer);
    const name = await ready(consumer);
    const view = await inspectors.view({ url });
    const known = await view.ready({ consumer: name });
    expect(view.hello.actions).to.equal(true);
    expect(known.overview).to.include({ service: 'seen', state: 'running' });
    consumer.kill('SIGTERM');
    expect((await consumer.exit).code).to.equal(0);
  });

  it("tells programs of it in Stately's format", async () => {
    const consumer = cli.startConsumer({
      redis: suite.server().url,
      service: 'told',
      args: ['--inspect', '--inspect-stately'],
    });
    const view = StatelyView.at(statelyUrl({ url: await urlOf(consumer) }));
    await ready(consumer);
    await eventually('it is told to run', () => {
      const [actor] = view.named('consumer');
      return actor !== undefined && view.snapshots.get(actor.sessionId)?.value === 'running';
    });
    consumer.kill('SIGTERM');
    expect((await consumer.exit).code).to.equal(0);
  });

  it('takes the token from the environment and shows it to nobody', async () => {
    const token = 'a-token-of-the-environment';
    const consumer = cli.start(
      [
        'consume',
        '--redis',
        suite.server().url,
        '--service',
        'seen',
        '--consumer-id',
        'me',
        '--inspect',
        '0',
        '--json',
      ],
      { env: { STREAMWARDEN_INSPECT_TOKEN: token } },
    );
    const url = await urlOf(consumer);
    expect(url).not.to.include(token);
    expect((await ask(url, 'api/machines')).status).to.equal(401);
    const headers = { authorization: `Bearer ${token}` };
    expect((await ask(url, 'api/machines', { headers })).status).to.equal(200);
  });

  it('refuses to be reachable by others without a token, before anything is started', async () => {
    const base = [
      'consume',
      '--redis',
      suite.server().url,
      '--service',
      'seen',
      '--consumer-id',
      'me',
      '--inspect',
    ];
    const { code, stderr } = await cli.run([...base, '--inspect-host', '0.0.0.0']);
    expect(code).to.equal(2);
    expect(stderr).to.match(/^error: expected token to be given since others can reach 0\.0\.0\.0/);
    const taken = await inspectors.open();
    const { port } = new URL(taken.url);
    const second = await cli.run([...base, port]);
    expect(second.code).to.equal(2);
    expect(second.stderr).to.match(/^error: expected to listen on 127\.0\.0\.1, port \d+, got: .*EADDRINUSE/);
    expect(await suite.redis().exists('seen-input')).to.equal(0);
  });

  it('shows a recording until it is told to stop', async () => {
    const inspect = cli.start(['inspect', recording, '--json']);
    const url = await urlOf(inspect);
    const view = await inspectors.view({ url });
    expect(view.hello.file).to.include({ name: 'zombie.sleeper.jsonl' });
    expect((await ask(url, 'api/file/report')).json()).to.include({ agrees: true });
    inspect.kill('SIGTERM');
    expect((await inspect.exit).code).to.equal(0);
  });

  it('says what is wrong with a recording instead of showing it', async () => {
    writeFileSync(folder('no.jsonl'), '{}\n');
    for (const [file, message] of [
      [folder('no.jsonl'), /expected line 1 of .* to be a header/],
      [folder('none.jsonl'), /ENOENT/],
    ] as const) {
      const { code, stderr } = await cli.run(['inspect', file]);
      expect(code).to.equal(2);
      expect(stderr).to.match(message);
    }
  });
});
