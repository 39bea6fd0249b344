/** OpenTelemetry on the command line: its options. */
import { type Command, Option } from 'commander';
import { wholeNumber } from './values.js';

export interface TelemetryFlags {
  readonly otel?: boolean;
  readonly metricsPort?: number;
  readonly metricsHost: string;
}

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
