/** OpenTelemetry's SDK with its in-memory exporters, registered as an application would, for a suite's tests to look at. */
import { type Attributes, context, metrics as metricsApi, propagation, trace } from '@opentelemetry/api';
import { metrics, node, tracing } from '@opentelemetry/sdk-node';
import { expect } from 'chai';
import { eventually } from './eventually.js';

const { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } =
  metrics;

/** Exported only when a test asks. */
const NEVER_MS = 3_600_000;

export interface Point {
  readonly attributes: Attributes;
  /** Of a histogram: how many were recorded. */
  readonly count: number;
  /** Of a histogram: the sum of what was recorded. */
  readonly value: number;
}

export interface Exported {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
  readonly points: readonly Point[];
}

export interface SuiteTelemetry {
  /** Everything exported, as of now. */
  collect(): Promise<readonly Exported[]>;
  /** The points of a metric whose attributes include these. */
  points(name: string, attributes?: Attributes): Promise<readonly Point[]>;
  /** Resolves with their sum, or the count of a histogram, as soon as it is at least so much. */
  atLeast(name: string, least: number, attributes?: Attributes): Promise<number>;
  /** Spans that have ended, by name; by name and `key: value` of an attribute. */
  spans(name?: string, attributes?: Attributes): readonly tracing.ReadableSpan[];
  /** Resolves with the first such span as soon as it has ended. */
  span(name: string, attributes?: Attributes): Promise<tracing.ReadableSpan>;
}

function includes(all: Attributes, some: Attributes): boolean {
  return Object.entries(some).every(([key, value]) => all[key] === value);
}

function pointOf({
  attributes,
  value,
}: {
  attributes: Attributes;
  value: number | metrics.Histogram;
}): Point {
  return typeof value === 'number'
    ? { attributes, count: 1, value }
    : { attributes, count: value.count, value: value.sum ?? 0 };
}

/** Registers the SDK before each test of the surrounding suite, so that each begins with nothing, and takes it off after. */
export function useTelemetry(): SuiteTelemetry {
  let exporter: metrics.InMemoryMetricExporter;
  let meterProvider: metrics.MeterProvider;
  let tracerProvider: node.NodeTracerProvider;
  let ended: tracing.InMemorySpanExporter;

  beforeEach(() => {
    exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    meterProvider = new MeterProvider({
      readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: NEVER_MS })],
    });
    metricsApi.setGlobalMeterProvider(meterProvider);
    ended = new tracing.InMemorySpanExporter();
    tracerProvider = new node.NodeTracerProvider({
      spanProcessors: [new tracing.SimpleSpanProcessor(ended)],
    });
    tracerProvider.register();
  });

  afterEach(async () => {
    for (const api of [metricsApi, trace, context, propagation]) api.disable();
    await meterProvider.shutdown();
    await tracerProvider.shutdown();
  });

  async function collect(): Promise<Exported[]> {
    exporter.reset();
    await meterProvider.forceFlush();
    const all = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
    return all.flatMap(({ metrics: some }) =>
      some.map(({ descriptor: { name, unit, description }, dataPoints }) => ({
        name,
        unit,
        description,
        points: (dataPoints as { attributes: Attributes; value: number | metrics.Histogram }[]).map(pointOf),
      })),
    );
  }

  async function points(name: string, attributes: Attributes = {}): Promise<Point[]> {
    const metric = (await collect()).find((one) => one.name === name);
    return (metric?.points ?? []).filter((point) => includes(point.attributes, attributes));
  }

  const spans = (name?: string, attributes: Attributes = {}) =>
    ended
      .getFinishedSpans()
      .filter((span) => (name === undefined || span.name === name) && includes(span.attributes, attributes));

  return {
    collect,
    points,
    async atLeast(name, least, attributes = {}) {
      const label = `${name} ${JSON.stringify(attributes)}`;
      return await eventually(label, async () => {
        const found = await points(name, attributes);
        const isHistogram = name.endsWith('.duration');
        const sum = found.reduce((total, { count, value }) => total + (isHistogram ? count : value), 0);
        expect(sum, label).to.be.at.least(least);
        return sum;
      });
    },
    spans,
    async span(name, attributes) {
      return await eventually(`a span ${name}`, () => spans(name, attributes)[0] ?? null);
    },
  };
}
