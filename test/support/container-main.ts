/**
 * Everything that a server in a container can do, done once; prints what came of it as one line of JSON. In a process of its own, since
 * the connections that testcontainers keeps open would count as leaks of a test.
 */
import { Redis } from 'ioredis';
import { type LauncherError, openServers, startRedis } from '../../src/testing/index.js';

const server = await startRedis({ appendOnly: true, password: 'se"cr et', config: { maxclients: 123 } });
const client = new Redis(server.url, { retryStrategy: () => 50, maxRetriesPerRequest: null });
client.on('error', () => undefined);

const codeOf = async (attempt: () => unknown) => {
  try {
    await attempt();
    return 'none';
  } catch (error) {
    return (error as LauncherError).code;
  }
};

await client.set('kept', 'yes');
const maxClients = await client.config('GET', 'maxclients');
const firstPid = server.pid;
await server.kill();
const runsAfterKill = server.running;
await server.restart();
const kept = await client.get('kept');
await server.pause();
const late = client.ping();
const answersFrozen = await Promise.race([late, new Promise((done) => setTimeout(done, 200, 'nothing'))]);
server.resume();
const result = {
  source: server.binary.source,
  maxClients,
  runsAfterKill,
  kept,
  isAnotherProcess: server.pid !== firstPid,
  answersFrozen,
  answersThawed: await late,
  signalRefused: await codeOf(() => server.signal('SIGHUP')),
  logsReady: /Ready to accept connections/.test(server.logs()),
};
client.disconnect();
await server.stop();
process.stdout.write(`${JSON.stringify({ ...result, open: openServers().length })}\n`, () => process.exit(0));
