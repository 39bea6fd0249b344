/** The dashboard and the alert rules ask for what is exported, and the runbook says what to do. */
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { metrics as metricsApi } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { metrics } from '@opentelemetry/sdk-node';
import { expect } from 'chai';
import { parse } from 'yaml';
import type { Seam } from '../../src/core/seam.js';
import { type ConsumerState, createProducer } from '../../src/index.js';
import { METRICS } from '../../src/telemetry/metric-list.js';
import { useCrew } from '../support/crew.js';
import { type Query, readQuery } from '../support/promql.js';
import { useRedis } from '../support/redis.js';

const read = (name: string) =>
  readFileSync(new URL(`../../docs/operations/${name}`, import.meta.url), 'utf8');

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: unknown }[] };
}

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly runbook_url: string };
}

/** Names with their labels, and the values that each has been seen with. */
type Series = ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>;

function seriesOf(exposition: string): Series {
  const series = new Map<string, Map<string, Set<string>>>();
  for (const line of exposition.split('\n')) {
    const [, name, labels = ''] = /^([a-z_0-9]+)(?:\{(.*)\})? \S+$/.exec(line) ?? [];
    if (name === undefined) continue;
    const known = series.get(name) ?? new Map<string, Set<string>>();
    series.set(name, known);
    for (const [, label = '', value = ''] of labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
      known.set(label, (known.get(label) ?? new Set()).add(value));
    }
  }
  return series;
}

/** Labels that Prometheus adds when it scrapes. */
const ADDED = ['instance', 'job'];

/** All there are; a short life has but few of them. */
const STATES: Readonly<Record<ConsumerState, true>> = {
  idle: true,
  starting: true,
  recovering: true,
  running: true,
  degraded: true,
  draining: true,
  stopped: true,
  failed: true,
};

function check(query: Query, series: Series, where: string): void {
  expect(query.selectors, where).not.to.deep.equal([]);
  for (const { metric, matchers } of query.selectors) {
    const labels = series.get(metric);
    if (labels === undefined) throw new Error(`${where}: ${metric} is not exported`);
    for (const [label, value] of matchers) {
      expect([...labels.keys()], `${where}: labels of ${metric}`).to.include(label);
      const values =
        label === 'streamwarden_consumer_state' ? Object.keys(STATES) : [...(labels.get(label) ?? [])];
      if (value) expect(values, `${where}: ${label} of ${metric}`).to.include(value);
    }
    for (const group of query.groups) {
      if (group === 'le' && !metric.endsWith('_bucket')) continue;
      expect([...labels.keys(), ...ADDED], `${where}: groups of ${metric}`).to.include(group);
    }
  }
}

async function scrape(server: Server): Promise<string> {
  const { port } = server.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { connection: 'close' } });
  return await response.text();
}

/** What a short life on a sound server does not show. */
function tellRareThings(seam: Seam): void {
  seam.emit('leaseKept', { silentMs: 3000 });
  seam.emit('heartbeat', { outcome: 'alive', error: null, tookMs: 1 });
  seam.emit('locksExtended', { count: 1, failed: 0, foreign: 0, error: null });
  seam.emit('readFailed', { error: 'RedisUnavailable' });
  seam.emit('saved', { count: 1, refused: 1, tookMs: 1 });
  const entries = { looks: 1, read: 1, bytes: 1, handled: 1, skipped: 1, deadLettered: 1, lost: 1, wakes: 1 };
  seam.emit('entries', entries);
  seam.emit('touched', { count: 1 });
  seam.emit('parked', { count: 1, coalesced: 1 });
  seam.emit('unparked', { count: 1 });
  seam.emit('cancelled', { count: 1 });
  seam.emit('delayed', { count: 1 });
  seam.emit('delaysEnded', { count: 1, lateMs: 1 });
  seam.emit('tookOver', { requeued: 1, deadLettered: 0, afterMs: 1 });
  seam.emit('moved', { why: 'dead', requeued: 1, deadLettered: 1, trimmed: 1, dlqLength: 1 });
  seam.emit('scanFailed', { error: 'RedisUnavailable', isFirst: false, tookMs: 1 });
  seam.emit('scanFinished', {
    pending: 1,
    lockAlive: 1,
    requeued: 0,
    deadLettered: 0,
    tookMs: 1,
    isFirst: false,
    isWhole: true,
  });
  seam.emit('keyspaceEvent', { kind: 'lock', dropped: false });
  seam.emit('keyspaceSetup', {
    master: 'm',
    outcome: 'failed',
    error: 'x',
    code: 'RedisUnavailable',
    tookMs: 1,
  });
  seam.emit('topologyReset', { tookMs: 1, error: null });
  seam.emit('topologyApplied', { masters: [], anew: true });
  seam.emit('childFailed', { child: 'intake', code: 'TypeError', message: '', restartInMs: 1 });
  seam.emit('childEscalated', { child: 'intake', why: '' });
  seam.emit('sweepFinished', { consumers: 1, dead: 0, tookMs: 1 });
}

