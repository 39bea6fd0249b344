/** The texts are what real nodes of 6.2, 7.0 and 7.2 answer, shortened by replicas that say nothing new. */
import { expect } from 'chai';
import { type ClusterReplies, parseClusterView, type SlotsReply } from '../../src/redis/cluster-view.js';

const A = 'e2a28e28735b0a4a659017e4f3a60e0a85cc654a';
const B = 'b6f4c5f740f36e979e0a8bc3d3b33cc0423afa3d';
const C = 'e58ad420a6746c874934cf1c44c5fce39d9945c1';
const D = '12f0b3ae33ce2a7da75307ecf7b763b9bbfff48b';

const INFO = [
  'cluster_state:ok',
  'cluster_slots_assigned:16384',
  'cluster_slots_ok:16384',
  'cluster_slots_pfail:0',
  'cluster_slots_fail:0',
  'cluster_known_nodes:4',
  'cluster_size:3',
  'cluster_current_epoch:12',
  'cluster_my_epoch:1',
  'cluster_stats_messages_sent:36',
  '',
].join('\r\n');

/** Lines of CLUSTER NODES end with a line feed, the last one too. */
const text = (...lines: string[]) => `${lines.join('\n')}\n`;
const same = (address: string) => address;

function view(
  replies: Partial<ClusterReplies>,
  from = '127.0.0.1:17101',
  translate: (address: string) => string = same,
) {
  return parseClusterView({ info: INFO, nodes: '', slots: [], ...replies }, from, translate);
}

function addresses(replies: Partial<ClusterReplies>, from?: string, translate?: (address: string) => string) {
  return view(replies, from, translate).nodes.map(({ address }) => address);
}

/** The rows that Redis 7.0 answers with for three masters, whatever it calls them. */
const slots = (a: string | null, b: string | null, c: string | null): SlotsReply =>
  [
    [0, 5460, [a, 17101, A, ['ip', '127.0.0.1']]],
    [5461, 10922, [b, 17102, B, ['ip', '127.0.0.1', 'hostname', 'node-2.example.com']]],
    [10923, 16383, [c, 17103, C, ['ip', '127.0.0.1']]],
  ] as unknown as SlotsReply;

const NODES_7_0 = text(
  `${D} 127.0.0.1:17104@27104 slave ${A} 0 1795441667659 1 connected`,
  `${C} 127.0.0.1:17103@27103 master - 0 1795441667859 0 connected 10923-16383`,
  `${B} 127.0.0.1:17102@27102,node-2.example.com master - 0 1795441668261 2 connected 5461-10922`,
  `${A} 127.0.0.1:17101@27101 myself,master - 0 1795441667000 1 connected 0-5460`,
);

