import { expect } from 'chai';
import { formatAddress, parseAddress } from '../../src/redis/address.js';
import { hostsOf, parseMultiHostUrl } from '../../src/redis/redis-url.js';

const cluster = { kind: 'cluster', isTls: false, masterName: '', database: 0 };
const sentinel = { kind: 'sentinel', isTls: false, masterName: 'main', database: 0 };

describe('URLs of several hosts', () => {
  it('name the nodes of a cluster, with the usual port where none is said', () => {
    expect(parseMultiHostUrl('redis-cluster://a.example.com:7000,10.0.0.2')).to.deep.equal({
      ...cluster,
      hosts: [
        { host: 'a.example.com', port: 7000 },
        { host: '10.0.0.2', port: 6379 },
      ],
    });
  });

  it('name Sentinels, with their usual port, their master and the database', () => {
    const hosts = [
      { host: 's1', port: 26_379 },
      { host: 's2', port: 5000 },
    ];
    expect(parseMultiHostUrl('redis-sentinel://s1,s2:5000/main')).to.deep.equal({ ...sentinel, hosts });
    expect(parseMultiHostUrl('redis-sentinel://s1,s2:5000/main/3')).to.deep.equal({
      ...sentinel,
      hosts,
      database: 3,
    });
    expect(parseMultiHostUrl('redis-sentinel://s1/my%2Fmain%40home')?.masterName).to.equal('my/main@home');
  });

  it('say TLS by their scheme', () => {
    expect(parseMultiHostUrl('rediss-cluster://h')?.isTls).to.equal(true);
    expect(parseMultiHostUrl('rediss-sentinel://h/main')?.isTls).to.equal(true);
  });

  for (const [userInfo, expected] of [
    ['user:pass@', { username: 'user', password: 'pass' }],
    [':pass@', { password: 'pass' }],
    ['user@', { username: 'user' }],
    ['user:@', { username: 'user' }],
    ['@', {}],
    ['u%40x:p%3Aa%2Fs%25s%2Cw%23@', { username: 'u@x', password: 'p:a/s%s,w#' }],
    // Not as it should be written, but there is only one way to read it.
    ['user:p:a/s@s,w?@', { username: 'user', password: 'p:a/s@s,w?' }],
  ] as const) {
    it(`take ${userInfo} for the credentials of Redis`, () => {
      expect(parseMultiHostUrl(`redis-cluster://${userInfo}h1,h2:1`)).to.deep.equal({
        ...cluster,
        ...expected,
        hosts: [
          { host: 'h1', port: 6379 },
          { host: 'h2', port: 1 },
        ],
      });
    });
  }

  it('take IPv6 hosts in brackets, and show them so', () => {
    const url = parseMultiHostUrl('redis-cluster://[2001:db8::1]:7000,[::1]');
    expect(url?.hosts).to.deep.equal([
      { host: '2001:db8::1', port: 7000 },
      { host: '::1', port: 6379 },
    ]);
    expect(url && hostsOf(url)).to.equal('[2001:db8::1]:7000,[::1]:6379');
  });

  it('can be shown without what is secret', () => {
    const url = parseMultiHostUrl('rediss-sentinel://user:hunter2@s1,s2:5000/main/3');
    expect(url && hostsOf(url)).to.equal('s1:26379,s2:5000');
  });

  it('may end with a slash, or with the only database that a cluster has', () => {
    for (const end of ['', '/', '/0'])
      expect(parseMultiHostUrl(`redis-cluster://h${end}`), end).not.to.equal(undefined);
  });

  for (const wrong of [
    '',
    'redis://h',
    'rediss://h:1,h:2',
    'redis-clusters://h',
    'redis-cluster:h',
    'redis-cluster://',
    'redis-cluster://user@',
    'redis-cluster://h,',
    'redis-cluster://,h',
    'redis-cluster://h:',
    'redis-cluster://:7000',
    'redis-cluster://h:0',
    'redis-cluster://h:65536',
    'redis-cluster://h:port',
    'redis-cluster://h:1:2',
    'redis-cluster://h/1',
    'redis-cluster://h?family=6',
    'redis-cluster://h:6379?family=6',
    'redis-cluster://h#x',
    'redis-cluster://user:100%@h',
    // Is 7000 its port, or its end?
    'redis-cluster://::1:7000',
    'redis-cluster://[::1:7000',
    'redis-cluster://::1]:7000',
    'redis-cluster://[host]:7000',
    'redis-sentinel://s1,s2',
    'redis-sentinel://s1,s2/',
    'redis-sentinel://s1/main/x',
    'redis-sentinel://s1/main/0/1',
    'redis-sentinel://s1/%',
  ]) {
    it(`are not well-formed as ${wrong || 'an empty text'}`, () => {
      expect(parseMultiHostUrl(wrong)).to.equal(undefined);
    });
  }
});

describe('addresses', () => {
  for (const [text, host, port] of [
    ['127.0.0.1:6379', '127.0.0.1', 6379],
    ['node-1.example.com:7000', 'node-1.example.com', 7000],
    ['2001:db8::1:6379', '2001:db8::1', 6379],
  ] as const) {
    it(`are read and written as ${text}`, () => {
      expect(parseAddress(text)).to.deep.equal({ host, port });
      expect(formatAddress({ host, port })).to.equal(text);
    });
  }

  it('are read with brackets too', () => {
    expect(parseAddress('[::1]:6379')).to.deep.equal({ host: '::1', port: 6379 });
  });
});
