/**
 * The SDK of OpenTelemetry, as the options of the command line ask for it. It is no dependency of this package: whoever uses these options
 * installs it.
 */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf } from '../core/errors.js';
import { foundPackage, PackageUnfit } from '../core/found-package.js';
import { CliError } from './errors.js';
import { inWords, type Output } from './output.js';
import type { TelemetryFlags } from './telemetry-option.js';

export interface RegisteredTelemetry {
  /** Exports what is left, and listens no more. */
  close(): Promise<void>;
}

/** Of the SDK and its exporters, which are released together. Before 0.209 the SDK sends no metrics unless OTEL_METRICS_EXPORTER is set. */
const VERSIONS = { from: '0.209.0', below: '1.0.0' };

/** What is left is given so long to get to its collector, in milliseconds. */
const FLUSH_MS = 5000;

/**
 * Registers what the flags ask for; to be called before the runtime starts.
 *
 * @throws CliError `PackageMissing` when the SDK is not installed, or of another version, or the port cannot be listened on
 */
export async function registerTelemetry(
  flags: TelemetryFlags,
  service: string,
  output: Output,
): Promise<RegisteredTelemetry> {
  const { otel = false, metricsPort, metricsHost } = flags;
  const { NodeSDK } = await installed('@opentelemetry/sdk-node', () => import('@opentelemetry/sdk-node'));
  const served = metricsPort === undefined ? undefined : await serveMetrics(metricsHost, metricsPort, output);
  // Its defaults are OTLP. With --metrics-port metrics are fetched instead of sent; without --otel there are no traces.
  const sdk = new NodeSDK({
    ...(output.host.env.OTEL_SERVICE_NAME === undefined ? { serviceName: service } : {}),
    ...(served === undefined ? {} : { metricReaders: [served.reader] }),
    ...(otel ? {} : { spanProcessors: [] }),
    logRecordProcessors: [],
  });
  sdk.start();
  return {
    close: async () => {
      served?.close();
      const patience = new Promise<void>((resolve) => setTimeout(resolve, FLUSH_MS).unref());
      // A collector that is away is no reason for the command to fail.
      await Promise.race([sdk.shutdown().catch(() => {}), patience]);
    },
  };
}

async function serveMetrics(host: string, port: number, output: Output) {
  const name = '@opentelemetry/exporter-prometheus';
  const { PrometheusExporter } = await installed(name, () => import('@opentelemetry/exporter-prometheus'));
  const reader = new PrometheusExporter({ preventServerStart: true });
  const close = await listen(host, port, output, (request, response) => {
    if (request.url?.split('?', 1)[0] === '/metrics') reader.getMetricsRequestHandler(request, response);
    else response.writeHead(404).end();
  });
  return { reader, close };
}

/** Not the exporter's own server: that one takes no port 0. */
async function listen(
  host: string,
  port: number,
  output: Output,
  answer: RequestListener,
): Promise<() => void> {
  const server = createServer(answer);
  try {
    await once(server.listen(port, host), 'listening');
  } catch (error) {
    throw new CliError(
      'MetricsFailed',
      `metrics could not be served on ${host}, port ${port}: ${messageOf(error)}`,
    );
  }
  const { port: actual } = server.address() as AddressInfo;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${actual}/metrics`;
  output.line({ type: 'Metrics', url }, inWords(Date.now(), 'metrics', url));
  return () => {
    server.close();
    server.closeAllConnections();
  };
}

async function installed<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await foundPackage({ name, ...VERSIONS }, load);
  } catch (error) {
    throw error instanceof PackageUnfit ? new CliError('PackageMissing', error.message) : error;
  }
}
