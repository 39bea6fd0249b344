/** Credentials are taken out of every text, in time that grows with the text, since names and messages are chosen by others. */
import { runInThisContext } from 'node:vm';
import { expect } from 'chai';
import fc from 'fast-check';
import { redact } from '../../src/core/logger.js';
import { toJson } from '../../src/replay/json-safe.js';
import { hangingMs } from '../support/pace.js';

const SECRET = 'Zq7secret';

/** Every form in which a target that is accepted, or a message about it, may hold a password. */
const forms: readonly string[] = [
  `redis://user:${SECRET}@host:1/2`,
  `rediss://:${SECRET}@host`,
  `//user:${SECRET}@host`,
  `unix://user:${SECRET}@/tmp/redis.sock`,
  `redis-cluster://user:${SECRET}@a:1,b:2`,
  `redis-sentinel://user:${SECRET}@a:1/name`,
  `redis://host?password=${SECRET}&db=2`,
  `/tmp/redis.sock?db=2&password=${SECRET}`,
  `redis://host?sentinelPassword=${SECRET}#x`,
  `connect ENOENT //user:${SECRET}@/tmp/redis.sock`,
  `AUTH user ${SECRET}`,
  `HELLO 3 AUTH user ${SECRET} SETNAME x`,
  `ACL SETUSER me >${SECRET}`,
  `ERR unknown command 'AUTH', with args beginning with: '${SECRET}' `,
];

describe('redaction', () => {
  for (const form of forms) {
    it(`takes the password out of ${form.replace(SECRET, '…')}, wherever it stands`, () => {
      fc.assert(
        fc.property(fc.array(fc.string()), fc.array(fc.string()), (before, after) => {
          // Words of others before and after it. What is glued to it may be part of it.
          const text = [...before, form, ...after].join(' ');
          expect(redact(text)).not.to.include(SECRET);
          expect(redact(redact(text)), 'what has been redacted stays as it is').to.equal(redact(text));
        }),
      );
    });
  }

  it('leaves text alone that holds none', () => {
    for (const text of [
      '',
      'nothing to hide',
      'redis://host:1/2',
      'me@example.com',
      'a // b @ c',
      'author of it',
    ]) {
      expect(redact(text)).to.equal(text);
    }
  });

  const MEGABYTE = 1_000_000;
  const megabyte = (part: string) => part.repeat(MEGABYTE / part.length);
  const costly: Record<string, string> = {
    'many schemes': megabyte('a://'),
    'many letters and dots': megabyte('a.'),
    'many letters': megabyte('a'),
    'one scheme and many letters': `x://${megabyte('a')}`,
    'many schemes and one @ at the end': `${megabyte('a://')}@`,
    'many @': megabyte('@'),
    'white space': megabyte(' '),
    'AUTH and white space': `AUTH${megabyte(' ')}`,
    'many AUTH': megabyte('AUTH '),
    'many AUTH and line ends': megabyte('AUTH\n\n'),
    'many parameters': megabyte('?password='),
    'many parameters that end in none': megabyte('&passwor'),
    'many echoed arguments': megabyte('with args beginning with:'),
  };
  /** The shortest of a few, in milliseconds: what else the machine does makes them longer, and none shorter. */
  function shortest(work: () => unknown): number {
    let best = Number.POSITIVE_INFINITY;
    for (let n = 0; n < 3; n += 1) {
      const { user, system } = process.cpuUsage();
      work();
      const after = process.cpuUsage();
      best = Math.min(best, (after.user - user + after.system - system) / 1_000);
    }
    return best;
  }

  /** Below, what V8 compiles and collects meanwhile, on threads of its own, is all that is measured. In milliseconds; the square of the least text takes seconds. */
  const LEAST_MS = 5;

  for (const [what, text] of Object.entries(costly)) {
    it(`and recording take steps in proportion to a text of ${what}: with each doubling of it twice the time`, () => {
      const work = (length: number) => {
        // What stands at the end stays there.
        const cut = text.slice(0, length - 1) + text.slice(-1);
        Object.assign(globalThis, { workOfTest: () => [redact(cut), toJson({ text: `://${cut}` })] });
        // What grew with the square would not end within hours: it is stopped then.
        return runInThisContext('workOfTest()', { timeout: hangingMs() }) as unknown;
      };
      try {
        const least = MEGABYTE / 16;
        const first = Math.max(
          LEAST_MS,
          shortest(() => work(least)),
        );
        for (let length = 2 * least; length <= MEGABYTE; length *= 2) {
          const times = length / least;
          // The square of the growth is four times as much at the second doubling, and sixteen times at the fourth.
          const most = Math.max(3 * times, times ** 2 / 2);
          expect(shortest(() => work(length)) / first, `${times} times the text`).to.be.below(most);
        }
      } finally {
        Reflect.deleteProperty(globalThis, 'workOfTest');
      }
    });
  }
});
