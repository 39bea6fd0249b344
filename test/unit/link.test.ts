import { EventEmitter } from 'node:events';
import { expect } from 'chai';
import type { Redis } from 'ioredis';
import { isStreamwardenError } from '../../src/core/errors.js';
import { silentLogger } from '../../src/core/logger.js';
import { Link } from '../../src/redis/link.js';
import { manualClock } from '../support/manual-clock.js';
import { rejection } from '../support/rejection.js';

const RETRY_MS = 100;
const CONNECT_MS = 1000;

/** Stands in for an ioredis client: connects, or does not, when the test says so. */
class FakeClient extends EventEmitter {
  readonly options: { host: string; port: number };
  stream: { remoteAddress?: string; remotePort?: number; destroy(): void };
  isGivenUp = false;
  isDestroyed = false;
  #settle: { resolve(): void; reject(error: Error): void } | undefined;

  constructor(port: number) {
    super();
    this.options = { host: 'node', port };
    this.stream = {
      destroy: () => {
        this.isDestroyed = true;
      },
    };
  }

  connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  disconnect(): void {
    this.isGivenUp = true;
    this.emit('end');
  }

  async succeed(): Promise<void> {
    this.stream.remoteAddress = '10.0.0.1';
    this.stream.remotePort = this.options.port;
    this.#settle?.resolve();
    await turn();
  }

  async fail(error: Error): Promise<void> {
    this.#settle?.reject(error);
    await turn();
  }

  /** The other side closes. */
  end(): void {
    this.emit('end');
  }
}

