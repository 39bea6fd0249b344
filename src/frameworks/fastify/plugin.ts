/** A runtime in the life of a Fastify application. */
import type { FastifyInstance } from 'fastify';
import { fastifyPlugin } from 'fastify-plugin';
import { invalid, onlyKnown } from '../../runtime/option-errors.js';
import { given, type ServiceParts, servicePartsOf } from '../service-parts.js';
import type { PluginOptions, ProbePaths } from './plugin-types.js';

declare module 'fastify' {
  interface FastifyInstance {
    readonly streamwarden: ServiceParts;
  }
}

/** Options of `register()` itself, which Fastify hands on. */
interface OfRegister {
  readonly prefix?: unknown;
  readonly logLevel?: unknown;
  readonly logSerializers?: unknown;
}

/**
 * Starts a runtime when the application is ready, and stops it when the application closes. Two services in one application are registered in a
 * scope each.
 *
 * @throws StreamwardenError `InvalidOption`: registering rejects with it
 */
export const streamwarden = fastifyPlugin<PluginOptions>(addStreamwarden, {
  name: 'streamwarden',
  fastify: '>=5',
});

async function addStreamwarden(app: FastifyInstance, options: PluginOptions & OfRegister): Promise<void> {
  const {
    handler,
    concurrency,
    probes = false,
    stopOptions,
    prefix,
    logLevel,
    logSerializers,
    ...others
  } = options;
  const paths = probePathsOf(probes);
  const parts = servicePartsOf({ ...loggerOf(app), ...others });
  const { runtime, producer, admin } = parts;
  if (handler !== undefined) runtime.process(handler, given({ concurrency }));
  app.decorate('streamwarden', parts);

  // Not awaited: Fastify gives up on a hook after 10 s, and Redis may be away for longer. Until streams are read, the application is not
  // ready; what keeps them from being read is in `runtime.closed`.
  app.addHook('onReady', async () => {
    runtime.start().catch(() => undefined);
  });
  // Neither is this one, for the same reason: streams begin to go to the others, while requests under way are answered.
  app.addHook('preClose', async () => {
    void runtime.stop(stopOptions);
  });
  app.addHook('onClose', async () => {
    await runtime.stop(stopOptions);
    await Promise.all([producer.close(), admin.close()]);
  });
  if (paths !== undefined) addProbes(app, paths);
}

/** Undefined: none. */
function probePathsOf(probes: unknown): ProbePaths | undefined {
  if (probes === false) return undefined;
  if (probes === true) return {};
  if (typeof probes !== 'object' || probes === null) {
    throw invalid('probes', 'true, false or an object with live and ready', probes);
  }
  for (const [name, path] of Object.entries(onlyKnown(probes, ['live', 'ready']))) {
    if (typeof path !== 'string' || !path.startsWith('/')) throw invalid(`probes.${name}`, 'a path', path);
  }
  return probes;
}

/** Said at each probe, a line of the log would be too many. */
const QUIET = { logLevel: 'warn' } as const;

function addProbes(app: FastifyInstance, { live = '/livez', ready = '/readyz' }: ProbePaths): void {
  app.get(live, QUIET, async (_request, reply) => {
    const health = app.streamwarden.runtime.health();
    return reply.code(health.live ? 200 : 503).send({ live: health.live, reasons: health.reasons });
  });
  app.get(ready, QUIET, async (_request, reply) => {
    const health = app.streamwarden.runtime.health();
    return reply.code(health.ready ? 200 : 503).send({ ready: health.ready, reasons: health.reasons });
  });
}

/** None where Fastify has been given none: its stand-in writes nothing, and has no level. */
export function loggerOf(app: FastifyInstance): Pick<PluginOptions, 'logger'> {
  return 'level' in app.log ? { logger: app.log } : {};
}
