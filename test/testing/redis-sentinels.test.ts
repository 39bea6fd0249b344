import { expect } from 'chai';
import { startRedisSentinels } from '../../src/testing/index.js';
import { useSentinels } from '../support/cluster.js';
import { rejection } from '../support/rejection.js';

describe('startRedisSentinels', () => {
  const { stand, connect } = useSentinels({ password: 'secret', appendOnly: true });

  it('has Sentinels that name the master, which its replica follows', async () => {
    const [master, replica] = stand().servers;
    expect(stand().sentinels).to.have.length(3);
    expect(await stand().master()).to.equal(master);
    expect(stand().url).to.match(/^redis-sentinel:\/\/:secret@127\.0\.0\.1:\d+(,127\.0\.0\.1:\d+){2}\/main$/);
    const client = connect();
    expect(await client.call('ROLE')).to.have.property('0', 'master');
    await client.set('written', 'once');
    expect(await client.wait(1, 5_000)).to.equal(1);
    expect(replica?.running).to.equal(true);
  });

  it('promotes the replica of a master that was killed, with what it had, and takes the old one back', async () => {
    const client = connect();
    const old = await stand().master();
    await client.set('kept', 'yes');
    expect(await client.wait(1, 5_000)).to.equal(1);

    const promoted = await stand().killMaster();
    expect(promoted).not.to.equal(old);
    expect(await stand().master()).to.equal(promoted);
    expect(await connect().get('kept')).to.equal('yes');

    await stand().restart(old);
    expect(await stand().master()).to.equal(promoted);
    expect(await connect({ role: 'slave' }).call('ROLE')).to.deep.include('slave');
  });

  it('fails over on demand while the master lives', async () => {
    const old = await stand().master();
    const promoted = await stand().failOver();
    expect(promoted).not.to.equal(old);
    expect(old.running).to.equal(true);
    expect(await connect().call('ROLE')).to.have.property('0', 'master');
  });

  it('goes on with a Sentinel less', async () => {
    const [sentinel] = stand().sentinels;
    await sentinel?.kill();
    await stand().settled();
    expect(await stand().describe()).to.match(/^127\.0\.0\.1:\d+ does not run$/m);
    expect(stand().servers).to.include(await stand().master());
  });

  it('refuses a password that a Sentinel could not read back', async () => {
    const error = await rejection(startRedisSentinels({ password: 'two words' }));
    expect(error).to.have.property('code', 'InvalidOption');
  });
});