/** Lets promises that are settled be heard of. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('a link', () => {
  function setUp(explain?: (client: Redis, error: Error) => Promise<Error | undefined>) {
    const clock = manualClock();
    const clients: FakeClient[] = [];
    const link = new Link({
      role: 'commands',
      makeClient: () => {
        const client = new FakeClient(7000 + clients.length);
        clients.push(client);
        return client as unknown as Redis;
      },
      clock,
      logger: silentLogger,
      connectTimeoutMs: CONNECT_MS,
      retryMs: RETRY_MS,
      maxRetryMs: 800,
      ...(explain === undefined ? {} : { explain }),
    });
    const told: string[] = [];
    link.listen({
      up: (epoch) => told.push(`up ${epoch}`),
      down: (error) => told.push(`down: ${error.message}`),
    });
    const last = () => clients.at(-1) as FakeClient;
    return { clock, clients, link, told, last };
  }

  async function up() {
    const parts = setUp();
    parts.link.open();
    await parts.last().succeed();
    return parts;
  }

  /** Up for long enough to be worth replacing at once. */
  async function wellUp() {
    const parts = await up();
    parts.clock.advance(RETRY_MS);
    return parts;
  }

  it('connects when it is opened, and says so', async () => {
    const { link, told, clients } = await up();
    expect(link.isUp).to.equal(true);
    expect(link.epoch).to.equal(1);
    expect(told).to.deep.equal(['up 1']);
    link.open();
    expect(clients, 'opened twice').to.have.length(1);
    expect(link.client('GET')).to.equal(clients[0]);
  });

  it('says where it leads while it connects, and who is at the other end when it has', async () => {
    const { link, last } = setUp();
    expect([link.address, link.peer]).to.deep.equal([undefined, undefined]);
    link.open();
    expect([link.address, link.peer]).to.deep.equal(['node:7000', undefined]);
    await last().succeed();
    expect([link.address, link.peer]).to.deep.equal(['node:7000', '10.0.0.1:7000']);
    last().end();
    expect([link.address, link.peer]).to.deep.equal([undefined, undefined]);
  });

  it('has no client to send on while it is down: what is asked then was never sent', async () => {
    const { link, last } = setUp();
    for (const prepare of [
      async () => {},
      async () => link.open(),
      () => last().fail(new Error('refused')),
    ]) {
      await prepare();
      expect(() => link.client('GET')).to.throw(/no connection to Redis for GET/);
    }
    try {
      link.client('GET');
    } catch (error) {
      expect(isStreamwardenError(error, 'RedisUnavailable') && error.details).to.deep.equal({
        command: 'GET',
        sent: false,
      });
    }
  });

  describe('that fails', () => {
    it('tries again with another client, later each time, and begins anew when it has been up', async () => {
      const { link, clock, clients, last } = setUp();
      link.open();
      const delays: number[] = [];
      for (let attempt = 0; attempt < 6; attempt += 1) {
        await last().fail(new Error('refused'));
        delays.push(...clock.pending);
        clock.advance(clock.pending[0] as number);
      }
      // Half of each doubling: this clock's chance is 0.
      expect(delays).to.deep.equal([50, 100, 200, 400, 400, 400]);
      expect(clients).to.have.length(7);
      await last().succeed();
      last().end();
      expect(clock.pending).to.deep.equal([50]);
    });

    it('tells the reason that the client gave', async () => {
      const { link, last, told } = setUp();
      link.open();
      last().emit('error', new Error('WRONGPASS invalid password'));
      await last().fail(new Error('Connection is closed.'));
      expect(told).to.deep.equal(['down: WRONGPASS invalid password']);
      expect(link.lastError?.message).to.equal('WRONGPASS invalid password');
    });

    it('says what was found out of it, also while another way of saying the same is looked into', async () => {
      const found: ((reason: Error | undefined) => void)[] = [];
      const { clock, link, last } = setUp(() => new Promise((resolve) => found.push(resolve)));
      const fails = async (message: string) => {
        await last().fail(new Error(message));
        return link.lastError?.message;
      };
      link.open();
      expect(await fails('read ECONNRESET')).to.equal('read ECONNRESET');
      found.shift()?.(new Error('too many clients'));
      await turn();
      expect(link.lastError?.message).to.equal('too many clients');
      clock.advance(clock.pending[0] as number);
      expect(await fails('write EPIPE')).to.equal('too many clients');
      found.shift()?.(new Error('too many clients still'));
      await turn();
      expect(link.lastError?.message).to.equal('too many clients still');
      clock.advance(clock.pending[0] as number);
      expect(await fails('connect ECONNREFUSED')).to.equal('too many clients still');
      found.shift()?.(undefined);
      await turn();
      expect(link.lastError?.message).to.equal('connect ECONNREFUSED');

      // What is heard late of an attempt before says nothing of this one.
      clock.advance(clock.pending[0] as number);
      await fails('read ECONNRESET');
      clock.advance(clock.pending[0] as number);
      await fails('connect ETIMEDOUT');
      found.shift()?.(new Error('too many clients'));
      found.shift()?.(undefined);
      await turn();
      expect(link.lastError?.message).to.equal('connect ETIMEDOUT');
      link.close();
    });

    it('gives an attempt up that takes too long', () => {
      const { link, clock, clients, told } = setUp();
      link.open();
      clock.advance(CONNECT_MS);
      expect(told).to.deep.equal([`down: no connection within ${CONNECT_MS} ms`]);
      expect(clients[0]).to.include({ isGivenUp: true, isDestroyed: true });
      clock.advance(RETRY_MS);
      expect(clients).to.have.length(2);
    });
  });

  describe('that is replaced', () => {
    it('begins another connection at once', async () => {
      const { link, clients, told } = await wellUp();
      link.replace(new Error('stuck'));
      expect(clients[0]).to.include({ isGivenUp: true, isDestroyed: true });
      expect(clients).to.have.length(2);
      expect(link.isUp).to.equal(false);
      await clients[1]?.succeed();
      expect(told).to.deep.equal(['up 1', 'down: stuck', 'up 2']);
    });

    it('waits a little when it was young: the next might be as short-lived', async () => {
      const { link, clients, clock } = await up();
      clock.advance(RETRY_MS - 1);
      link.replace(new Error('stuck'));
      expect(clients).to.have.length(1);
      clock.advance(RETRY_MS);
      expect(clients).to.have.length(2);
    });

    it('is not begun again when whoever hears that it is down closes it', async () => {
      const { link, clients, clock } = await wellUp();
      link.listen({ up: () => {}, down: () => link.close() });
      link.replace(new Error('stuck'));
      clock.advance(10 * CONNECT_MS);
      expect(clients).to.have.length(1);
    });

    it('does not wait for the end of a delay, nor for an attempt that is under way', async () => {
      const { link, clients, last, clock } = setUp();
      link.open();
      await last().fail(new Error('refused'));
      link.replace(new Error('it is elsewhere'));
      expect(clients).to.have.length(2);
      link.replace(new Error('elsewhere again'));
      expect(clients).to.have.length(3);
      await clients[1]?.succeed();
      expect(link.isUp, 'the one that was given up is none of its business').to.equal(false);
      expect(clock.pending, 'one attempt, with one deadline').to.deep.equal([CONNECT_MS]);
    });

    it('is left alone when it is not open', () => {
      const { link, clients } = setUp();
      link.replace(new Error('stuck'));
      expect(clients).to.have.length(0);
    });
  });

  describe('whose client is given up', () => {
    it('begins another connection', async () => {
      const { link, clients } = await wellUp();
      link.giveUp(clients[0] as unknown as Redis, new Error('no answer'));
      expect(clients).to.have.length(2);
    });

    it('stays as it is when that was another client: each is given up once', async () => {
      const { link, clients, told } = await wellUp();
      const old = clients[0] as unknown as Redis;
      link.giveUp(old, new Error('no answer'));
      await clients[1]?.succeed();
      link.giveUp(old, new Error('no answer to that either'));
      expect(link.isUp).to.equal(true);
      expect(clients).to.have.length(2);
      expect(told).to.deep.equal(['up 1', 'down: no answer', 'up 2']);
    });
  });

  describe('that is waited for', () => {
    it('is waited for no longer than until it is up', async () => {
      const { link, last } = setUp();
      const waiting = link.whenUp();
      await last().succeed();
      await waiting;
      await link.whenUp();
      expect(link.isUp).to.equal(true);
    });

    it('tells whoever waits why an attempt failed, and goes on', async () => {
      const { link, last, clock, clients } = setUp();
      const waiting = rejection(link.whenUp());
      await last().fail(new Error('refused'));
      expect((await waiting).message).to.equal('refused');
      const next = link.whenUp();
      clock.advance(RETRY_MS);
      await last().succeed();
      await next;
      expect(clients).to.have.length(2);
    });

    for (const [when, prepare] of [
      ['while it connects', async () => {}],
      ['between two attempts', (client: FakeClient) => client.fail(new Error('refused'))],
    ] as const) {
      it(`tells whoever waits when it is closed ${when}`, async () => {
        const { link, last } = setUp();
        link.open();
        await prepare(last());
        const waiting = rejection(link.whenUp());
        link.close();
        expect(isStreamwardenError(await waiting, 'RuntimeStopped')).to.equal(true);
      });
    }
  });

  it('that is closed stays closed, and leaves no timer behind', async () => {
    for (const prepare of [
      async () => {},
      (client: FakeClient) => client.succeed(),
      (client: FakeClient) => client.fail(new Error('refused')),
    ]) {
      const { link, clients, clock, last, told } = setUp();
      link.open();
      await prepare(last());
      link.close();
      const heard = told.length;
      expect(clock.pending).to.deep.equal([]);
      expect(last().isGivenUp).to.equal(true);
      await last().succeed();
      link.replace(new Error('stuck'));
      expect(clients).to.have.length(1);
      expect(link.isUp).to.equal(false);
      expect(told, 'nobody is told any more').to.have.length(heard);
    }
  });
});
