/** A process in which the OpenTelemetry API is not installed. Owns and finishes one stream that it announces itself, and says so. */
import * as modules from 'node:module';

function resolve<T>(
  specifier: string,
  context: unknown,
  next: (specifier: string, context: unknown) => T,
): T {
  if (!specifier.startsWith('@opentelemetry/')) return next(specifier, context);
  throw Object.assign(new Error(`Cannot find package ${specifier}`), { code: 'ERR_MODULE_NOT_FOUND' });
}
// Node 20 has only register(), of which Node 26 warns.
const { register, registerHooks } = modules as unknown as {
  register(module: string): void;
  registerHooks?(hooks: { resolve: typeof resolve }): void;
};
if (registerHooks) registerHooks({ resolve });
else register(`data:text/javascript,${encodeURIComponent(`export ${resolve}`)}`);

const [, , redis = ''] = process.argv;
const { createProducer, createRuntime } = await import('../../src/index.js');
const loaded = await import('@opentelemetry/api').then(
  () => true,
  () => false,
);
const runtime = createRuntime({ redis, service: 'orders', consumerId: 'me' });
const done = new Promise<string>((resolve) => {
  runtime.process(({ name }) => resolve(name));
});
await runtime.start();
const producer = createProducer({ redis, service: 'orders' });
await producer.add('a stream');
console.log(JSON.stringify({ loaded, processed: await done }));
await producer.close();
await runtime.stop();
