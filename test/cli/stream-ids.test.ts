import { expect } from 'chai';
import { useCli } from '../support/cli.js';
import { type Member, useCrew } from '../support/crew.js';
import { useDoctor } from '../support/doctor.js';
import { eventually } from '../support/eventually.js';
import { useRedis } from '../support/redis.js';

const LARGEST = '18446744073709551615-18446744073709551615';

describe('ids of the load balancer stream that are ahead of the clock', () => {
  const suite = useRedis();
  const crew = useCrew(suite);
  const doctor = useDoctor(useCli());
  const redis = () => suite.redis();
  const add = (id: string) => redis().xadd(crew.lbs, id, 'lbs-input', '{"DataStreamName":"late"}');
  const examined = async () =>
    (await doctor(suite.server().url, '--service', crew.service)).checks['stream-ids'];

  /** On a busy machine heartbeats are missed, and health() says so for a while. */
  const isWell = ({ runtime }: Member) =>
    eventually('health() has nothing to say', () => {
      expect(runtime.health().reasons).to.deep.equal([]);
    });

  /** Does what a remedy says, step by step, and resolves with the consumer that is started in the end. */
  async function follow(member: Member, remedy: string, unfinished: number): Promise<Member> {
    await member.runtime.stop({ mode: 'abandon' });
    const [, from = '', to = ''] = /RENAME (\S+) (\S+);/.exec(remedy) ?? [];
    await redis().rename(from, to);
    const deleted = [...remedy.matchAll(/DEL (\S+?)(?:;|$)/g)].map(([, key]) => String(key));
    const [owners = '', old = ''] = deleted;
    await redis().del(owners);
    const [, script = '', keys = ''] = /EVAL "(.+)" 2 ([^;]+);/.exec(remedy) ?? [];
    await redis().eval(script, 2, ...keys.split(' '));
    const heir = await crew.start();
    await heir.awaitNews('StreamAdded', unfinished);
    await redis().del(old);
    return heir;
  }

  it('are told by health() and by doctor, whose remedy heals it', async () => {
    const member = await crew.start();
    await crew.announce('a');
    await member.awaitNews('StreamAdded');
    expect(await examined()).to.deep.include({ result: 'good' });
    await isWell(member);
    await add(`${Date.now() + 48 * 3_600_000}-0`);
    await eventually('health() tells', () =>
      member.runtime.health().reasons.some((reason) => /are 48 hours ahead of the clock/.test(reason)),
    );
    expect(member.runtime.health().ready).to.equal(true);
    const check = await examined();
    expect(check).to.deep.include({ result: 'warning' });
    expect(check?.found).to.match(/is 48 hours ahead of the server's clock/);

    await member.awaitNews('StreamAdded', 2);
    const heir = await follow(member, check?.remedy ?? '', 2);
    expect(await examined()).to.deep.include({ result: 'good' });
    await isWell(heir);
  });

  it('at the end of all ids: nothing can be added any more, health() says so, and the remedy of doctor heals it', async () => {
    const member = await crew.start();
    await crew.announce('a', 'b');
    await member.awaitNews('StreamAdded', 2);
    await add(LARGEST);
    await member.awaitNews('StreamAdded', 3);
    await member.runtime.owned('late')?.done();
    await member.runtime
      .owned('a')
      ?.release()
      .catch(() => {});
    await eventually('health() tells', () =>
      member.runtime
        .health()
        .reasons.some((reason) => reason.startsWith('nothing can be added to orders-input')),
    );
    const check = await examined();
    expect(check).to.deep.include({ result: 'bad' });

    const heir = await follow(member, check?.remedy ?? '', 2);
    expect(await examined()).to.deep.include({ result: 'good' });
    await heir.runtime.owned('a')?.release();
    await heir.awaitNews('StreamAdded', 3);
    await isWell(heir);
  });
});