describe('docs/operations', () => {
  const suite = useRedis();
  const crew = useCrew(suite, { handlerBackoff: { initialMs: 1, maxMs: 1 } });
  const dashboard = JSON.parse(read('grafana-dashboard.json')) as Dashboard;
  const alerts = (parse(read('alert-rules.yaml')) as { groups: { rules: Alert[] }[] }).groups.flatMap(
    ({ rules }) => rules,
  );
  let provider: metrics.MeterProvider;
  let server: Server;
  let series: Series;

  beforeEach(async () => {
    const exporter = new PrometheusExporter({ preventServerStart: true });
    provider = new metrics.MeterProvider({ readers: [exporter] });
    metricsApi.setGlobalMeterProvider(provider);
    server = createServer((request, response) => exporter.getMetricsRequestHandler(request, response));
    await once(server.listen(0, '127.0.0.1'), 'listening');

    const { runtime } = crew.make();
    let attempts = 0;
    const done = new Promise<void>((resolve) => {
      runtime.process(async (stream) => {
        attempts += 1;
        if (attempts === 1) throw new Error('once');
        await stream.done();
        resolve();
      });
    });
    await runtime.start();
    await using producer = createProducer({ redis: suite.server().url, service: crew.service });
    await producer.add('a');
    await done;
    tellRareThings(runtime.seam);
    await scrape(server);
    // The event loop's delay is known from the second look on.
    series = seriesOf(await scrape(server));
  });

  afterEach(async () => {
    metricsApi.disable();
    server.close();
    await provider.shutdown();
  });

  it('ask for nothing that is not exported', () => {
    for (const { title, targets = [] } of dashboard.panels) {
      for (const { expr, legendFormat } of targets) {
        const plain = expr.replaceAll('$__rate_interval', '5m');
        const query = readQuery(plain);
        check(query, series, title);
        for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
          expect(query.groups, `${title}: legend`).to.include(label);
        }
      }
    }
    for (const { alert, expr, annotations } of alerts) {
      const query = readQuery(expr);
      check(query, series, alert);
      for (const [, label] of annotations.summary.matchAll(/\$labels\.(\w+)/g)) {
        expect(query.groups, `${alert}: summary`).to.include(label);
      }
    }
    const [, metric, label] = /label_values\((\w+), (\w+)\)/.exec(JSON.stringify(dashboard.templating)) ?? [];
    expect([...(series.get(metric ?? '')?.keys() ?? [])]).to.include(label);
  });

  it('would find a query that asks for something else', () => {
    const wrong = [
      'sum(streamwarden_streams_ownd)',
      'sum(streamwarden_streams_owned{service="x"})',
      'sum by (stream) (streamwarden_streams_owned)',
      'sum(streamwarden_consumers{streamwarden_consumer_state="runing"})',
      'sum(streamwarden_streams_owned',
    ];
    for (const query of wrong) expect(() => check(readQuery(query), series, query), query).to.throw();
  });

  it('show every metric there is', () => {
    const asked = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)).join('\n');
    const exported = [...series.keys()].join('\n');
    for (const { name } of Object.values(METRICS)) {
      const plain = name.replaceAll('.', '_');
      expect(exported, 'exported').to.match(new RegExp(`^${plain}(_total|_bucket)?$`, 'm'));
      expect(asked, 'the dashboard').to.match(new RegExp(`\\b${plain}(_total|_bucket|_count)?\\b`));
    }
  });

  it('have an entry in the runbook for each alert, and no other', () => {
    const runbook = read('runbook.md');
    const entries = [...runbook.matchAll(/^## (\w+)$/gm)].map(([, name]) => name);
    expect(entries).to.deep.equal(alerts.map(({ alert }) => alert));
    for (const { alert, annotations, labels } of alerts) {
      expect(annotations.runbook_url, alert).to.equal(`runbook.md#${alert.toLowerCase()}`);
      expect(labels.severity, alert).to.be.oneOf(['warning', 'critical']);
    }
  });

  it('have in each entry what is seen, what it means, where to look and what to do', () => {
    const [, ...entries] = read('runbook.md').split(/^## /m);
    for (const entry of entries) {
      const [name] = entry.split('\n');
      const parts = [...entry.matchAll(/^\*{0,2}(Seen|Means|Look|Do):/gm)].map(([, part]) => part);
      expect(parts, name).to.deep.equal(['Seen', 'Means', 'Look', 'Do']);
    }
  });

  it('names only commands that there are', () => {
    const commands = readdirSync(new URL('../../src/cli/commands/', import.meta.url));
    const named = [...read('runbook.md').matchAll(/\bsw ([a-z]+)/g)].map(([, command]) => command);
    for (const command of new Set(named)) expect(commands).to.include(`${command}.ts`);
  });
});
