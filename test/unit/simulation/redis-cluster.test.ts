import { expect } from 'chai';
import { parseClusterView, type SlotsReply } from '../../../src/redis/cluster-view.js';
import { slotOf } from '../../../src/redis/slot-map.js';
import {
  type ClusterMaster,
  type Reply,
  ReplyError,
  SimulatedRedis,
} from '../../../src/simulation/redis/index.js';

const MASTERS: readonly ClusterMaster[] = [
  { id: 'a'.repeat(40), host: '10.0.0.1', port: 6379, slots: [0, 8191] },
  { id: 'b'.repeat(40), host: '10.0.0.2', port: 6379, slots: [8192, 16_383] },
];

/** One master, and what it answers at once. */
function aMaster(index: number) {
  const id = MASTERS[index]?.id as string;
  const session = new SimulatedRedis({ now: () => 1000, cluster: { id, masters: MASTERS } }).connect();
  return (...argv: string[]): Reply => {
    let answer: Reply | undefined;
    session.execute(argv, (reply) => {
      answer = reply;
    });
    if (answer === undefined) throw new Error(`expected ${argv.join(' ')} to be answered at once`);
    return answer;
  };
}

const first = aMaster(0);
/** Keys that the first serves, and the second. */
const [here, alsoHere, there] = ['key-1', 'key-4', 'key-2'];
const moved = new ReplyError(`MOVED ${slotOf(there)} 10.0.0.2:6379`);

describe('a simulated Redis that is a master of a cluster', () => {
  it('serves what is in its slots, and says who serves the rest', () => {
    expect([here, alsoHere, there].map((key) => slotOf(key) < 8192)).to.deep.equal([true, true, false]);
    expect(first('SET', here, '1')).to.have.property('status', 'OK');
    expect(first('EXISTS', here)).to.equal(1);
    const commands = [
      ['GET', there],
      ['XGROUP', 'CREATE', there, 'g', '0', 'MKSTREAM'],
      ['XINFO', 'GROUPS', there],
      ['XREADGROUP', 'GROUP', 'g', 'c', 'COUNT', '1', 'STREAMS', there, '>'],
      ['EVAL', 'return 1', '1', there],
    ];
    for (const command of commands) expect(first(...command), command.join(' ')).to.deep.equal(moved);
    expect(first('EVAL', 'return 1', '0')).to.equal(1);
  });

  it('refuses several slots in one command, and a script that goes beyond its server', () => {
    const crossSlot = new ReplyError("CROSSSLOT Keys in request don't hash to the same slot");
    expect(first('EXISTS', here, alsoHere)).to.deep.equal(crossSlot);
    expect(first('EVAL', 'return 1', '2', here, there)).to.deep.equal(crossSlot);
    expect(first('EVAL', "return redis.call('EXISTS', ARGV[1])", '1', here, there))
      .to.have.property('message')
      .that.includes('Script attempted to access a non local key in a cluster node');
  });

  it('tells what the runtime reads of a cluster', () => {
    const replies = {
      info: first('CLUSTER', 'INFO') as string,
      nodes: first('CLUSTER', 'NODES') as string,
      slots: first('CLUSTER', 'SLOTS') as unknown as SlotsReply,
    };
    const { nodes, ...view } = parseClusterView(replies, '10.0.0.1:6379', (address) => address);
    expect(view).to.deep.equal({ from: '10.0.0.1:6379', id: MASTERS[0]?.id, state: 'ok', epoch: 2 });
    expect(nodes).to.deep.equal(
      MASTERS.map(({ id, host, port, slots }) => ({
        id,
        address: `${host}:${port}`,
        role: 'master',
        masterId: null,
        isFailed: false,
        slots: [slots],
        moving: [],
      })),
    );
    expect(first('CLUSTER', 'MYID')).to.equal(MASTERS[0]?.id);
    expect(first('INFO', 'cluster')).to.include('cluster_enabled:1');
  });
});
