import { expect } from 'chai';
import type { FleetReply } from '../../src/inspector/protocol.js';
import type { Cli } from './cli.js';
import { ask } from './inspector.js';

/** `streamwarden inspect --service` shows this consumer, on whatever the URL leads to. */
export async function expectFleetShown(
  cli: Cli,
  redis: string,
  service: string,
  consumer: string,
): Promise<void> {
  const inspect = cli.start(['inspect', '--redis', redis, '--service', service, '--json']);
  const { url } = await inspect.waitFor(({ type }) => type === 'Inspector', { name: 'it serves a page' });
  const { members } = (await ask(String(url), 'api/fleets/service')).json<FleetReply>();
  expect(members.map(({ name }) => name)).to.include(consumer);
  inspect.kill('SIGTERM');
  expect(await inspect.exit).to.deep.equal({ code: 0, signal: null });
}
