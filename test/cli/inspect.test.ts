import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { FleetReply, FleetStreamReply, FleetStreamsReply } from '../../src/inspector/protocol.js';
import type { ReplayReport } from '../../src/replay/report.js';
import { startRedis } from '../../src/testing/redis-server.js';
import { type Heard, historyKeyOf, ready, useCli } from '../support/cli.js';
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

  it('shows several recordings on one axis of time, and leaves nothing behind', async () => {
    const heir = recording.replace('sleeper', 'heir');
    const inspect = cli.start(['inspect', recording, heir, '--json']);
    const url = await urlOf(inspect);
    const view = await inspectors.view({ url });
    expect(view.hello.file).to.include({ name: 'zombie.sleeper+zombie.heir.jsonl' });
    const report = (await ask(url, 'api/file/report')).json() as ReplayReport;
    expect(report).to.include({ agrees: true });
    const processes = new Set(report.actors.map(({ actor }) => actor.split('~')[0]));
    expect(processes).to.deep.equal(new Set(['sleeper', 'heir']));
    inspect.kill('SIGTERM');
    expect((await inspect.exit).code).to.equal(0);
  });

  it('shows the fleet of a service without a consumer of its own, and is no member of it [C-FLT-4]', async () => {
    const redis = suite.server().url;
    const consumer = cli.startConsumer({ redis, service: 'seen' });
    const name = await ready(consumer);
    await cli.run(['produce', '--redis', redis, '--service', 'seen', '--name', 'one']);
    await consumer.waitFor(({ type }) => type === 'StreamAdded', { name: 'the stream is owned' });
    const args = ['inspect', '--redis', redis, '--service', 'seen', '--history-key', historyKeyOf('seen')];
    const inspect = cli.start([...args, '--json']);
    const url = await urlOf(inspect);
    const view = await inspectors.view({ url });
    expect(view.hello).to.deep.include({
      runtimes: [],
      file: null,
      service: { id: 'service', name: 'seen' },
    });
    const fleet = await eventually('the consumer has told of itself', async () => {
      const told = (await ask(url, 'api/fleets/service')).json<FleetReply>();
      return told.members[0]?.process?.state === 'running' && told;
    });
    expect(fleet.members.map((member) => [member.name, member.self])).to.deep.equal([[name, false]]);
    const { ownership, history } = (
      await ask(url, 'api/fleets/service/stream?name=one')
    ).json<FleetStreamReply>();
    expect(ownership).to.include({ state: 'owned', owner: name });
    expect(history?.map(({ op }) => op)).to.deep.equal(['acquired']);
    const query = new URLSearchParams({ consumer: name });
    const { rows } = (await ask(url, `api/fleets/service/streams?${query}`)).json<FleetStreamsReply>();
    expect(rows.map((row) => row.name)).to.deep.equal(['one']);
    expect((await ask(url, 'api/runtimes/service/group')).status).to.equal(404);
    inspect.kill('SIGTERM');
    expect(await inspect.exit).to.deep.equal({ code: 0, signal: null });
    expect(inspect.stderr).to.equal('');
  });

  it('goes on while Redis is away, and shows a service that no consumer has joined yet', async () => {
    await using flapping = await startRedis({ appendOnly: true });
    await cli.run(['produce', '--redis', flapping.url, '--service', 'seen']);
    const inspect = cli.start(['inspect', '--redis', flapping.url, '--service', 'seen', '--json']);
    const url = await urlOf(inspect);
    const fleet = async () => await ask(url, 'api/fleets/service');
    expect((await fleet()).json()).to.deep.include({ members: [], balance: null, moves: [] });
    await flapping.kill();
    await eventually('it says so', async () => (await fleet()).status === 503);
    await flapping.restart();
    await eventually('it is seen again', async () => (await fleet()).status === 200);
    inspect.kill('SIGINT');
    expect(await inspect.exit).to.deep.equal({ code: 0, signal: null });
  });

  it('says what is wrong with a service instead of showing it: exit code 2', async () => {
    const redis = suite.server().url;
    await cli.run(['produce', '--redis', redis, '--service', 'seen']);
    const seen = ['inspect', '--redis', redis, '--service', 'seen'];
    const cases: [args: string[], says: RegExp][] = [
      [['inspect'], /^error: expected a recording or --service, got: neither\n$/],
      [['inspect', recording, '--service', 'seen'], /expected a recording or --service, got: both/],
      [['inspect', recording, '--redis', redis], /expected a recording or --redis, got: both/],
      [['inspect', '--redis', redis, '--service', 'sene'], /no service sene here/],
      [['inspect', '--redis', redis, '--service', ''], /expected service to be a non-empty string/],
      [
        ['inspect', '--redis', redis, '--servcie', 'seen'],
        /unknown option '--servcie' \(Did you mean --service\?\)/,
      ],
      [
        [...seen, '--history-key', 'elsewhere'],
        /expected --history-key to be a key with the hash tag \{seen-input\}/,
      ],
      [[...seen, '--host', '0.0.0.0'], /expected token to be given since others can reach 0\.0\.0\.0/],
      [['inspect', '--redis', 'redis://u:hunter2@127.0.0.1:1', '--service', 'seen'], /ECONNREFUSED/],
      [
        ['inspect', '--redis', redis.replace('redis:', 'redis-cluster:'), '--service', 'seen'],
        /is a single server/,
      ],
    ];
    for (const [args, says] of cases) {
      const { code, stdout, stderr } = await cli.run(args);
      expect({ args, code, stdout }).to.deep.equal({ args, code: 2, stdout: '' });
      expect(stderr).to.match(says).and.to.not.contain('hunter2');
    }
    const help = await cli.run(['inspect', '--help']);
    expect(help.stdout).to.include('streamwarden inspect --service orders');
  });

  it('takes a recording also where the environment names a service', async () => {
    const inspect = cli.start(['inspect', recording, '--json'], { env: { STREAMWARDEN_SERVICE: 'seen' } });
    const view = await inspectors.view({ url: await urlOf(inspect) });
    expect(view.hello.file).to.include({ name: 'zombie.sleeper.jsonl' });
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
