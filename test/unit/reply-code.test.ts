import { expect } from 'chai';
import fc from 'fast-check';
import { isUnknownCommand, replyCodeOf } from '../../src/redis/reply-code.js';
import { isPassing, mayHaveExecuted, redisError, replyOf } from '../../src/redis/reply-errors.js';

/** As ioredis makes it of an error reply. */
const reply = (message: string) => Object.assign(new Error(message), { name: 'ReplyError' });
const SHA = 'a94a8fe5ccb19ba61c4c0873d391e987982fbbd3';

/** Replies as servers give them to a command, and whether the state that they speak of passes. */
const REPLIES = [
  [
    'MISCONF Redis is configured to save RDB snapshots, but it is currently not able to persist on disk.',
    true,
  ],
  ['MISCONF Errors writing to the AOF file: No space left on device', true],
  ['NOREPLICAS Not enough good replicas to write.', true],
  ["OOM command not allowed when used memory > 'maxmemory'.", true],
  ["READONLY You can't write against a read only replica.", true],
  ['LOADING Redis is loading the dataset in memory', true],
  ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", true],
  ['BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.', true],
  ['CLUSTERDOWN Hash slot not served', true],
  ['TRYAGAIN Multiple keys request during rehashing of slot', true],
  ["NOGROUP No such key 'orders-input' or consumer group 'orders-group'", true],
  ['UNBLOCKED the stream key no longer exists', true],
  ['WRONGTYPE Operation against a key holding the wrong kind of value', false],
  ['BUSYGROUP Consumer Group name already exists', false],
  ["CROSSSLOT Keys in request don't hash to the same slot", false],
  ['NOAUTH Authentication required.', false],
  ['ERR value is not an integer or out of range', false],
  ['ERR The ID specified in XADD is equal or smaller than the target stream top item', false],
] as const;

const line = fc.integer({ min: 1, max: 400 });
const at = (place: number) => `@user_script:${place}: `;

/** How a version passes on what a command inside a script was answered with. */
const WRAPPINGS: Readonly<Record<string, (text: string, place: number) => string>> = {
  'outside of a script': (text) => text,
  'Redis 6.2, refused before it ran': (text, place) =>
    `ERR Error running script (call to f_${SHA}): ${at(place)}@user_script: ${place}: -${text}  `,
  'Redis 6.2, refused by the command': (text, place) =>
    `ERR Error running script (call to f_${SHA}): ${at(place)}${text}`,
  'Redis 6.2, inside a function of the script': (text, place) =>
    `ERR Error running script (call to f_${SHA}): ${at(place)}${at(place)}@user_script: ${place}: -${text}`,
  'Redis 7 and Valkey': (text, place) => `${text} script: ${SHA}, on @user_script:${place}.`,
  'with its sign': (text) => `-${text}`,
};

describe('the code of an error reply', () => {
  it('is the same in every form in which a version gives it, and is judged alike', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...REPLIES),
        fc.constantFrom(...Object.entries(WRAPPINGS)),
        line,
        ([text, passes], [, wrap], place) => {
          const message = wrap(text, place);
          const error = redisError(reply(message), 'script done', true);
          expect(replyOf(error), message).to.equal(text.split(' ')[0]);
          expect(isPassing(error), message).to.equal(passes);
          expect(mayHaveExecuted(error), message).to.equal(false);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('is a denied right in the words of every version', () => {
    const said = [
      "NOPERM this user has no permissions to run the 'xack' command",
      "ERR The user executing the script can't run this command or subcommand script: x, on @user_script:1.",
      `ERR Error running script (call to f_${SHA}): @user_script:1: @user_script: 1: The user executing the script can't run this command or subcommand`,
      `ERR Error running script (call to f_${SHA}): @user_script:1: @user_script: 1: The user executing the script is lacking the permissions for the command`,
      `ERR ACL failure in script: User app has no permissions to run the 'xack' command script: ${SHA}, on @user_script:1.`,
    ];
    for (const message of said) {
      const error = redisError(reply(message), 'script done', true);
      expect(error, message).to.have.property('code', 'PermissionDenied');
      expect(isPassing(error)).to.equal(false);
    }
  });

  it('is found in a cluster whose slot or state changes under a script, which may have written by then', () => {
    for (const [words, code, halfWay] of [
      ['Lua script attempted to access a non local key in a cluster node', 'TRYAGAIN', true],
      ['Lua script attempted to execute a command while the cluster is down', 'CLUSTERDOWN', false],
      [
        'Lua script attempted to execute a write command while the cluster is down and readonly',
        'CLUSTERDOWN',
        false,
      ],
    ] as const) {
      const forms = [
        `ERR Error running script (call to f_${SHA}): @user_script:3: @user_script: 3: ${words}`,
        `ERR ${words.replace('Lua script', 'Script')} script: ${SHA}, on @user_script:3.`,
      ];
      for (const message of forms) {
        const error = redisError(reply(message), 'script done', true);
        expect(replyOf(error), message).to.equal(code);
        expect(isPassing(error), message).to.equal(true);
        expect(mayHaveExecuted(error), message).to.equal(halfWay);
      }
    }
  });

  it('is not read out of what a script or an application says', () => {
    for (const text of [
      'user_script:1: OOM is a name',
      "attempt to call field 'OOM' (a nil value)",
      'no OOM here',
    ]) {
      expect(replyCodeOf(`ERR Error running script (call to f_${SHA}): @user_script:1: ${text}`)).to.equal(
        'ERR',
      );
    }
    expect(replyCodeOf('SWPROTOCOL presence is written in another format: -OOM')).to.equal('SWPROTOCOL');
  });

  it('of a server that lets nobody in any more passes', () => {
    for (const message of [
      'ERR max number of clients reached',
      'ERR max number of clients + cluster connections reached',
    ]) {
      expect(isPassing(redisError(reply(message), 'AUTH', true))).to.equal(true);
    }
  });

  it('names a command that is not there, in the words of every version', () => {
    for (const [message, missing] of [
      ["ERR unknown command 'XACK', with args beginning with: 'a' ", true],
      ['ERR unknown command `XACK`, with args beginning with: `a`, ', true],
      ["ERR unknown subcommand 'DRYRUN'. Try ACL HELP.", true],
      [`ERR Unknown Redis command called from script script: ${SHA}, on @user_script:1.`, true],
      [`ERR Unknown command called from script script: ${SHA}, on @user_script:1.`, true],
      [
        `ERR Error running script (call to f_${SHA}): @user_script:1: @user_script: 1: Unknown Redis command called from Lua script`,
        true,
      ],
      ['ERR syntax error', false],
      ["NOPERM this user has no permissions to run the 'xack' command", false],
    ] as const) {
      expect(isUnknownCommand(message), message).to.equal(missing);
    }
  });
});
