import { expect } from 'chai';
import type { Redis } from 'ioredis';
import type { Rights } from '../../../src/admin/doctor/facts.js';
import { gatherClock } from '../../../src/admin/doctor/gather/clock.js';
import { gatherRights } from '../../../src/admin/doctor/gather/rights.js';
import type { Need } from '../../../src/admin/doctor/needs.js';
import { systemClock } from '../../../src/core/clock.js';
import type { Commands } from '../../../src/redis/commands.js';
import { redisError } from '../../../src/redis/reply-errors.js';

/** Commands on a server that answers like this. */
function commandsOf(client: object): Commands {
  return {
    isUp: true,
    run: (command, send) =>
      send(client as Redis).catch((error: unknown) => Promise.reject(redisError(error, command, true))),
    script: () => Promise.reject(new Error('expected no script, got: one')),
  };
}

function replyError(message: string): Error {
  return Object.assign(new Error(message), { name: 'ReplyError' });
}

describe("what doctor gathers of a server's clock", () => {
  it('is how far it is ahead, and how wrong that may be', async () => {
    const time = async () => {
      const now = Date.now() + 5_000;
      return [String(Math.floor(now / 1_000)), String((now % 1_000) * 1_000)];
    };
    const { clock, roundTripsMs } = await gatherClock(commandsOf({ time }), systemClock);
    expect(roundTripsMs).to.have.length(20);
    expect(clock?.errorMs).to.be.at.least(1);
    expect(Math.abs((clock?.aheadMs ?? 0) - 5_000)).to.be.at.most(clock?.errorMs ?? 0);
  });

  for (const refusal of [
    "NOPERM this user has no permissions to run the 'time' command",
    "ERR unknown command 'time', with args beginning with: ",
  ]) {
    it(`is nothing where TIME is refused (${refusal.slice(0, 20)}…); the way there was measured all the same`, async () => {
      const time = () => Promise.reject(replyError(refusal));
      const { clock, roundTripsMs } = await gatherClock(commandsOf({ time }), systemClock);
      expect(clock).to.equal(null);
      expect(roundTripsMs).to.have.length(20);
    });
  }
});

describe('what doctor gathers of rights', () => {
  const needs: readonly Need[] = [
    { command: 'XINFO CONSUMERS', args: ['lbs', 'group'], keys: ['lbs'], isHarmless: true },
    { command: 'SET', args: ['presence', 'v'], keys: ['presence'], isHarmless: false },
    { command: 'PSUBSCRIBE', args: ["it's"], keys: [], isHarmless: false },
  ];

  /** @param answers what `ACL DRYRUN` says of each need: a text, or an error */
  const rightsBy = (
    answers: readonly (string | Error)[],
    countKeys = true,
    user?: string,
  ): Promise<Rights> => {
    const call = async (...words: string[]) => {
      if (words[1] === 'WHOAMI') return 'somebody';
      const answer =
        words[1] === 'DRYRUN'
          ? answers[needs.findIndex(({ args }) => args[0] === words.find((word) => args[0] === word))]
          : 'OK';
      if (answer instanceof Error) throw answer;
      return answer;
    };
    return gatherRights(commandsOf({ call, options: {} }), needs, user, countKeys);
  };

  for (const [version, who] of [
    ['7.0', 'This user'],
    ['7.2 and Valkey', 'User somebody'],
  ] as const) {
    it(`understands ${version}`, async () => {
      const rights = await rightsBy([
        `${who} has no permissions to run the 'xinfo|consumers' command`,
        `${who} has no permissions to access the 'presence' key`,
        `${who} has no permissions to access the 'it's' channel`,
      ]);
      expect(rights).to.deep.equal({
        hasUser: true,
        isComplete: true,
        commands: ['XINFO CONSUMERS'],
        keys: ['presence'],
        channels: ["it's"],
      });
    });
  }

  it('leaves keys and channels alone that stand for nothing', async () => {
    const key = "User somebody has no permissions to access the 'presence' key";
    expect(await rightsBy(['OK', key, 'OK'], false)).to.deep.include({
      commands: [],
      keys: [],
      channels: [],
    });
  });

  it('tries what changes nothing where ACL DRYRUN is unknown, as on Redis 6.2, and nothing else', async () => {
    const unknown = replyError(
      "ERR Unknown subcommand or wrong number of arguments for 'DRYRUN'. Try ACL HELP.",
    );
    const rights = await rightsBy([unknown, unknown, unknown]);
    expect(rights).to.deep.equal({ hasUser: true, isComplete: false, commands: [], keys: [], channels: [] });
  });

  it("does not take this user's rights for those of another one", async () => {
    const sent: string[] = [];
    const call = (...words: string[]) => {
      sent.push(words.slice(0, 2).join(' '));
      return Promise.reject(
        replyError("NOPERM this user has no permissions to run the 'acl|dryrun' command"),
      );
    };
    const rights = await gatherRights(commandsOf({ call, options: {} }), needs, 'other', true);
    expect(rights).to.deep.include({ isComplete: false, commands: [] });
    expect(new Set(sent)).to.deep.equal(new Set(['ACL DRYRUN']));
  });

  it('says that there is no such user', async () => {
    const nobody = replyError("ERR User 'other' not found");
    expect(await rightsBy([nobody, nobody, nobody], true, 'other')).to.deep.include({ hasUser: false });
  });
});