describe('what a node says of its cluster', () => {
  it('is read from Redis 6.2', () => {
    const nodes = text(
      `${D} 127.0.0.1:17104@27104 slave ${A} 0 1795441665649 1 connected`,
      `${C} 127.0.0.1:17103@27103 master - 0 1795441666252 3 connected 10923-16382 16383`,
      `${A} 127.0.0.1:17101@27101 myself,master - 0 1795441666000 1 connected 0-5460`,
      `${B} 127.0.0.1:17102@27102 master - 0 1795441665850 2 connected`,
    );
    const rows: SlotsReply = [
      [0, 5460, ['127.0.0.1', 17101, A], ['127.0.0.1', 17104, D]],
      [10923, 16383, ['127.0.0.1', 17103, C]],
    ];
    expect(view({ nodes, slots: rows })).to.deep.equal({
      from: '127.0.0.1:17101',
      id: A,
      state: 'ok',
      epoch: 12,
      nodes: [
        {
          id: D,
          address: '127.0.0.1:17104',
          role: 'replica',
          masterId: A,
          isFailed: false,
          slots: [],
          moving: [],
        },
        {
          id: C,
          address: '127.0.0.1:17103',
          role: 'master',
          masterId: null,
          isFailed: false,
          slots: [
            [10923, 16382],
            [16383, 16383],
          ],
          moving: [],
        },
        {
          id: A,
          address: '127.0.0.1:17101',
          role: 'master',
          masterId: null,
          isFailed: false,
          slots: [[0, 5460]],
          moving: [],
        },
        {
          id: B,
          address: '127.0.0.1:17102',
          role: 'master',
          masterId: null,
          isFailed: false,
          slots: [],
          moving: [],
        },
      ],
    });
  });

  it('is read from Redis 7.0, which knows host names, and 7.2, which adds more', () => {
    const seen = view({ nodes: NODES_7_0, slots: slots('127.0.0.1', '127.0.0.1', '127.0.0.1') });
    expect(seen.nodes.map(({ address }) => address)).to.deep.equal([
      '127.0.0.1:17104',
      '127.0.0.1:17103',
      '127.0.0.1:17102',
      '127.0.0.1:17101',
    ]);
    const nodes = text(
      `${B} 127.0.0.1:17102@27102,,tls-port=0,shard-id=69bc080733d1355567173199cff4a6a039a2f024 master - 0 1 2 connected 5461-10922`,
    );
    expect(view({ nodes }).nodes).to.deep.equal([
      {
        id: B,
        address: '127.0.0.1:17102',
        role: 'master',
        masterId: null,
        isFailed: false,
        slots: [[5461, 10922]],
        moving: [],
      },
    ]);
  });

  it('names the node that was asked, and how the cluster is', () => {
    const info = INFO.replace('cluster_state:ok', 'cluster_state:fail');
    expect(view({ nodes: NODES_7_0, info })).to.deep.include({ id: A, state: 'fail', epoch: 12 });
    expect(view({ nodes: NODES_7_0, info: '' })).to.deep.include({ state: 'unknown', epoch: 0 });
  });

  describe('where clients are to connect', () => {
    it('is what CLUSTER SLOTS prefers: host names', () => {
      const rows = slots('node-1.example.com', 'node-2.example.com', 'node-3.example.com');
      expect(addresses({ nodes: NODES_7_0, slots: rows })).to.deep.equal([
        // A replica that is not ready to serve is missing there.
        '127.0.0.1:17104',
        'node-3.example.com:17103',
        'node-2.example.com:17102',
        'node-1.example.com:17101',
      ]);
    });

    it("is the node's IP while it has not told its host name", () => {
      const rows = slots('?', 'node-2.example.com', '?');
      expect(addresses({ nodes: NODES_7_0, slots: rows }).slice(1)).to.deep.equal([
        '127.0.0.1:17103',
        'node-2.example.com:17102',
        '127.0.0.1:17101',
      ]);
    });

    for (const [what, host] of [
      ['is null', null],
      ['is empty', ''],
    ] as const) {
      it(`is the host that was asked where the endpoint ${what}`, () => {
        const rows = slots(host, host, host);
        const seen = addresses({ nodes: NODES_7_0, slots: rows }, 'balancer.example.com:17101');
        expect(seen.slice(1)).to.deep.equal([
          'balancer.example.com:17103',
          'balancer.example.com:17102',
          'balancer.example.com:17101',
        ]);
      });
    }

    it('is where it was asked, for a node that has met no other and so does not know its own host', () => {
      const nodes = text(`${A} :17101@27101 myself,master - 0 0 0 connected`);
      expect(addresses({ nodes, slots: [] }, '10.1.2.3:17101')).to.deep.equal(['10.1.2.3:17101']);
      const rows = [[0, 5460, ['', 17101, A, []]]] as unknown as SlotsReply;
      expect(addresses({ nodes, slots: rows }, '10.1.2.3:17101')).to.deep.equal(['10.1.2.3:17101']);
    });

    it('may be IPv6', () => {
      const nodes = text(
        `${A} 2001:db8::1:6379@16379 myself,master - 0 0 1 connected 0-16383`,
        `${D} 2001:db8::2:6379@16379 slave ${A} 0 1795441665649 1 connected`,
      );
      const rows = [[0, 16383, ['2001:db8::1', 6379, A, []]]] as unknown as SlotsReply;
      expect(addresses({ nodes, slots: rows }, '2001:db8::1:6379')).to.deep.equal([
        '2001:db8::1:6379',
        '2001:db8::2:6379',
      ]);
      const nullRows = [[0, 16383, [null, 6379, A, []]]] as unknown as SlotsReply;
      expect(addresses({ nodes, slots: nullRows }, '::1:6379')[0]).to.equal('::1:6379');
    });

    it('has the port for TLS when the question came over TLS', () => {
      // Both replies name the port of the kind that was asked on; the bus has one of its own.
      const nodes = text(
        `${A} 10.0.0.1:6390@16379,node-1.example.com myself,master - 0 0 1 connected 0-16383`,
        `${B} 10.0.0.2:6390@16379,node-2.example.com master - 0 1 2 connected`,
      );
      const rows = [[0, 16383, ['node-1.example.com', 6390, A, []]]] as unknown as SlotsReply;
      expect(addresses({ nodes, slots: rows }, '10.0.0.1:6390')).to.deep.equal([
        'node-1.example.com:6390',
        '10.0.0.2:6390',
      ]);
    });

    it('goes through natMap, whoever named it', () => {
      const outside: Readonly<Record<string, string>> = {
        '10.0.0.1:6379': 'edge.example.com:7001',
        'node-2:6379': 'edge.example.com:7002',
        '10.0.0.3:6379': 'edge.example.com:7003',
      };
      const nodes = text(
        `${A} 10.0.0.1:6379@16379 myself,master - 0 0 1 connected 0-8191`,
        `${B} 10.0.0.2:6379@16379,node-2 master - 0 1 2 connected 8192-16383`,
        `${C} 10.0.0.3:6379@16379 slave ${A} 0 1 1 connected`,
        `${D} 10.0.0.4:6379@16379 slave ${B} 0 1 2 connected`,
      );
      const rows = [
        [0, 8191, ['10.0.0.1', 6379, A, []]],
        [8192, 16383, ['node-2', 6379, B, []]],
      ] as unknown as SlotsReply;
      const translate = (address: string) => outside[address] ?? address;
      expect(addresses({ nodes, slots: rows }, 'edge.example.com:7001', translate)).to.deep.equal([
        'edge.example.com:7001',
        'edge.example.com:7002',
        'edge.example.com:7003',
        '10.0.0.4:6379',
      ]);
    });
  });

  it('leaves out who has no address, or is only being met', () => {
    const nodes = text(
      `52665bc9cb217337afff4c7102f06e6dd04d154b 127.0.0.1:17104@27104 handshake - 0 0 0 disconnected`,
      `${C} :0@0 master,noaddr - 1795441663345 1795441663345 3 disconnected 10923-16383`,
      `${B} :0@0 slave,fail,noaddr ${A} 1795441663345 1795441663345 3 disconnected`,
      `${A} 127.0.0.1:17101@27101 myself,master - 0 0 1 connected 0-5460`,
    );
    expect(addresses({ nodes })).to.deep.equal(['127.0.0.1:17101']);
  });

  it('tells who is declared dead from who is only suspected', () => {
    const nodes = text(
      `${C} 127.0.0.1:17103@27103 master,fail - 1795441668477 1795441667672 0 disconnected 10923-16383`,
      `${A} 127.0.0.1:17101@27101 master,fail? - 1795441673704 1795441673301 1 disconnected 0-5460`,
      `${D} 127.0.0.1:17104@27104 slave,fail ${A} 1795441673704 1795441673301 1 disconnected`,
      `${B} 127.0.0.1:17102@27102 myself,master,nofailover - 0 1795441677000 2 connected 5461-10922`,
    );
    expect(view({ nodes }).nodes.map(({ id, role, isFailed }) => [id, role, isFailed])).to.deep.equal([
      [C, 'master', true],
      [A, 'master', false],
      [D, 'replica', true],
      [B, 'master', false],
    ]);
  });

  it('keeps slots on their way apart from slots', () => {
    const nodes = text(
      `${B} 127.0.0.1:17102@27102 myself,master - 0 1795441665000 2 connected 5461-10922 [5461->-${A}] [5462-<-${C}]`,
    );
    const [node] = view({ nodes }).nodes;
    expect(node?.slots).to.deep.equal([[5461, 10922]]);
    expect(node?.moving).to.deep.equal([`[5461->-${A}]`, `[5462-<-${C}]`]);
  });

  it('reads lines that end with a carriage return too', () => {
    const nodes = NODES_7_0.replaceAll('\n', '\r\n');
    expect(view({ nodes }).nodes.at(-1)?.slots).to.deep.equal([[0, 5460]]);
  });
});
