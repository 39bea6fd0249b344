/** A real consumer that holds each stream it is given for a while. */

import { plural } from '../../core/amounts.js';
import { isStreamwardenError, messageOf } from '../../core/errors.js';
import { redact } from '../../core/logger.js';
import { deploymentOf } from '../../redis/target.js';
import { composeRuntime } from '../../runtime/runtime.js';
import type { Runtime, Started, StopReport } from '../../runtime/types.js';
import { consumerOptionsOf, inWordsOfTheCommandLine } from '../consumer-options.js';
import { readEntries } from '../entry-printer.js';
import { EXIT, failureOf } from '../errors.js';
import { Holder } from '../holder.js';
import { type InspectFlags, inspectOptionsOf, tellInspector } from '../inspect-option.js';
import { type LogLevel, stderrLogger } from '../log.js';
import { lineOf, wordsOf } from '../notification-lines.js';
import { inWords, type Output } from '../output.js';
import { type RecordFlags, RecordingTold, recordOptionOf } from '../record-option.js';
import { type RedisFlags, redisSourceOf, redisUrlOf } from '../redis-option.js';
import { onStopSignals } from '../stop-signals.js';
import type { TelemetryFlags } from '../telemetry-option.js';
import type { RegisteredTelemetry } from '../telemetry-sdk.js';
import { explained } from '../url-mistakes.js';

interface ConsumeOptions extends RedisFlags {
  readonly service: string;
  readonly hold: number | 'forever';
  readonly entries: boolean;
  readonly startTimeout: number;
  readonly logLevel: LogLevel;
}

export type Options = ConsumeOptions & RecordFlags & InspectFlags & TelemetryFlags;

export async function consume(options: Options, output: Output): Promise<number> {
  const runtime = await makeRuntime(options, output);
  const telemetry = await telemetryFor(options, output);
  try {
    return await live(runtime, options, output);
  } finally {
    await telemetry?.close();
  }
}

async function telemetryFor(options: Options, output: Output): Promise<RegisteredTelemetry | undefined> {
  if (!options.otel && options.metricsPort === undefined) return undefined;
  const { registerTelemetry } = await import('../telemetry-sdk.js');
  return await registerTelemetry(options, options.service, output);
}

async function live(runtime: Runtime, options: Options, output: Output): Promise<number> {
  await openInspector(runtime, options, output);
  // Read from the start, so that nothing told during it is missed, and printed after `Ready`.
  const notifications = runtime.notifications();
  const stopping = stopOnSignals(runtime, output);
  if (options.entries) readEntries(options, runtime, output);
  const recordings = new RecordingTold(runtime, options, output);
  let started: Started;
  try {
    started = await runtime.start();
  } catch (error) {
    stopping.dispose();
    throw inWordsOfTheCommandLine(await explained(redisUrlOf(options, output.host.env), error));
  }
  if (started === 'stopped') {
    stopping.dispose();
    return printStopped(runtime, await (stopping.requested ?? runtime.stop()), recordings, output);
  }
  const { consumer, service } = runtime;
  output.line(
    { type: 'Ready', consumer, service, pid: process.pid },
    inWords(Date.now(), 'ready', `${consumer} reads ${service}`),
  );

  // A handler is given the streams, or they are held.
  const holder = options.entries ? undefined : makeHolder(options, runtime, output);
  let failure: unknown = null;
  for await (const notification of notifications) {
    output.line(lineOf(notification), wordsOf(notification));
    if (notification.type === 'StreamAdded') holder?.hold(notification);
    if (notification.type === 'StreamDisowned' || notification.type === 'StreamCancelled')
      holder?.forget(notification.id);
    if (holder !== undefined && notification.type === 'StreamMoving') {
      holder.forget(notification.id);
      // What becomes of it is told by the runtime.
      runtime.release(notification).catch(() => {});
    }
    if (notification.type === 'StreamTerminated') failure = notification.error;
  }
  await holder?.end();
  const exitCode = printStopped(runtime, await (stopping.requested ?? runtime.stop()), recordings, output);
  stopping.dispose();
  if (failure === null) return exitCode;
  output.failure({ ...failureOf(failure), exitCode: EXIT.failed });
  return EXIT.failed;
}

async function makeRuntime(options: Options, { host: { env, stderr } }: Output): Promise<Runtime> {
  const { logger } = await stderrLogger(options.logLevel, stderr);
  const record = recordOptionOf(options);
  const redis = redisSourceOf(options, env);
  const isCluster = deploymentOf(redisUrlOf(options, env)).kind === 'cluster';
  try {
    const given = {
      ...consumerOptionsOf(options as unknown as Record<string, unknown>),
      redis,
      // Known before the first answer of a function, and the same as the URL says.
      ...(isCluster ? { clusterMode: 'oss' as const } : {}),
      service: options.service,
      startTimeoutMs: options.startTimeout,
      logger,
      ...(record === undefined ? {} : { record }),
    };
    return composeRuntime(given, {}, env);
  } catch (error) {
    throw inWordsOfTheCommandLine(error);
  }
}

/** Before the start: how that goes is worth a look as well. */
async function openInspector(runtime: Runtime, options: Options, output: Output): Promise<void> {
  const asked = inspectOptionsOf(options, output.host.env);
  if (asked !== undefined) tellInspector(await runtime.inspect(asked), output);
}

interface Stopping {
  /** The stop that was asked for first; undefined until then. */
  readonly requested: Promise<StopReport> | undefined;
  dispose(): void;
}

function stopOnSignals(runtime: Runtime, output: Output): Stopping {
  let requested: Promise<StopReport> | undefined;
  const handOver = () => {
    requested ??= runtime.stop({ mode: 'handOver' });
  };
  // Nobody listens any more: what is held is better given to those who are listened to.
  output.onClosed(handOver);
  const dispose = onStopSignals(output.host.events, {
    first: handOver,
    again: (times) => {
      if (times > 1) output.host.exit(EXIT.failed);
      requested = runtime.stop({ mode: 'abandon' });
    },
  });
  return {
    get requested() {
      return requested;
    },
    dispose,
  };
}

function makeHolder({ hold }: ConsumeOptions, runtime: Runtime, output: Output): Holder {
  return new Holder(hold, {
    done: (stream) => runtime.done(stream),
    finished: ({ stream, id, retryCount }) => {
      const at = Date.now();
      output.line(
        { at, type: 'StreamDone', stream, id, retryCount },
        inWords(at, 'done', `${stream}  ${id}`),
      );
    },
    failed: ({ stream, id, retryCount }, error) => {
      const at = Date.now();
      const code = isStreamwardenError(error) ? error.code : 'InternalError';
      const message = redact(messageOf(error));
      output.line(
        { at, type: 'StreamDoneFailed', stream, id, retryCount, code, message },
        inWords(at, 'not done', `${stream}  ${id}: ${message}`),
      );
    },
  });
}

/** @returns the exit code: a stop is clean when nothing was left for the others to recover */
function printStopped(
  runtime: Runtime,
  report: StopReport,
  recordings: RecordingTold,
  output: Output,
): number {
  recordings.end();
  const { mode, handedOver, stragglers, abandoned } = report;
  const at = Date.now();
  const left = abandoned.length > 0 ? `, ${plural(abandoned.length, 'stream')} abandoned` : '';
  output.line(
    { at, type: 'Stopped', consumer: runtime.consumer, mode, handedOver, stragglers, abandoned },
    inWords(at, 'stopped', `${plural(handedOver, 'stream')} handed over${left}`),
  );
  return mode === 'abandon' || abandoned.length > 0 ? EXIT.failed : EXIT.ok;
}
