import { expect } from 'chai';
import { SCRIPTS, type ScriptName } from '../../../src/redis/scripts.js';
import { type Reply, ReplyError, type Session, SimulatedRedis } from '../../../src/simulation/redis/index.js';

const GROUP = 'orders-group';

function aServer() {
  const clock = { now: 1_700_000_000_000 };
  const timers = new Set<{ at: number; fn: () => void }>();
  const server = new SimulatedRedis({
    now: () => clock.now,
    schedule(at, fn) {
      const timer = { at, fn };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  });
  function advance(ms: number) {
    const end = clock.now + ms;
    for (;;) {
      const due = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      timers.delete(due);
      clock.now = Math.max(clock.now, due.at);
      due.fn();
    }
    clock.now = end;
  }
  return { server, clock, advance };
}

function run(session: Session, ...argv: (string | number | Buffer)[]): Reply {
  let answer: Reply | undefined;
  session.execute(
    argv.map((one) => (typeof one === 'number' ? String(one) : one)),
    (reply) => {
      answer = reply;
    },
  );
  if (answer === undefined) throw new Error(`expected ${argv.join(' ')} to be answered at once`);
  return answer;
}

/** Answers as they come, to a command that may park. */
function listen(session: Session, ...argv: (string | number)[]): Reply[] {
  const answers: Reply[] = [];
  session.execute(argv.map(String), (reply) => answers.push(reply));
  return answers;
}

function script(session: Session, name: ScriptName, keys: string[], args: (string | number)[]): Reply {
  return run(session, 'EVAL', SCRIPTS[name].source, keys.length, ...keys, ...args);
}

function parkedRead(session: Session, consumer: string, blockMs = 0): Reply[] {
  return listen(session, 'XREADGROUP', 'GROUP', GROUP, consumer, 'BLOCK', blockMs, 'STREAMS', 'orders', '>');
}

describe('simulated Redis', () => {
  it('runs the scripts unmodified', () => {
    const { server } = aServer();
    const session = server.connect();
    run(session, 'XGROUP', 'CREATE', 'orders', GROUP, '0', 'MKSTREAM');
    const id = run(session, 'XADD', 'orders', '*', 'lbs-input', '{"DataStreamName":"x"}') as string;
    expect(script(session, 'raise', ['p'], [1, 2000])).to.deep.equal([1, 0]);
    expect(run(session, 'XREADGROUP', 'GROUP', GROUP, 'a', 'STREAMS', 'orders', '>')).to.deep.equal([
      ['orders', [[id, ['lbs-input', '{"DataStreamName":"x"}']]]],
    ]);
    const keys = ['orders', 'p', 'owners', 'even', 'odd'];
    const aside = ['parked', 'names', 'counts', 'turns', 'paused'];
    expect(
      script(session, 'acquire', [...keys, 'cancels', ...aside], [GROUP, 'a', 1, id, 'x']),
    ).to.deep.equal([1]);
    expect(run(session, 'HGET', 'owners', 'x')).to.equal(id);
    expect(script(session, 'done', [...keys, ...aside], [GROUP, 'a', 1, id, 'x'])).to.deep.equal([1]);
    expect(run(session, 'XLEN', 'orders')).to.equal(0);
    const refused = script(session, 'done', [...keys, ...aside], [GROUP, 'a', 2, id, 'x']);
    expect(refused).to.be.instanceOf(ReplyError).with.property('message', 'SWSTALE 1');
  });

  it('serves parked reads in the order in which they parked, after the script that added', () => {
    const { server } = aServer();
    const [first, second, writer] = [server.connect(), server.connect(), server.connect()];
    run(writer, 'XGROUP', 'CREATE', 'orders', GROUP, '0', 'MKSTREAM');
    const answers = [parkedRead(first, 'a'), parkedRead(second, 'b')];
    expect([first.isBlocked, second.isBlocked]).to.deep.equal([true, true]);
    const seenInside = run(
      writer,
      'EVAL',
      "redis.call('XADD', KEYS[1], '1-1', 'n', '1') return #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 9)",
      1,
      'orders',
      GROUP,
    );
    expect(seenInside).to.equal(0);
    expect(answers).to.deep.equal([[[['orders', [['1-1', ['n', '1']]]]]], []]);
    run(writer, 'XADD', 'orders', '1-2', 'n', '2');
    expect(answers[1]).to.deep.equal([[['orders', [['1-2', ['n', '2']]]]]]);
  });

  it('ends a parked read at its time, when it is unblocked, and unserved when its connection is closed', () => {
    const { server, advance } = aServer();
    const [reader, writer] = [server.connect(), server.connect()];
    run(writer, 'XGROUP', 'CREATE', 'orders', GROUP, '0', 'MKSTREAM');
    const timedOut = parkedRead(reader, 'a', 500);
    advance(499);
    expect(timedOut).to.deep.equal([]);
    advance(1);
    expect(timedOut).to.deep.equal([null]);

    const unblocked = parkedRead(reader, 'a');
    const behind = listen(reader, 'PING');
    expect(behind).to.deep.equal([]);
    expect(run(writer, 'CLIENT', 'UNBLOCK', reader.id)).to.equal(1);
    expect(unblocked).to.deep.equal([null]);
    expect(behind).to.have.length(1);
    expect(run(writer, 'CLIENT', 'UNBLOCK', reader.id)).to.equal(0);

    const lost = parkedRead(reader, 'a');
    reader.close();
    run(writer, 'XADD', 'orders', '*', 'n', '1');
    expect(lost).to.deep.equal([]);
    expect(run(writer, 'XPENDING', 'orders', GROUP, '-', '+', 9)).to.deep.equal([]);
  });

  it('tells parked readers that their group, or their stream, is gone', () => {
    const { server } = aServer();
    const [reader, writer] = [server.connect(), server.connect()];
    run(writer, 'XGROUP', 'CREATE', 'orders', GROUP, '0', 'MKSTREAM');
    const [ofGroup] = [parkedRead(reader, 'a')];
    run(writer, 'XGROUP', 'DESTROY', 'orders', GROUP);
    expect(ofGroup[0]).to.have.property(
      'message',
      'NOGROUP the consumer group this client was blocked on no longer exists',
    );
    run(writer, 'XGROUP', 'CREATE', 'orders', GROUP, '0', 'MKSTREAM');
    const ofStream = parkedRead(reader, 'a');
    run(writer, 'DEL', 'orders');
    expect(ofStream[0]).to.have.property('message', 'UNBLOCKED the stream key no longer exists');
  });

  it('publishes expiries when they are noticed: by a look, or by the expiry cycle', () => {
    const { server, advance } = aServer();
    const [subscriber, writer] = [server.connect(), server.connect()];
    const heard: string[] = [];
    subscriber.onMessage = (pattern, channel, message) => heard.push(`${pattern} ${channel} ${message}`);
    run(writer, 'CONFIG', 'SET', 'notify-keyspace-events', 'KEx');
    run(subscriber, 'PSUBSCRIBE', '__keyspace@0__:lock*');
    run(writer, 'SET', 'lock:a', '1', 'PX', 100);
    run(writer, 'SET', 'lock:b', '1', 'PX', 50);
    run(writer, 'SET', 'other', '1', 'PX', 50);
    advance(100);
    expect(run(writer, 'EXISTS', 'lock:a')).to.equal(1);
    advance(1);
    expect(heard).to.deep.equal([]);
    expect(run(writer, 'EXISTS', 'lock:a')).to.equal(0);
    expect(heard).to.deep.equal(['__keyspace@0__:lock* __keyspace@0__:lock:a expired']);
    server.expire();
    expect(heard.slice(1)).to.deep.equal(['__keyspace@0__:lock* __keyspace@0__:lock:b expired']);
  });

  it('refuses as Redis does, inside a script until it has written', () => {
    const { server } = aServer();
    const session = server.connect();
    run(session, 'SET', 'x', '1');
    server.refuse('OOM');
    expect(run(session, 'GET', 'x')).to.equal('1');
    expect(run(session, 'SET', 'x', '2'))
      .to.have.property('message')
      .that.matches(/^OOM /);
    expect(run(session, 'EVAL', "return redis.call('SET', 'x', '3')", 0))
      .to.have.property('message')
      .that.matches(/^OOM /);
    expect(run(session, 'EVAL', "redis.call('DEL', 'y') return redis.call('SET', 'x', '3').ok", 0)).to.equal(
      'OK',
    );
    server.refuse('LOADING');
    expect(run(session, 'GET', 'x'))
      .to.have.property('message')
      .that.matches(/^LOADING /);
    server.refuse(null);
    server.forbid(['evalsha', 'set']);
    expect(run(session, 'SET', 'x', '2'))
      .to.have.property('message')
      .that.matches(/^NOPERM /);
  });

  it('copies cheaply: a clone and a snapshot keep what was, whatever is done to the server', () => {
    const { server } = aServer();
    const session = server.connect();
    const fill = (to: Session) => {
      run(to, 'XGROUP', 'CREATE', 'orders', GROUP, '0', 'MKSTREAM');
      run(to, 'XADD', 'orders', '1-1', 'n', '1');
      run(to, 'XREADGROUP', 'GROUP', GROUP, 'a', 'STREAMS', 'orders', '>');
      run(to, 'HSET', 'owners', 'x', '1-1');
    };
    fill(session);
    const before = server.hash();
    const snapshot = server.snapshot();
    const copy = server.clone();
    expect(copy.hash()).to.equal(before);
    run(session, 'XACK', 'orders', GROUP, '1-1');
    run(session, 'XADD', 'orders', '1-2', 'n', '2');
    run(session, 'HSET', 'owners', 'x', '1-2');
    expect(server.hash()).not.to.equal(before);
    expect(copy.hash()).to.equal(before);
    expect(run(copy.connect(), 'XPENDING', 'orders', GROUP)).to.deep.equal([1, '1-1', '1-1', [['a', '1']]]);
    run(copy.connect(), 'DEL', 'owners');
    server.restore(snapshot);
    expect(server.hash()).to.equal(before);
    // The same content made another way.
    const other = aServer();
    fill(other.server.connect());
    expect(other.server.hash()).to.equal(before);
  });

  it('restarts: connections are closed, scripts and settings forgotten, data kept or not', () => {
    const { server } = aServer();
    const session = server.connect();
    let closed = 0;
    session.onClosed = () => {
      closed += 1;
    };
    const sha = run(session, 'SCRIPT', 'LOAD', 'return 7') as string;
    run(session, 'CONFIG', 'SET', 'notify-keyspace-events', 'KEx');
    run(session, 'SET', 'x', '1');
    server.restart();
    expect([closed, session.isClosed]).to.deep.equal([1, true]);
    const next = server.connect();
    expect(run(next, 'EVALSHA', sha, 0))
      .to.have.property('message')
      .that.matches(/^NOSCRIPT /);
    expect(run(next, 'CONFIG', 'GET', 'notify-keyspace-events')).to.deep.equal([
      'notify-keyspace-events',
      '',
    ]);
    expect(run(next, 'GET', 'x')).to.equal('1');
    server.restart({ keepData: false });
    expect(run(server.connect(), 'GET', 'x')).to.equal(null);
  });

  it('creates consumers, and tells of them, as the version it plays does', () => {
    const consumersOf = (version: string) => {
      const server = new SimulatedRedis({ now: () => 1_700_000_000_000, version });
      const [reader, other] = [server.connect(), server.connect()];
      run(other, 'XGROUP', 'CREATE', 'orders', GROUP, '0', 'MKSTREAM');
      parkedRead(reader, 'a');
      const whileParked = run(other, 'XINFO', 'CONSUMERS', 'orders', GROUP);
      run(other, 'XADD', 'orders', '1-1', 'n', '1');
      return [whileParked, run(other, 'XINFO', 'CONSUMERS', 'orders', GROUP)];
    };
    expect(consumersOf('7.0.15')).to.deep.equal([[], [['name', 'a', 'pending', 1, 'idle', 0]]]);
    expect(consumersOf('7.2.5')).to.deep.equal([
      [['name', 'a', 'pending', 0, 'idle', 0, 'inactive', -1]],
      [['name', 'a', 'pending', 1, 'idle', 0, 'inactive', 0]],
    ]);
    expect(() => consumersOf('6.2.14')).to.throw('expected version to be 7.0 or newer, got: 6.2.14');
  });

  it('says so when it is asked for what it does not model', () => {
    const { server } = aServer();
    const session = server.connect();
    expect(() => run(session, 'GEOADD', 'x', '1', '1', 'a')).to.throw('does not support the command GEOADD');
    expect(() => run(session, 'EVAL', 'return cmsgpack.pack(1)', 0)).to.throw("the global 'cmsgpack'");
    expect(run(session, 'NONSENSE'))
      .to.have.property('message')
      .that.matches(/^ERR unknown command 'NONSENSE'/);
  });
});
