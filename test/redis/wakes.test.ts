import { expect } from 'chai';
import { ensureEntries } from '../../src/redis/announcing.js';
import { encodePayload } from '../../src/redis/entry.js';
import { type FaultProxy, startFaultProxy } from '../../src/testing/fault-proxy.js';
import { eventually } from '../support/eventually.js';
import { useRedis } from '../support/redis.js';
import { type ListeningWakes, wakesOf } from '../support/wakes.js';
import { useWire } from '../support/wire.js';

const A = 'a~00000001';

describe('waking the owner of a stream that was appended to', () => {
  const suite = useRedis();
  const wire = useWire(suite);
  const { names, join, own } = wire;
  const key = names.wakes(A);
  let proxy: FaultProxy;
  let listening: ListeningWakes | undefined;

  beforeEach(async () => {
    const { host, port } = suite.server();
    proxy = await startFaultProxy({ host, port });
  });

  afterEach(async () => {
    listening?.close();
    listening = undefined;
    await proxy.close();
  });

  const ensure = (streams: readonly string[], wakes: boolean) =>
    ensureEntries(
      wire.commands(),
      names,
      streams.map((name) => ({ name, payload: encodePayload(name) })),
      { wakes },
    );
  const woken = async () => (await suite.redis().xrange(key, '-', '+')).map(([, fields]) => fields.join(' '));

  /** Waits until the read is parked, so that what comes after it is heard. */
  async function listen(woke?: (name: string) => void): Promise<ListeningWakes> {
    const made = wakesOf(proxy.url, names, A, woke);
    listening = made;
    made.wakes.start((error) => made.errors.push(error));
    await parked();
    return made;
  }
  const isParked = async () => /cmd=xread\b/.test(String(await suite.redis().client('LIST')));
  const parked = () => eventually('the read is parked', isParked);

  it('adds the names of what is owned to the stream of its owner, once a call, and lets that end by itself [C-WAKE-1]', async () => {
    await own(await join(A), 'one', 'two');
    await ensure(['one', 'one', 'two', 'waits'], true);
    expect(await woken()).to.deep.equal(['stream one', 'stream two']);
    expect(await suite.redis().pttl(key)).to.be.within(50_000, 60_000);
    expect(await suite.redis().keys('*:wakes:*')).to.deep.equal([key]);
  });

  it('wakes nobody where nothing was appended, and keeps few [C-WAKE-1]', async () => {
    await own(await join(A), 'one');
    await ensure(['one', 'waits'], false);
    expect(await suite.redis().exists(key)).to.equal(0);
    for (let at = 0; at < 1500; at += 1) await ensure(['one'], true);
    expect(await suite.redis().xlen(key)).to.be.within(1000, 1200);
  });

  it('answers as ever where it is refused [C-WAKE-1]', async () => {
    await own(await join(A), 'one');
    await suite.redis().set(key, 'no stream');
    const [ensured] = await ensure(['one'], true);
    expect(ensured).to.have.property('created', false);
    expect(await suite.redis().hget(names.touches, A)).to.equal('1');
  });

  it('is gone with the consumer that leaves [C-WAKE-1]', async () => {
    const a = await join(A);
    const held = await own(a, 'one');
    await ensure(['one'], true);
    await a.lease.done(held);
    expect(await a.lease.leave()).to.equal(0);
    expect(await suite.redis().exists(key)).to.equal(0);
  });

  it('is heard at once, of what comes while somebody listens [C-WAKE-2]', async () => {
    await own(await join(A), 'one', 'two');
    await ensure(['one'], true);
    const { wakes, heard, connections } = await listen();
    expect(wakes.isListening).to.equal(true);
    await ensure(['two'], true);
    await eventually('it is heard', () => heard.length === 1);
    await ensure(['one', 'two'], true);
    await eventually('both are heard', () => heard.length === 3);
    expect(heard).to.deep.equal(['two', 'one', 'two']);
    expect(wakes.heard).to.equal(3);
    wakes.stop();
    expect(connections.waker.isUp).to.equal(false);
    await eventually('the server has let the read go', async () => !(await isParked()));
    await ensure(['one'], true);
    wakes.start(() => undefined);
    await parked();
    await ensure(['two'], true);
    await eventually('it listens again', () => heard.length === 4);
    expect(heard.at(-1)).to.equal('two');
  });

  it('waits an outage out, and hears what came meanwhile where it had heard something before [C-WAKE-3]', async () => {
    await own(await join(A), 'one', 'two');
    const { heard, errors } = await listen();
    await ensure(['one'], true);
    await eventually('it is heard', () => heard.length === 1);
    proxy.refuse();
    await ensure(['two'], true);
    proxy.allow();
    await eventually('it is heard after all', () => heard.length === 2);
    expect(errors).to.deep.equal([]);
  });

  it('tells once where Redis refuses it, and goes on without [C-WAKE-3]', async () => {
    await suite.redis().set(key, 'no stream');
    const made = wakesOf(proxy.url, names, A);
    listening = made;
    made.wakes.start((error) => made.errors.push(error));
    await eventually('it is told', () => made.warnings.length === 1);
    expect(made.warnings[0]).to.match(/wakes cannot be heard/);
    expect(made.errors).to.deep.equal([]);
    expect(made.wakes.isListening).to.equal(true);
  });

  it('fails where who is told throws: the supervisor begins it anew [C-WAKE-3]', async () => {
    await own(await join(A), 'one');
    const { errors, wakes } = await listen(() => {
      throw new Error('a bug');
    });
    await ensure(['one'], true);
    await eventually('it fails', () => errors.length === 1);
    expect(errors[0]).to.have.property('message', 'a bug');
    expect(wakes.isListening).to.equal(false);
  });
});
