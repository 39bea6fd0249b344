import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parseAllDocuments } from 'yaml';
import { freePort } from '../../src/testing/free-port.js';
import { eventually } from '../support/eventually.js';
import { ended, printed, useExamples } from '../support/examples.js';
import { get } from '../support/http.js';
import { useRedis } from '../support/redis.js';

const ROOT = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, ROOT), 'utf8');

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
  readonly periodSeconds: number;
  readonly failureThreshold: number;
}

interface Container {
  readonly command: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: object }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly lifecycle: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
  readonly resources: { readonly requests: object; readonly limits: object };
}

interface Manifest {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: { readonly name: string };
  // biome-ignore lint/suspicious/noExplicitAny: a manifest is looked at where a test needs it
  readonly spec: any;
}

describe('examples/kubernetes/orders.yaml', () => {
  const { start } = useExamples();
  const { server } = useRedis();

  const manifests = parseAllDocuments(read('examples/kubernetes/orders.yaml')).map((document) => {
    expect(document.errors).to.deep.equal([]);
    return document.toJS() as Manifest;
  });
  const the = (kind: string) => manifests.find((manifest) => manifest.kind === kind) as Manifest;
  const pod = the('Deployment').spec.template;
  const container: Container = pod.spec.containers[0];
  const settingOf = (name: string) => container.env.find((one) => one.name === name)?.value ?? '';
  const portOf = (name: string) => container.ports.find((one) => one.name === name)?.containerPort;

  it('runs the example, with settings that it reads', () => {
    const program = container.command.at(-1) ?? '';
    expect(program).to.equal('examples/http-service.ts');
    expect(existsSync(new URL(program, ROOT))).to.equal(true);
    const sources = [program, 'examples/support/redis.ts'].map(read).join();
    // That one the library reads by itself (C-STA-1).
    for (const { name } of container.env.filter(({ name }) => name !== 'POD_NAME'))
      expect(sources).to.match(new RegExp(`env\\.${name}\\b|'${name}'`));
    expect(container.env.find(({ name }) => name === 'POD_NAME')?.valueFrom).to.deep.equal({
      fieldRef: { fieldPath: 'metadata.name' },
    });
    expect([portOf('http'), portOf('probes')].map(String)).to.deep.equal([
      settingOf('PORT'),
      settingOf('PROBE_PORT'),
    ]);
  });

  it('probes what the example serves, on the port on which it does, and waits longer than its stop takes', async () => {
    const ports = { PORT: String(await freePort()), PROBE_PORT: String(await freePort()) };
    const settings = Object.fromEntries(container.env.map(({ name, value = '' }) => [name, value]));
    const example = start('http-service', {
      ...settings,
      ...ports,
      HOST: '127.0.0.1',
      POD_NAME: 'orders-7d4b',
      REDIS_URL: server().url,
    });
    await printed(example, /redis-consumer-orders-7d4b~\w{8} reads/);
    // The port of the container with that name is the one of this setting; here it is another number.
    const addressOf = { http: ports.PORT, probes: ports.PROBE_PORT } as Readonly<Record<string, string>>;
    for (const name of ['startupProbe', 'livenessProbe', 'readinessProbe'] as const) {
      const { path, port } = container[name].httpGet;
      await eventually(`${name} succeeds`, async () => {
        return (await get(`http://127.0.0.1:${addressOf[port]}${path}`)).status === 200;
      });
    }
    const { targetPort } = the('Service').spec.ports[0];
    expect((await get(`http://127.0.0.1:${addressOf[targetPort]}/orders/order-1`)).status).to.equal(200);

    const { metric, target } = the('HorizontalPodAutoscaler').spec.metrics[0].pods;
    const { text } = await get(`http://127.0.0.1:${ports.PROBE_PORT}/metrics`);
    expect(text).to.match(new RegExp(`^${metric.name}\\{`, 'm'));
    expect(read('docs/reference/telemetry.md')).to.include(`\`${metric.name.replaceAll('_', '.')}\``);
    expect(Number(target.averageValue)).to.be.lessThan(Number(settingOf('CAPACITY')));

    const [, stopMs] = await printed(example, /a stop takes at most (\d+) ms/);
    const { seconds } = container.lifecycle.preStop.sleep;
    expect(pod.spec.terminationGracePeriodSeconds).to.be.greaterThan(seconds + Number(stopMs) / 1000);
    example.kill('SIGTERM');
    await ended(example);
  });

  it('restarts nothing that a heartbeat, an outage or a slow start explains', () => {
    const { startupProbe, livenessProbe } = container;
    expect(livenessProbe.httpGet.path).to.equal('/livez');
    expect(startupProbe.httpGet.path).to.equal('/livez');
    const patienceMs = livenessProbe.periodSeconds * livenessProbe.failureThreshold * 1000;
    expect(patienceMs).to.be.greaterThan(10 * Number(settingOf('HEARTBEAT_MS')));
    expect(container.resources.limits).not.to.have.property('cpu');
  });

  it('rolls out without a gap', () => {
    const { strategy, minReadySeconds } = the('Deployment').spec;
    expect(strategy.rollingUpdate).to.deep.equal({ maxSurge: 1, maxUnavailable: 0 });
    // A newcomer takes over from the dead once it has been connected for 1.1 heartbeats.
    expect(minReadySeconds * 1000).to.be.greaterThan(1.1 * Number(settingOf('HEARTBEAT_MS')));
    expect(the('Deployment').spec).not.to.have.property('replicas');
  });

  it('has parts that belong together', () => {
    const labels = pod.metadata.labels;
    expect(the('Deployment').spec.selector.matchLabels).to.deep.equal(labels);
    expect(the('PodDisruptionBudget').spec.selector.matchLabels).to.deep.equal(labels);
    expect(the('Service').spec.selector).to.deep.equal(labels);
    const { name, kind, apiVersion } = the('HorizontalPodAutoscaler').spec.scaleTargetRef;
    expect([apiVersion, kind, name]).to.deep.equal([
      'apps/v1',
      'Deployment',
      the('Deployment').metadata.name,
    ]);
    expect(the('HorizontalPodAutoscaler').spec.minReplicas).to.be.greaterThan(
      the('PodDisruptionBudget').spec.maxUnavailable,
    );
  });
});
