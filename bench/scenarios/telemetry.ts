/**
 * What telemetry costs: streams assigned, finished and held, and CPU of this process, with telemetry off, with the API alone (the default, where an
 * application has no SDK), and with the SDK, which samples every trace and exports to nowhere. The three take turns in each round, after one
 * round that is not counted. Nothing bare compares.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { context, metrics as metricsApi, propagation, trace } from '@opentelemetry/api';
import { metrics, node, tracing } from '@opentelemetry/sdk-node';
import { cpuMeter, type Row, row, timed } from '../measure.js';
import type { Scenario, Setting } from '../scenario.js';
import { createSubject } from '../streamwarden.js';

const MODES = ['off', 'API only', 'SDK'] as const;
type Mode = (typeof MODES)[number];

const HEARTBEAT_MS = 2000;
const HEARTBEATS = 3;
const COLLECT_MS = 5000;
/** `ExportResultCode.SUCCESS`. */
const SUCCESS = 0;

interface Cost {
  /** Assigned a second. */
  readonly rate: number;
  /** CPU milliseconds of this process for each thousand streams, assigned and finished. */
  readonly work: number;
  /** The same for each thousand streams that are held for a heartbeat. */
  readonly hold: number;
}

/** As an application registers it. Resolves with what takes it off again. */
function registerSdk(): () => Promise<void> {
  const meterProvider = new metrics.MeterProvider({
    readers: [
      new metrics.PeriodicExportingMetricReader({
        exportIntervalMillis: COLLECT_MS,
        exportTimeoutMillis: COLLECT_MS,
        exporter: {
          export: (_metrics, done) => done({ code: SUCCESS }),
          forceFlush: async () => {},
          shutdown: async () => {},
        },
      }),
    ],
  });
  metricsApi.setGlobalMeterProvider(meterProvider);
  const tracerProvider = new node.NodeTracerProvider({
    spanProcessors: [
      new tracing.BatchSpanProcessor({
        export: (_spans, done) => done({ code: SUCCESS }),
        shutdown: async () => {},
      }),
    ],
  });
  tracerProvider.register();
  return async () => {
    for (const api of [metricsApi, trace, context, propagation]) api.disable();
    await meterProvider.shutdown();
    await tracerProvider.shutdown();
  };
}

async function live(url: string, streams: number, service: string, mode: Mode): Promise<Cost> {
  const unregister = mode === 'SDK' ? registerSdk() : async () => {};
  const subject = await createSubject(url, service, {
    capacity: streams * 2,
    heartbeatMs: HEARTBEAT_MS,
    telemetry: mode !== 'off',
  });
  const thousands = streams / 1000;
  const stopAssigning = await cpuMeter(url);
  const ms = await timed(() => subject.assign(streams));
  const assigned = await stopAssigning();
  await delay(HEARTBEAT_MS);
  const stopHolding = await cpuMeter(url);
  await delay(HEARTBEAT_MS * HEARTBEATS);
  const held = await stopHolding();
  const stopFinishing = await cpuMeter(url);
  await subject.done('all');
  const finished = await stopFinishing();
  await subject.close();
  await unregister();
  return {
    rate: (streams / ms) * 1000,
    work: (assigned.client + finished.client) / thousands,
    hold: held.client / thousands / HEARTBEATS,
  };
}

async function run({ redis, streams, rounds, progress }: Setting): Promise<Row[]> {
  const costs: Record<Mode, Cost[]> = { off: [], 'API only': [], SDK: [] };
  for (let round = 0; round <= rounds; round++) {
    for (const [index, mode] of MODES.entries()) {
      const cost = await live(redis.url, streams, `telemetry-${index}-${round}`, mode);
      if (round > 0) costs[mode].push(cost);
    }
    progress(`telemetry: round ${round} of ${rounds}${round === 0 ? ' (warm-up)' : ''}`);
  }
  const rows = (figure: string, unit: string, part: keyof Cost) =>
    MODES.map((mode) =>
      row(
        `${figure}, telemetry ${mode}`,
        unit,
        costs[mode].map((cost) => cost[part]),
        null,
      ),
    );
  return [
    ...rows('assigned', '/s', 'rate'),
    ...rows('assign and done: client CPU per 1000 streams', 'ms', 'work'),
    ...rows('hold: client CPU per 1000 streams and heartbeat', 'ms', 'hold'),
  ];
}

export const telemetry: Scenario = { name: 'telemetry', run };
