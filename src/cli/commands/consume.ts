/** `streamwarden consume`: a real consumer that holds each stream it is given for a while. */
import { Command, Option } from 'commander';
import { isStreamwardenError, messageOf } from '../../core/errors.js';
import { redact } from '../../core/logger.js';
import { createRuntime } from '../../runtime/runtime.js';
import type { Runtime, StopReport } from '../../runtime/types.js';
import type { Runner } from '../command.js';
import { addConsumerOptions, consumerOptionsOf, inWordsOfTheCommandLine } from '../consumer-options.js';
import { EXIT, failureOf } from '../errors.js';
import { Holder } from '../holder.js';
import { addInspectOptions, type InspectFlags, inspectOptionsOf, tellInspector } from '../inspect-option.js';
import { LOG_LEVELS, type LogLevel, stderrLogger } from '../log.js';
import { inWords, lineOf, wordsOf } from '../notification-lines.js';
import { type Output, plural } from '../output.js';
import { addRecordOptions, type RecordFlags, RecordingTold, recordOptionOf } from '../record-option.js';
import { checkRedisUrl, redisOption } from '../redis-option.js';
import { onStopSignals } from '../stop-signals.js';
import { addTelemetryOptions, registerTelemetry, type TelemetryFlags } from '../telemetry-option.js';
import { explained } from '../url-mistakes.js';
import { examples, holdTime, jsonOption, serviceOption, startTimeoutOption } from '../values.js';

interface ConsumeOptions {
  readonly redis?: string;
  readonly service: string;
  readonly hold: number | 'forever';
  readonly startTimeout: number;
  readonly logLevel: LogLevel;
}

type Options = ConsumeOptions & RecordFlags & InspectFlags & TelemetryFlags;

export function consumeCommand(run: Runner): Command {
  const command = new Command('consume')
    .description(
      'Owns data streams: prints what the runtime tells, holds each stream for a while, then is done with it.',
    )
    .addOption(redisOption())
    .addOption(serviceOption())
    .addOption(
      new Option('--hold <ms|forever>', 'how long each stream is held before it is done')
        .argParser(holdTime)
        .default('forever'),
    );
  addTelemetryOptions(addInspectOptions(addRecordOptions(addConsumerOptions(command))))
    .addOption(startTimeoutOption())
    .addOption(
      new Option('--log-level <level>', "the runtime's log, on stderr").choices(LOG_LEVELS).default('silent'),
    )
    .addOption(jsonOption())
    .action(run(consume))
    .addHelpText(
      'after',
      '\nSIGTERM or SIGINT hands every stream over and exits with 0. A second one abandons them: exit code 1.\nSIGUSR2 has a flight recorder (--record-last) write what it remembers.',
    );
  return examples(
    command,
    'streamwarden consume --service orders --consumer-id worker-1',
    'streamwarden consume --service orders --consumer-id worker-1 --hold 5000 --json',
    'streamwarden consume --service orders --consumer-id worker-1 --record incident.jsonl --record-last 60000',
    'streamwarden consume --service orders --consumer-id worker-1 --inspect 7100',
    'streamwarden consume --service orders --consumer-id worker-1 --metrics-port 9464',
    'POD_NAME=worker-1 streamwarden consume --service orders --heartbeat 1000 --capacity 50',
    'streamwarden consume --service orders --consumer-id me --redis redis-cluster://127.0.0.1:7000,127.0.0.1:7001',
  );
}

async function consume(options: Options, output: Output): Promise<number> {
  const runtime = makeRuntime(options);
  const telemetry = await registerTelemetry(options, options.service, output);
  try {
    return await live(runtime, options, output);
  } finally {
    await telemetry.close();
  }
}

async function live(runtime: Runtime, options: Options, output: Output): Promise<number> {
  await openInspector(runtime, options, output);
  // Read from the start, so that nothing told during it is missed, and printed after `Ready`.
  const notifications = runtime.notifications();
  const stopping = stopOnSignals(runtime, output);
  const recordings = new RecordingTold(runtime, options, output);
  try {
    await runtime.start();
  } catch (error) {
    stopping.dispose();
    if (!stopping.requested) {
      throw inWordsOfTheCommandLine(await explained(checkRedisUrl(options.redis), error));
    }
    return printStopped(runtime, await stopping.requested, recordings, output);
  }
  const { consumer, service } = runtime;
  output.line(
    { type: 'Ready', consumer, service, pid: process.pid },
    inWords(Date.now(), 'ready', `${consumer} reads ${service}`),
  );

  const holder = makeHolder(options, runtime, output);
  let failure: unknown = null;
  for await (const notification of notifications) {
    output.line(lineOf(notification), wordsOf(notification));
    if (notification.type === 'StreamAdded') holder.hold(notification);
    if (notification.type === 'StreamDisowned') holder.forget(notification.id);
    if (notification.type === 'StreamTerminated') failure = notification.error;
  }
  await holder.end();
  const exitCode = printStopped(runtime, await (stopping.requested ?? runtime.stop()), recordings, output);
  stopping.dispose();
  if (failure === null) return exitCode;
  output.failure({ ...failureOf(failure), exitCode: EXIT.failed });
  return EXIT.failed;
}

function makeRuntime(options: Options): Runtime {
  const record = recordOptionOf(options);
  try {
    return createRuntime({
      ...consumerOptionsOf(options as unknown as Record<string, unknown>),
      redis: checkRedisUrl(options.redis),
      service: options.service,
      startTimeoutMs: options.startTimeout,
      logger: stderrLogger(options.logLevel),
      ...(record === undefined ? {} : { record }),
    });
  } catch (error) {
    throw inWordsOfTheCommandLine(error);
  }
}

/** Before the start: how that goes is worth a look as well. */
async function openInspector(runtime: Runtime, options: Options, output: Output): Promise<void> {
  const asked = inspectOptionsOf(options);
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
  const dispose = onStopSignals({
    first: handOver,
    again: (times) => {
      if (times > 1) process.exit(EXIT.failed);
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
