/**
 * OpenTelemetry on the command line: its options, and the SDK that they register. The SDK is no dependency of this package: whoever uses these
 * options installs it.
 */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Command, Option } from 'commander';
import { messageOf } from '../core/errors.js';
import { CliError } from './errors.js';
import { inWords } from './notification-lines.js';
import type { Output } from './output.js';
import { wholeNumber } from './values.js';

export interface TelemetryFlags {
  readonly otel?: boolean;
  readonly metricsPort?: number;
  readonly metricsHost: string;
}

export interface RegisteredTelemetry {
  /** Exports what is left, and listens no more. */
  close(): Promise<void>;
}

const NOTHING: RegisteredTelemetry = { close: async () => {} };

/** What is left is given so long to get to its collector, in milliseconds. */
const FLUSH_MS = 5000;

export function addTelemetryOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--otel', 'send metrics and traces by OTLP, as the environment variables OTEL_… say'),
    )
    .addOption(
      new Option(
        '--metrics-port <port>',
        'have metrics fetched by Prometheus, at /metrics; 0: any free',
      ).argParser(wholeNumber),
    )
    .addOption(new Option('--metrics-host <address>', 'where they are served').default('127.0.0.1'));
}

/**
 * Registers what the flags ask for; to be called before the runtime starts.
 *
 * @throws CliError when the SDK is not installed, or the port cannot be listened on
 */
export async function registerTelemetry(
  flags: TelemetryFlags,
  service: string,
  output: Output,
): Promise<RegisteredTelemetry> {
  const { otel = false, metricsPort, metricsHost } = flags;
  if (!otel && metricsPort === undefined) return NOTHING;
  const { NodeSDK } = await installed(() => import('@opentelemetry/sdk-node'), '@opentelemetry/sdk-node');
  const served = metricsPort === undefined ? undefined : await serveMetrics(metricsHost, metricsPort, output);
  // Its defaults are OTLP. With --metrics-port metrics are fetched instead of sent; without --otel there are no traces.
  const sdk = new NodeSDK({
    ...(process.env.OTEL_SERVICE_NAME === undefined ? { serviceName: service } : {}),
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
  const { PrometheusExporter } = await installed(() => import('@opentelemetry/exporter-prometheus'), name);
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

async function installed<T>(load: () => Promise<T>, name: string): Promise<T> {
  try {
    return await load();
  } catch (error) {
    throw new CliError(
      'PackageMissing',
      `expected ${name} to be installed beside streamwarden, got: ${messageOf(error)}; npm install @opentelemetry/sdk-node @opentelemetry/exporter-prometheus`,
    );
  }
}
