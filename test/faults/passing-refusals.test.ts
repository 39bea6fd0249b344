import { expect } from 'chai';
import { useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { type OldReplies, startOldReplies } from '../support/old-replies.js';
import { passingStates } from '../support/passing-states.js';
import { useRedis } from '../support/redis.js';

const names = Array.from({ length: 6 }, (_, index) => `stream-${index}`);

describe('states of Redis that pass, met by scripts', () => {
  const suite = useRedis();
  const redis = () => suite.redis();
  const states = passingStates(suite);
  let relay: OldReplies | undefined;

  async function failedScripts(): Promise<number> {
    const stats = await redis().info('commandstats');
    const counts = [...stats.matchAll(/^cmdstat_eval(?:sha)?:.*failed_calls=(\d+)/gm)];
    return counts.reduce((sum, [, count]) => sum + Number(count), 0);
  }

  async function isRefused(): Promise<void> {
    await eventually('writes are refused', () =>
      redis()
        .set('refused', '1')
        .then(
          () => false,
          () => true,
        ),
    );
  }

  afterEach(async () => {
    await relay?.[Symbol.asyncDispose]();
    relay = undefined;
  });

  for (const form of ['as the server says it', 'as Redis 6.2 says it'] as const) {
    describe(form, () => {
      const crew = useCrew(suite);

      for (const [state, { begin, end }] of Object.entries(states)) {
        it(`${state}: what is finished or released meanwhile is waited for, and nothing is disowned [C-DONE-3, C-REL-1]`, async () => {
          const { host, port } = suite.server();
          relay = form === 'as Redis 6.2 says it' ? await startOldReplies(host, port) : undefined;
          const member = await crew.start(relay === undefined ? {} : { redis: relay.url });
          await crew.announce(...names);
          await member.awaitNews('StreamAdded', names.length);

          await begin();
          let settled: Promise<unknown>[];
          try {
            await isRefused();
            const before = await failedScripts();
            const owned = [...member.runtime.ownedStreams()];
            settled = owned.map((stream, index) => (index % 2 === 0 ? stream.done() : stream.release()));
            await eventually('a script has met it', async () => (await failedScripts()) > before);
          } finally {
            await end();
          }
          await Promise.all(settled);

          expect(member.told('StreamDisowned')).to.deep.equal([]);
          // A subscription that finds itself at a replica begins anew, as it should.
          const failed = member.runtime.snapshot().failures.map(({ child }) => child);
          expect(failed.filter((child) => !child.startsWith('masterSubscription'))).to.deep.equal([]);
          await member.awaitNews('StreamAdded', names.length + names.length / 2);
          await Promise.all([...member.runtime.ownedStreams()].map((stream) => stream.done()));
          const report = await crew.history();
          expect(report.violations).to.deep.equal([]);
          expect(report.ends.finished).to.equal(names.length);
        });
      }
    });
  }
});
